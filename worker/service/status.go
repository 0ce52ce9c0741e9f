package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	temporalotel "go.temporal.io/sdk/contrib/opentelemetry"

	"github.com/temporal-sre/copilot/pkg/store"
)

// off as a listen address serves nothing.
const off = "off"

// status answers for the copilot itself: /metrics, /healthz (the process lives) and /readyz (Temporal
// and the store answer, and the clusters are observed).
type status struct {
	registry *prometheus.Registry
	store    *store.Store
	temporal atomic.Pointer[client.Client]
	watching atomic.Bool
}

func newStatus(registry *prometheus.Registry, s *store.Store) *status {
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &status{registry: registry, store: s}
}

func (s *status) temporalReady(c client.Client) { s.temporal.Store(&c) }
func (s *status) ready()                        { s.watching.Store(true) }

// serve listens until stop is called.
func (s *status) serve(listen string, logger *slog.Logger) (stop func(), err error) {
	if listen == off {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("metrics.listen: %w; choose a free address, or %q", err, off)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := s.check(ctx); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			logger.Error("the metrics endpoint stopped", "error", err)
		}
	}()
	logger.Info("serving /metrics, /healthz and /readyz", "address", listener.Addr().String())
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	}, nil
}

func (s *status) check(ctx context.Context) error {
	var errs []error
	if c := s.temporal.Load(); c == nil {
		errs = append(errs, errors.New("not connected to Temporal yet"))
	} else if _, err := (*c).CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		errs = append(errs, fmt.Errorf("temporal: %w", err))
	}
	if _, err := s.store.Check(ctx); err != nil {
		errs = append(errs, err)
	}
	if !s.watching.Load() {
		errs = append(errs, errors.New("the clusters are not observed yet"))
	}
	return errors.Join(errs...)
}

// sdkMetrics exports the SDK's metrics with buckets that fit its latencies: OpenTelemetry's own begin
// at 5, and the SDK measures seconds.
func sdkMetrics(registry prometheus.Registerer) (client.MetricsHandler, error) {
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return nil, fmt.Errorf("exporting the SDK's metrics: %w", err)
	}
	provider := metric.NewMeterProvider(metric.WithReader(reader), metric.WithView(metric.NewView(
		metric.Instrument{Kind: metric.InstrumentKindHistogram},
		metric.Stream{Aggregation: metric.AggregationExplicitBucketHistogram{Boundaries: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}}},
	)))
	return temporalotel.NewMetricsHandler(temporalotel.MetricsHandlerOptions{
		Meter: provider.Meter("temporal-sdk-go"), UseMonotonicCounters: true,
		// A metric that can't be made is no reason to stop observing.
		OnError: func(error) {},
	}), nil
}
