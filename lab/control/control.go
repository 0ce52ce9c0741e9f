package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/temporal-sre/copilot/lab/grafana"
	"github.com/temporal-sre/copilot/lab/stage"
	"github.com/temporal-sre/copilot/pkg/store"
)

// longestChange is more than any change of conditions needs, in bytes.
const longestChange = 64 << 10

// Server answers on a loopback address.
type Server struct {
	listener net.Listener
	server   *http.Server

	// mu lets one request at a time change the stage.
	mu      sync.Mutex
	on      *stage.Stage
	grafana *grafana.Server // nil without one
}

// Start listens at address, "127.0.0.1:0" for a free port. It refuses addresses that others can reach: who asks is
// not checked, and the answers hold a password. with is nil where no Grafana runs.
func Start(ctx context.Context, address string, on *stage.Stage, with *grafana.Server) (*Server, error) {
	if err := loopback(address); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for control: %w", err)
	}
	s := &Server{listener: listener, on: on, grafana: with}
	// A web page that is open in a browser on this machine must not change anything either.
	s.server = &http.Server{Handler: http.NewCrossOriginProtection().Handler(s.routes()), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }() // it ends with Stop
	return s, nil
}

func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("the control address %q is not a host and a port: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("the control address %q can be reached by others: take one on 127.0.0.1", address)
	}
	return nil
}

// URL is where the server answers.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Stop ends the server once what it is doing is done, or with ctx.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("ending control: %w", err), s.server.Close())
	}
	return nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stage", s.stage)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("POST /conditions", s.change)
	mux.HandleFunc("POST /grafana/restart", s.restartGrafana)
	return mux
}

// stage also fails when a process ended that was to go on, so that whoever waits for a verdict hears why none comes.
func (s *Server) stage(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.on.Check(); err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	database, err := store.ParseURL(s.on.StoreURL())
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	page := stagePage{Cluster: stage.Cluster, Conditions: inWords(s.on.Conditions()), Store: login(database)}
	for _, address := range s.on.Addresses() {
		page.Addresses = append(page.Addresses, addressLine(address))
	}
	if s.grafana != nil {
		page.Grafana = s.grafana.URL()
	}
	answer(w, page)
}

func (s *Server) change(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestChange))
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("reading the change: %w", err))
		return
	}
	change, err := parseChange(body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := s.on.Conditions().Apply(change)
	if err := wanted.Validate(); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	// What was begun is done to its end, even when nobody waits for the answer any more.
	if err := s.on.Set(context.WithoutCancel(r.Context()), wanted); err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, inWords(wanted))
}

func (s *Server) restartGrafana(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grafana == nil {
		refuse(w, http.StatusNotFound, errors.New("there is no Grafana on the stage: start it with --grafana"))
		return
	}
	if err := s.grafana.Restart(context.WithoutCancel(r.Context())); err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, page any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(page) // nobody is left to be told
}

func refuse(w http.ResponseWriter, status int, err error) { http.Error(w, err.Error(), status) }
