package dsqlguard_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/dsqlguard"
)

func TestInspectRefusesWhatDSQLRefuses(t *testing.T) {
	for name, sql := range map[string]string{
		"a savepoint":                         `savepoint a`,
		"going back to a savepoint":           `rollback to savepoint a`,
		"releasing a savepoint":               `release savepoint a`,
		"a two-phase commit":                  `prepare transaction 'a'`,
		"truncate":                            `truncate copilot.events`,
		"listen":                              `listen changes`,
		"notify":                              `notify changes`,
		"merge":                               `merge into a using b on a.i = b.i when matched then delete`,
		"a temporary table":                   `create temp table t (a integer)`,
		"an unlogged table":                   `create unlogged table t (a integer)`,
		"a trigger":                           `create trigger t after insert on a execute function f()`,
		"plpgsql":                             `do $$ begin end $$`,
		"a function":                          `create function f() returns integer language plpgsql as $$ begin return 1; end $$`,
		"an extension":                        `create extension hstore`,
		"set transaction":                     `set transaction isolation level repeatable read`,
		"session characteristics":             `set session characteristics as transaction isolation level serializable`,
		"a setting":                           `set statement_timeout = 1000`,
		"serializable":                        `begin isolation level serializable`,
		"read committed":                      `begin isolation level read committed`,
		"an array column":                     `create table t (a text[])`,
		"a serial column":                     `create table t (a bigserial)`,
		"an enum":                             `create type e as enum ('a')`,
		"a column of an enum":                 `create table t (a mood)`,
		"a range column":                      `create table t (a tstzrange)`,
		"a partitioned table":                 `create table t (a integer) partition by list (a)`,
		"storage options":                     `create table t (a integer) with (fillfactor = 50)`,
		"create table as":                     `create table t as select 1`,
		"select into":                         `select 1 into t`,
		"an added column with a default":      `alter table t add column a integer default 1`,
		"an added column that is not null":    `alter table t add column a integer not null`,
		"two added columns":                   `alter table t add column a integer, add column b integer`,
		"another type for a column":           `alter table t alter column a type bigint`,
		"an index with an order":              `create index async i on t (a desc)`,
		"an index with a place for the nulls": `create index async i on t (a nulls first)`,
		"an index built concurrently":         `create index concurrently i on t (a)`,
		"two statements in one":               `select 1; select 2`,
		"vacuum":                              `vacuum copilot.events`,
		"copy":                                `copy copilot.events from stdin`,
		"a table lock":                        `lock table copilot.events`,
		"no statement":                        ``,
		"no SQL":                              `selct 1`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dsqlguard.Inspect(sql)
			assert.Error(t, err)
		})
	}
}

func TestInspectKnowsWhatAStatementDoes(t *testing.T) {
	for sql, want := range map[string]dsqlguard.Statement{
		`select 1`: {Kind: dsqlguard.Read},
		`insert into t values (1) on conflict do nothing`: {Kind: dsqlguard.Write},
		`update t set a = 1`:                              {Kind: dsqlguard.Write},
		`delete from t`:                                   {Kind: dsqlguard.Write},
		`begin`:                                           {Kind: dsqlguard.Begin},
		`begin isolation level repeatable read`:           {Kind: dsqlguard.Begin},
		`commit`:                                          {Kind: dsqlguard.End},
		`rollback`:                                        {Kind: dsqlguard.End},
		`create table t (a integer primary key, b jsonb)`: {Kind: dsqlguard.DDL},
		`alter table t add column a double precision`:     {Kind: dsqlguard.DDL},
		`grant select on table t to "a"`:                  {Kind: dsqlguard.DDL},
		`create index async if not exists i on t (a)`:     {Kind: dsqlguard.DDL},
		`create unique index async i on t (a)`:            {Kind: dsqlguard.DDL},
		`create index if not exists i on t (a)`:           {Kind: dsqlguard.DDL, SyncIndex: true},
	} {
		got, err := dsqlguard.Inspect(sql)
		require.NoError(t, err, sql)
		assert.Equal(t, want, got, sql)
	}
}
