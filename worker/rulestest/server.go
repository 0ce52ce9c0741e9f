package rulestest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
)

// The engine's limits are Prometheus' own defaults.
const (
	maxSamples   = 50_000_000
	queryTimeout = 2 * time.Minute
)

// prometheus answers instant queries over a store as Prometheus' HTTP API does.
type prometheus struct {
	engine *promql.Engine
	store  storage.Queryable
	server *http.Server
	url    string
}

// serve begins to serve a store on the loopback interface.
func serve(store storage.Queryable) (*prometheus, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serving the series: %w", err)
	}
	p := &prometheus{store: store, url: "http://" + listener.Addr().String(), engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples: maxSamples, Timeout: queryTimeout, EnableAtModifier: true, EnableNegativeOffset: true,
		Parser: parser.NewParser(parser.Options{}),
		// Prometheus evaluates a subquery without a step at its evaluation interval.
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
	})}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/query", p.query)
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: queryTimeout}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

func (p *prometheus) close() error { return errors.Join(p.server.Close(), p.engine.Close()) }

// response is the envelope of the API.
type response struct {
	Status    string   `json:"status"`
	Data      any      `json:"data,omitempty"`
	ErrorType string   `json:"errorType,omitempty"`
	Error     string   `json:"error,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	Infos     []string `json:"infos,omitempty"`
}

func (p *prometheus) query(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.ParseFloat(r.FormValue("time"), 64)
	if err != nil {
		answer(w, http.StatusBadRequest, response{Status: "error", ErrorType: "bad_data", Error: "time: " + err.Error()})
		return
	}
	whole, part := math.Modf(seconds)
	at := time.Unix(int64(whole), int64(math.Round(part*1000))*int64(time.Millisecond))
	status, body := p.evaluate(r.Context(), r.FormValue("query"), at)
	answer(w, status, body)
}

func (p *prometheus) evaluate(ctx context.Context, text string, at time.Time) (int, response) {
	query, err := p.engine.NewInstantQuery(ctx, p.store, nil, text, at)
	if err != nil {
		return http.StatusBadRequest, response{Status: "error", ErrorType: "bad_data", Error: err.Error()}
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return http.StatusUnprocessableEntity, response{Status: "error", ErrorType: "execution", Error: result.Err.Error()}
	}
	var data any
	switch v := result.Value.(type) {
	case promql.Vector:
		vector := make(model.Vector, 0, len(v))
		for _, s := range v {
			if s.H != nil {
				return http.StatusUnprocessableEntity, response{Status: "error", ErrorType: "execution", Error: "native histograms are not supported"}
			}
			metric := model.Metric{}
			s.Metric.Range(func(l labels.Label) { metric[model.LabelName(l.Name)] = model.LabelValue(l.Value) })
			vector = append(vector, &model.Sample{Metric: metric, Value: model.SampleValue(s.F), Timestamp: model.Time(s.T)})
		}
		data = vector
	case promql.Scalar:
		data = &model.Scalar{Value: model.SampleValue(v.V), Timestamp: model.Time(v.T)}
	default:
		return http.StatusUnprocessableEntity, response{Status: "error", ErrorType: "execution", Error: fmt.Sprintf("the query's result is a %s, not a vector or a scalar", v.Type())}
	}
	warnings, infos := result.Warnings.AsStrings(text, 10, 10)
	return http.StatusOK, response{Status: "success", Warnings: warnings, Infos: infos,
		Data: map[string]any{"resultType": string(result.Value.Type()), "result": data}}
}

func answer(w http.ResponseWriter, status int, body response) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
