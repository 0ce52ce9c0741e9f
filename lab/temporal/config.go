package main

import (
	"net"
	"strconv"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
)

// clusterName is the name under which the server knows itself.
const clusterName = "active"

// The names under which the server's configuration knows its two stores.
const (
	mainStore       = "main"
	visibilityStore = "visibility"
)

// Ports are where the services listen, all on 127.0.0.1.
type Ports struct {
	Frontend, History, Matching, Worker, Metrics int
	// Gossip are the ports at which frontend, history, matching and worker tell the cluster's other processes that they
	// are there. Without them this process is the whole cluster.
	Gossip []int
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func newConfig(options Options) (*config.Config, error) {
	persistence, err := newPersistence(options)
	if err != nil {
		return nil, err
	}
	service := func(port, number int) config.Service {
		rpc := config.RPC{GRPCPort: port, BindOnLocalHost: true}
		if len(options.Ports.Gossip) > 0 {
			rpc.MembershipPort = options.Ports.Gossip[number]
		}
		return config.Service{RPC: rpc}
	}
	frontend := loopback(options.Ports.Frontend)
	disabled := "disabled"
	return &config.Config{
		Global: config.Global{
			Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: "127.0.0.1"},
			Metrics: &metrics.Config{Prometheus: &metrics.PrometheusConfig{
				Framework:     options.MetricsFramework,
				ListenAddress: loopback(options.Ports.Metrics),
			}},
		},
		Persistence: persistence,
		Services: map[string]config.Service{
			string(primitives.FrontendService): service(options.Ports.Frontend, 0),
			string(primitives.HistoryService):  service(options.Ports.History, 1),
			string(primitives.MatchingService): service(options.Ports.Matching, 2),
			string(primitives.WorkerService):   service(options.Ports.Worker, 3),
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: frontend},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: disabled},
			Visibility: config.VisibilityArchival{State: disabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: disabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: disabled},
		}},
	}, nil
}

func newPersistence(options Options) (config.Persistence, error) {
	stores := map[string]config.DataStore{}
	if options.SQLite != "" {
		// One file holds both: SQLite takes one writer at a time anyway. Without these settings each
		// transaction waits for the disk, and a handful of workflows per second is all it bears.
		both := &config.SQL{
			PluginName:        sqlite.PluginName,
			DatabaseName:      options.SQLite,
			ConnectAttributes: map[string]string{"mode": "rwc", "journal_mode": "wal", "synchronous": "off"},
		}
		stores[mainStore], stores[visibilityStore] = config.DataStore{SQL: both}, config.DataStore{SQL: both}
	} else {
		database, err := parseDatabase("--postgres", options.Postgres)
		if err != nil {
			return config.Persistence{}, err
		}
		visibility := database
		visibility.name += "_visibility"
		if options.PostgresVisibility != "" {
			if visibility, err = parseDatabase("--postgres-visibility", options.PostgresVisibility); err != nil {
				return config.Persistence{}, err
			}
		}
		stores[mainStore] = config.DataStore{SQL: database.config(20)}
		stores[visibilityStore] = config.DataStore{SQL: visibility.config(5)}
	}
	return config.Persistence{
		DefaultStore:     mainStore,
		VisibilityStore:  visibilityStore,
		NumHistoryShards: int32(options.Shards), //nolint:gosec // bounded above
		DataStores:       stores,
	}, nil
}

// config is the server's view of a database. The number of connections is that of the server's sample
// configuration: small enough for a hung database to exhaust it, which is what happens in real life.
func (d database) config(connections int) *config.SQL {
	return &config.SQL{
		PluginName:      postgresql.PluginName,
		ConnectAddr:     d.address,
		ConnectProtocol: "tcp",
		User:            d.user,
		Password:        d.password,
		DatabaseName:    d.name,
		MaxConns:        connections,
		MaxIdleConns:    connections,
		MaxConnLifetime: time.Hour,
	}
}

// staticHosts tells each service where the others are, so that nobody has to gossip about it.
func staticHosts(ports Ports) map[primitives.ServiceName]static.Hosts {
	return map[primitives.ServiceName]static.Hosts{
		primitives.FrontendService: static.SingleLocalHost(loopback(ports.Frontend)),
		primitives.HistoryService:  static.SingleLocalHost(loopback(ports.History)),
		primitives.MatchingService: static.SingleLocalHost(loopback(ports.Matching)),
		primitives.WorkerService:   static.SingleLocalHost(loopback(ports.Worker)),
	}
}
