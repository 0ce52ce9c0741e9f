package mcp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// TokenVariable is the environment variable with the bearer token of HTTP clients.
const TokenVariable = "COPILOT_MCP_TOKEN"

// Path is where the server answers over HTTP.
const Path = "/mcp"

// shortestToken is the least length of a token, in bytes: a random one of this length can't be guessed.
const shortestToken = 16

// Listen opens a port for HTTP clients. Without a token only clients on this machine may connect, so any address that is
// not a loopback address is refused.
func Listen(ctx context.Context, address, token string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--listen %q: write HOST:PORT, such as 127.0.0.1:8765: %w", address, err)
	}
	switch {
	case token == "" && !resolved.IP.IsLoopback():
		return nil, fmt.Errorf("--listen %s can be reached from other machines: set %s to a secret token of at least %d characters, or listen on a loopback address such as 127.0.0.1:%d",
			address, TokenVariable, shortestToken, resolved.Port)
	case token != "" && len(token) < shortestToken:
		return nil, fmt.Errorf("%s has fewer than %d characters: use a random one, for example from `openssl rand -hex 32`", TokenVariable, shortestToken)
	}
	// What was resolved is what was checked: a second look-up of a name could find another address.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", resolved.String())
	if err != nil {
		return nil, fmt.Errorf("listening for MCP clients: %w", err)
	}
	return listener, nil
}

// Handler answers over streamable HTTP, without sessions: no request depends on an earlier one, so a client survives a
// restart. Where there is a token every request needs it as a bearer token.
//
// Browsers are kept out: requests from other origins are refused, and those to a loopback address under another name.
func Handler(server *sdk.Server, token string) http.Handler {
	streamable := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, &sdk.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
	mux := http.NewServeMux()
	mux.Handle(Path, http.NewCrossOriginProtection().Handler(authorized(streamable, token)))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the MCP server answers at "+Path, http.StatusNotFound)
	})
	return mux
}

func authorized(next http.Handler, token string) http.Handler {
	if token == "" {
		return next
	}
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(given)))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the header Authorization: Bearer with the token of "+TokenVariable+" is missing or wrong", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// shutdownTimeout is how long answers in progress may take when the program ends.
const shutdownTimeout = 5 * time.Second

// Serve answers HTTP clients until the context ends.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * timeout, IdleTimeout: 2 * time.Minute,
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		_ = server.Shutdown(ending) // what is not answered by then has lost its client
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving MCP clients: %w", err)
	}
	<-stopped
	return nil
}
