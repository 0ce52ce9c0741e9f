package control

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/temporal-sre/copilot/lab/stage"
	"github.com/temporal-sre/copilot/pkg/store"
)

// stagePage is the answer of /stage.
type stagePage struct {
	// Cluster is the name under which the copilot watches the stage's cluster.
	Cluster    string         `json:"cluster"`
	Conditions conditionsPage `json:"conditions"`
	Addresses  []addressLine  `json:"addresses"`
	// Grafana is its address, empty without one.
	Grafana string    `json:"grafana"`
	Store   loginPage `json:"store"`
}

// conditionsPage has the names that a scenario's "set" has.
type conditionsPage struct {
	Rate              float64 `json:"rate"`
	ActivityTime      string  `json:"activity_time"`
	FailShare         float64 `json:"fail_share"`
	Workers           int     `json:"workers"`
	ActivitySlots     int     `json:"activity_slots"`
	Queues            int     `json:"queues"`
	DeadQueues        int     `json:"dead_queues"`
	ActivitiesFailing bool    `json:"activities_failing"`
	NonDeterminism    bool    `json:"non_determinism"`
	Database          string  `json:"database"`
	Visibility        string  `json:"visibility"`
	FrontendRPS       int     `json:"frontend_rps"`
	NamespaceRPS      int     `json:"namespace_rps"`
}

type addressLine struct {
	Part  string `json:"part"`
	Where string `json:"where"`
}

// loginPage is what a datasource needs to reach the copilot's store.
type loginPage struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Database string `json:"database"`
	User     string `json:"user"`
	Password string `json:"password"`
	TLS      string `json:"tls"`
}

// eventLine is one event of the stage's cluster.
type eventLine struct {
	Seq       int64  `json:"seq"`
	Kind      string `json:"kind"`
	FromState string `json:"from_state"`
	ToState   string `json:"to_state"`
	// At is when the signals were read that brought the event about.
	At time.Time `json:"at"`
	// Committed is when PostgreSQL committed it: from then on others can know.
	Committed time.Time `json:"committed"`
}

func inWords(c stage.Conditions) conditionsPage {
	return conditionsPage{
		Rate: c.Rate, ActivityTime: c.ActivityTime.String(), FailShare: c.FailShare,
		Workers: c.Workers, ActivitySlots: c.ActivitySlots, Queues: c.Queues, DeadQueues: c.DeadQueues,
		ActivitiesFailing: c.ActivitiesFailing, NonDeterminism: c.NonDeterminism, Database: string(c.Database),
		Visibility: string(c.Visibility), FrontendRPS: c.FrontendRPS, NamespaceRPS: c.NamespaceRPS,
	}
}

func login(p store.Postgres) loginPage {
	return loginPage{Host: p.Host, Port: p.Port, Database: p.Database, User: p.User, Password: p.Password, TLS: string(p.TLS)}
}

// parseChange reads a change of conditions. JSON is YAML too.
func parseChange(body []byte) (stage.Change, error) {
	var change stage.Change
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	decoder.KnownFields(true)
	if err := decoder.Decode(&change); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it is empty")
		}
		return change, fmt.Errorf("the change of conditions can't be read, write it like {workers: 0}: %w", err)
	}
	return change, nil
}
