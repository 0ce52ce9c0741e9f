package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/temporal-sre/copilot/pkg/plugin/failure"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// checkTimeout bounds Save & test: whoever waits for it wants to know by then that nothing answers.
const checkTimeout = 5 * time.Second

// longSilence is when Save & test asks whether the worker runs.
const longSilence = 5 * time.Minute

// healthDetails are shown by Grafana when one unfolds the result of Save & test.
type healthDetails struct {
	VerboseMessage string `json:"verboseMessage"`
	SchemaVersion  int    `json:"schemaVersion,omitempty"`
	Clusters       int    `json:"clusters,omitempty"`
	// NewestCycle is when the newest cycle of any cluster read its signals.
	NewestCycle *time.Time `json:"newestCycle,omitempty"`
}

// CheckHealth is Save & test: can the store be read, and if not, what is to be done? A store that can
// only be read is fine, because nothing here writes.
func (d *Datasource) CheckHealth(ctx context.Context, _ *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found, err := d.store.Check(ctx)
	if err != nil {
		failed := failure.Of(err)
		return d.healthResult(backend.HealthStatusError, failed.String(), healthDetails{VerboseMessage: err.Error()}), nil
	}
	return d.healthResult(backend.HealthStatusOk, healthMessage(found, d.now()), healthDetails{
		VerboseMessage: fmt.Sprintf("%s, copilot schema version %d", found.Server, found.Schema),
		SchemaVersion:  found.Schema,
		Clusters:       found.Clusters,
		NewestCycle:    view.Moment(found.Newest),
	}), nil
}

func healthMessage(found store.Health, now time.Time) string {
	if found.Clusters == 0 {
		return fmt.Sprintf("The state store answers (schema version %d), but there is no cycle yet. Start the worker: `copilot worker`.", found.Schema)
	}
	clusters := "1 cluster"
	if found.Clusters > 1 {
		clusters = fmt.Sprintf("%d clusters", found.Clusters)
	}
	age := now.Sub(found.Newest)
	text := fmt.Sprintf("The state store answers: %s, newest cycle %s ago, schema version %d.", clusters, age.Round(time.Second), found.Schema)
	if age > longSilence {
		text += " That is long ago: check that the worker runs."
	}
	if found.Writable {
		// It works, and a leaked password of Grafana's would then change verdicts.
		text += " This database role may write: use one that may only read, such as the reader of `copilot db migrate`."
	}
	return text + " Next: import the dashboards from the tab Dashboards of this page, and open Temporal SRE Copilot."
}

func (d *Datasource) healthResult(status backend.HealthStatus, message string, details healthDetails) *backend.CheckHealthResult {
	details.VerboseMessage = d.redact(details.VerboseMessage)
	// Strings, a number and a time always marshal.
	raw, _ := json.Marshal(details)
	return &backend.CheckHealthResult{Status: status, Message: d.redact(message), JSONDetails: raw}
}
