package control

import (
	"context"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/lab/stage"
)

// events asks PostgreSQL itself, for the store's own reader knows nothing of commits.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	events, err := committed(r.Context(), s.on.StoreURL())
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, events)
}

// committed lists all events of the stage's cluster in their order.
func committed(ctx context.Context, storeURL string) ([]eventLine, error) {
	connection, err := pgx.Connect(ctx, storeURL)
	if err != nil {
		return nil, fmt.Errorf("connecting to the copilot's store: %w", err)
	}
	defer func() { _ = connection.Close(ctx) }() // it was only read from
	rows, err := connection.Query(ctx, `
		select seq, kind, from_state, to_state, at, pg_xact_commit_timestamp(xmin) as committed
		from copilot.events where cluster = $1 order by seq`, stage.Cluster)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	// Events are never changed, so the transaction that a row comes from is the one that announced it.
	events, err := pgx.CollectRows(rows, pgx.RowToStructByName[eventLine])
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	return events, nil
}
