package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
)

// Server is a running Temporal server.
type Server struct {
	server  temporal.Server
	options Options
}

// Start starts a server and returns once it serves its namespace.
func Start(ctx context.Context, options Options) (*Server, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	config, err := newConfig(options)
	if err != nil {
		return nil, err
	}
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: options.LogLevel}))
	if err := createTables(config.Persistence, logger); err != nil {
		return nil, err
	}
	// A namespace that is there before the server starts need not wait for its caches to notice it.
	if err := registerNamespace(config, options.Namespace); err != nil {
		return nil, err
	}
	settings, err := dynamicSettings(options, logger)
	if err != nil {
		return nil, err
	}
	services := temporal.DefaultServices
	if len(options.Services) > 0 {
		services = options.Services
	}
	how := []temporal.ServerOption{
		temporal.WithConfig(config),
		temporal.ForServices(services),
		temporal.WithLogger(logger),
		temporal.WithDynamicConfigClient(settings),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
	}
	if len(options.Ports.Gossip) == 0 {
		how = append(how, temporal.WithStaticHosts(staticHosts(options.Ports)))
	}
	server, err := temporal.NewServer(how...)
	if err != nil {
		return nil, fmt.Errorf("setting up the Temporal server: %w", err)
	}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("starting the Temporal server: %w", err)
	}
	s := &Server{server: server, options: options}
	if err := s.awaitNamespace(ctx); err != nil {
		_ = s.Stop()
		return nil, err
	}
	return s, nil
}

// dynamicSettings are the settings that the server looks up while it runs.
func dynamicSettings(options Options, logger log.Logger) (dynamicconfig.Client, error) {
	if options.DynamicConfigFile != "" {
		const often = 5 * time.Second // the least that the server allows
		client, err := dynamicconfig.NewFileBasedClient(&dynamicconfig.FileBasedClientConfig{
			Filepath:     options.DynamicConfigFile,
			PollInterval: often,
		}, logger, nil)
		if err != nil {
			return nil, fmt.Errorf("reading the dynamic configuration: %w", err)
		}
		return client, nil
	}
	settings := dynamicconfig.StaticClient{}
	for key, value := range options.DynamicConfig {
		settings[dynamicconfig.MakeKey(key)] = value
	}
	return settings, nil
}

func registerNamespace(config *config.Config, name string) error {
	namespace, err := sqliteschema.NewNamespaceConfig(clusterName, name, false, nil)
	if err != nil {
		return fmt.Errorf("describing namespace %q: %w", name, err)
	}
	// The function lives in the package for SQLite but writes through whatever plugin the store names.
	if err := sqliteschema.CreateNamespaces(config.Persistence.DataStores[mainStore].SQL, namespace); err != nil {
		return fmt.Errorf("registering namespace %q: %w", name, err)
	}
	return nil
}

func (s *Server) awaitNamespace(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	connection, err := client.NewLazyClient(client.Options{HostPort: loopback(s.options.Ports.Frontend), Namespace: s.options.Namespace})
	if err != nil {
		return fmt.Errorf("making a client of the Temporal server: %w", err)
	}
	defer connection.Close()
	for {
		_, err := connection.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: s.options.Namespace})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for namespace %q: %w", s.options.Namespace, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends the server.
func (s *Server) Stop() error {
	if err := s.server.Stop(); err != nil {
		return fmt.Errorf("stopping the Temporal server: %w", err)
	}
	return nil
}
