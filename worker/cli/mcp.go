package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/knowledge"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/mcp"
)

// mcpCheckTimeout is how long the store may take to say at the start that it can be read.
const mcpCheckTimeout = 20 * time.Second

func mcpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Answer an AI assistant's questions about the clusters, read-only (Model Context Protocol)",
		Long: `Serves the stored states, evidence, explanations and runbooks to an AI assistant over the Model Context Protocol.
It reads the store only, so the role that Grafana reads with suffices; nothing can be changed through it.

By default it uses standard input and output, for an assistant that starts it as a program. With --listen it serves
streamable HTTP at ` + mcp.Path + ` instead. A loopback address, such as 127.0.0.1:8765, admits clients of this machine.
Any other address requires a bearer token in the environment variable ` + mcp.TokenVariable + `, and should be behind a
proxy with TLS: the token is sent in clear text otherwise.`,
		Example: "  copilot mcp --config copilot.yaml\n  copilot mcp --url postgres://grafana@db.example.com/copilot --listen 127.0.0.1:8765",
		Args:    cobra.NoArgs,
	}
	path := configFlag(cmd, false)
	url := cmd.Flags().String("url", "", "the store's `URL` (postgres://user@host/database) instead of a configuration; the password may come from COPILOT_DB_PASSWORD")
	listen := cmd.Flags().String("listen", "", "serve HTTP on this `address` (HOST:PORT) instead of standard input and output; off by default")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := storeConfig(*path, *url)
		if err != nil {
			return err
		}
		var listener net.Listener
		token := os.Getenv(mcp.TokenVariable)
		if *listen != "" {
			if listener, err = mcp.Listen(cmd.Context(), *listen, token); err != nil {
				return err
			}
			defer listener.Close()
		}
		library, err := knowledge.Load(c.Knowledge.Sources()...)
		if err != nil {
			return err
		}
		database, err := c.Store.Database(cmd.Context())
		if err != nil {
			return err
		}
		s, err := store.Open(cmd.Context(), database)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := checkStore(cmd.Context(), s); err != nil {
			return err
		}
		// Standard output belongs to the protocol.
		log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
		server, err := mcp.New(mcp.Options{Store: s, Library: library, Version: version(), Log: log})
		if err != nil {
			return err
		}
		if listener == nil {
			return serveStandard(cmd.Context(), server, cmd.InOrStdin(), cmd.OutOrStdout())
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "MCP server at http://%s%s, read-only, %s\n", listener.Addr(), mcp.Path,
			map[bool]string{true: "without a token", false: "with the token of " + mcp.TokenVariable}[token == ""])
		return mcp.Serve(cmd.Context(), listener, mcp.Handler(server, token))
	}
	return cmd
}

// checkStore says at the start what is wrong with the store. An assistant shows that better than the failure of a tool.
func checkStore(ctx context.Context, s *store.Store) error {
	ctx, cancel := context.WithTimeout(ctx, mcpCheckTimeout)
	defer cancel()
	_, err := s.Check(ctx)
	return err
}

// serveStandard answers until the client closes standard input, or the program is interrupted.
func serveStandard(ctx context.Context, server *sdk.Server, in io.Reader, out io.Writer) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, &sdk.IOTransport{Reader: io.NopCloser(in), Writer: unclosed{out}}) }()
	select {
	case err := <-ended:
		if ctx.Err() == nil {
			return err
		}
	case <-ctx.Done():
		// A read of standard input can't be interrupted, so the session is not waited for.
	}
	return nil
}

// unclosed is a writer that the end of a session leaves open.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
