package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	postgresschema "go.temporal.io/server/schema/postgresql/v12"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// createTables creates what the server's stores lack and leaves alone what is there.
func createTables(persistence config.Persistence, logger log.Logger) error {
	store := persistence.DataStores[mainStore].SQL
	if store.PluginName == sqlite.PluginName {
		if _, err := os.Stat(store.DatabaseName); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := sqliteschema.SetupSchema(store); err != nil {
			return fmt.Errorf("creating Temporal's tables in %s: %w", store.DatabaseName, err)
		}
		return nil
	}
	err := createPostgresTables(*store, "postgresql/v12/temporal", postgresschema.Version, logger)
	if err != nil {
		return err
	}
	visibility := persistence.DataStores[visibilityStore].SQL
	return createPostgresTables(*visibility, "postgresql/v12/visibility", postgresschema.VisibilityVersion, logger)
}

// createPostgresTables does what the operators' temporal-sql-tool does: create the database, its version
// tables, and then every version's changes in turn. The schema is a folder of those embedded in the server.
func createPostgresTables(store config.SQL, folder, version string, logger log.Logger) error {
	// DoCreateDatabase changes the configuration it is given.
	forCreation := store
	if err := sql.DoCreateDatabase(&forCreation, "postgres", logger); err != nil && !alreadyExists(err) {
		return fmt.Errorf("creating the database %q: %w", store.DatabaseName, err)
	}
	connection, err := sql.NewConnection(&store, logger)
	if err != nil {
		return fmt.Errorf("connecting to the database %q: %w", store.DatabaseName, err)
	}
	defer connection.Close()
	tables, err := connection.ListTables()
	if err != nil {
		return fmt.Errorf("reading the tables of database %q: %w", store.DatabaseName, err)
	}
	if !slices.Contains(tables, "schema_version") {
		setup := schema.NewSetupSchemaTask(connection, &schema.SetupConfig{InitialVersion: "0.0"}, logger)
		if err := setup.Run(); err != nil {
			return fmt.Errorf("creating the version tables of database %q: %w", store.DatabaseName, err)
		}
	}
	update := schema.NewUpdateSchemaTask(connection, &schema.UpdateConfig{
		DBName:        store.DatabaseName,
		SchemaName:    folder,
		TargetVersion: version,
	}, logger)
	if err := update.Run(); err != nil {
		return fmt.Errorf("creating Temporal's tables in database %q: %w", store.DatabaseName, err)
	}
	return nil
}

// alreadyExists recognises PostgreSQL's answer; the server's driver hands it on as text.
func alreadyExists(err error) bool { return strings.Contains(err.Error(), "already exists") }
