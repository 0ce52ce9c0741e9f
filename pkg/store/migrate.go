package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// MigrateOptions name the database roles that may use the store beside the one that migrates it.
type MigrateOptions struct {
	// Reader may read: the role of the Grafana plugin.
	Reader Role
	// Writer may read and write: the role of the worker, when another one migrates.
	Writer Role
}

// Migration says what Migrate did.
type Migration struct {
	// From and To are the versions of the schema before and after. They are equal when nothing was to do.
	From, To int
	// Done says in words what was changed, in order.
	Done []string
}

// Migrate sets the schema up or brings it up to schema.Version, and gives the roles their rights. It can be
// repeated and, after it broke off, continued by repeating it. Several may run it at once. A schema that
// is newer is left alone: ErrNewerSchema.
func (s *Store) Migrate(ctx context.Context, options MigrateOptions) (Migration, error) {
	report, err := s.migrate(ctx, options)
	if err != nil {
		return report, fmt.Errorf("migrating the store: %w", readOnly(err))
	}
	return report, nil
}

func (s *Store) migrate(ctx context.Context, options MigrateOptions) (Migration, error) {
	if err := options.validate(s.dsql); err != nil {
		return Migration{}, err
	}
	version, err := s.schemaVersion(ctx)
	if err != nil && !errors.Is(err, ErrNoSchema) {
		return Migration{}, err
	}
	report := Migration{From: version, To: version}
	if version > schema.Version {
		return report, compareSchema(version)
	}
	for _, m := range schema.Migrations {
		if m.Version <= version {
			continue
		}
		if err := s.apply(ctx, m); err != nil {
			return report, fmt.Errorf("version %d: %w", m.Version, err)
		}
		report.To = m.Version
		report.Done = append(report.Done, fmt.Sprintf("version %d: %s", m.Version, m.About))
	}
	for _, table := range schema.SignalTables {
		added, err := s.addMissingColumns(ctx, table)
		if err != nil {
			return report, fmt.Errorf("columns of %s: %w", table, err)
		}
		for _, name := range added {
			report.Done = append(report.Done, fmt.Sprintf("column %s in %s", name, table))
		}
	}
	granted, err := s.grantRoles(ctx, options)
	report.Done = append(report.Done, granted...)
	return report, err
}

func (s *Store) apply(ctx context.Context, m schema.Migration) error {
	for _, sql := range m.Statements {
		if err := s.execDDL(ctx, schema.Statement(s.dsql, sql)); err != nil {
			return err
		}
	}
	return s.retry(ctx, func() error {
		_, err := s.pool.Exec(ctx, `insert into copilot.schema_migrations (version, about, applied_at)
			values ($1, $2, $3) on conflict (version) do nothing`, m.Version, m.About, time.Now())
		return err
	})
}

// execDDL runs one statement in a transaction of its own. It repeats it when somebody else who migrates at
// the same moment got in between: "if not exists" looks before it creates.
func (s *Store) execDDL(ctx context.Context, sql string) error {
	return s.retry(ctx, func() error {
		_, err := s.pool.Exec(ctx, sql)
		return err
	}, stateUniqueViolation, stateDuplicateTable, stateDuplicateColumn, stateDuplicateSchema, stateDuplicateObject)
}

// addMissingColumns adds the columns of signals that are younger than the table.
func (s *Store) addMissingColumns(ctx context.Context, table string) (added []string, err error) {
	missing, err := s.missingColumns(ctx, table)
	if err != nil {
		return nil, err
	}
	for _, name := range missing {
		sql := fmt.Sprintf("alter table copilot.%s add column if not exists %s %s", table, name, schema.ColumnType)
		if err := s.execDDL(ctx, sql); err != nil {
			return added, err
		}
		added = append(added, name)
	}
	return added, nil
}

// missingColumns asks the table itself, which works with the right to read it and whatever catalog there is.
func (s *Store) missingColumns(ctx context.Context, table string) ([]string, error) {
	rows, err := s.pool.Query(ctx, fmt.Sprintf("select * from copilot.%s limit 0", table))
	if err != nil {
		return nil, typed(err)
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, typed(err)
	}
	have := make(map[string]bool)
	for _, field := range rows.FieldDescriptions() {
		have[field.Name] = true
	}
	var missing []string
	for _, signal := range health.Signals() {
		if name := schema.Column(signal.ID); !have[name] {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

// quoted makes an identifier safe to stand in a statement.
func quoted(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }
