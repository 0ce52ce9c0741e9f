// Package dsqlguard holds tests on PostgreSQL to what Aurora DSQL takes, since no DSQL is at hand where they run.
//
// Inspect looks at a single statement, Guard traces the transactions of pgx connections. Both let pass what is
// known to work and refuse the rest, so a new kind of statement has to be looked up in DSQL's documentation and
// added here before the store may use it.
package dsqlguard

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/wasilibs/go-pgquery/parser"
)

// Kind is what a statement does to a transaction.
type Kind int

// The kinds of statements.
const (
	Read     Kind = iota // changes nothing
	Write                // changes rows
	DDL                  // changes the schema or rights
	Begin                // begins a transaction
	End                  // commits it or rolls it back
	unlisted Kind = -1
)

// Statement is what Inspect finds.
type Statement struct {
	Kind Kind
	// SyncIndex: the statement builds an index at once. That is what PostgreSQL gets; DSQL refuses it.
	SyncIndex bool
}

// node is a part of PostgreSQL's parse tree as JSON.
type node = map[string]any

// kinds lists the statements that work on DSQL by their node in the parse tree.
var kinds = map[string]Kind{
	"SelectStmt": Read, "VariableShowStmt": Read, "ExplainStmt": Read,
	"InsertStmt": Write, "UpdateStmt": Write, "DeleteStmt": Write,
	"CreateSchemaStmt": DDL, "CreateStmt": DDL, "AlterTableStmt": DDL, "IndexStmt": DDL, "DropStmt": DDL,
	"GrantStmt": DDL, "CreateRoleStmt": DDL, "AlterRoleStmt": DDL,
}

// columnTypes are the types that DSQL stores, by PostgreSQL's internal names.
var columnTypes = []string{
	"int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar", "bool", "bytea", "uuid",
	"json", "jsonb", "date", "time", "timetz", "timestamp", "timestamptz", "interval",
}

var asyncIndex = regexp.MustCompile(`(?i)^(\s*create\s+(?:unique\s+)?index\s+)async\s`)

// Inspect says what a statement does, or why DSQL refuses it. It takes the ASYNC of DSQL's CREATE INDEX,
// which PostgreSQL's grammar does not have.
func Inspect(sql string) (Statement, error) {
	async := asyncIndex.MatchString(sql)
	statement, err := inspect(asyncIndex.ReplaceAllString(sql, "$1"))
	if err != nil {
		return Statement{}, fmt.Errorf("DSQL refuses %q: %w", abridged(sql), err)
	}
	statement.SyncIndex = statement.SyncIndex && !async
	return statement, nil
}

func inspect(sql string) (Statement, error) {
	text, err := parser.ParseToJSON(sql)
	if err != nil {
		return Statement{}, fmt.Errorf("it cannot be parsed: %w", err)
	}
	var tree struct{ Stmts []struct{ Stmt node } }
	if err := json.Unmarshal([]byte(text), &tree); err != nil {
		return Statement{}, err
	}
	if len(tree.Stmts) != 1 {
		return Statement{}, fmt.Errorf("it is %d statements, not one", len(tree.Stmts))
	}
	for name, body := range tree.Stmts[0].Stmt {
		return inspectNode(name, body.(node))
	}
	return Statement{}, fmt.Errorf("it is empty")
}

func inspectNode(name string, body node) (Statement, error) {
	kind := unlisted
	if k, ok := kinds[name]; ok {
		kind = k
	}
	var err error
	switch name {
	case "TransactionStmt":
		kind, err = transactionKind(body)
	case "CreateStmt":
		err = checkTable(body)
	case "AlterTableStmt":
		err = checkAlter(body)
	case "IndexStmt":
		err = checkIndex(body)
	case "SelectStmt":
		if body["intoClause"] != nil {
			err = fmt.Errorf("SELECT INTO creates a table")
		}
	}
	if err == nil && kind == unlisted {
		err = fmt.Errorf("%s is not among the statements that are known to work", name)
	}
	return Statement{Kind: kind, SyncIndex: name == "IndexStmt"}, err
}

func transactionKind(body node) (Kind, error) {
	switch body["kind"] {
	case "TRANS_STMT_BEGIN", "TRANS_STMT_START":
		return Begin, checkIsolation(body)
	case "TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK":
		return End, nil
	}
	return unlisted, fmt.Errorf("there are no savepoints and no prepared transactions (%v)", body["kind"])
}

// checkIsolation lets a transaction ask for repeatable read: DSQL always has it, and on PostgreSQL it must be
// asked for.
func checkIsolation(body node) error {
	options, _ := body["options"].([]any)
	for _, option := range options {
		text := fmt.Sprint(option)
		if strings.Contains(text, "transaction_isolation") && !strings.Contains(text, "repeatable read") {
			return fmt.Errorf("there is only the isolation level repeatable read")
		}
	}
	return nil
}

func checkTable(body node) error {
	if relation, _ := body["relation"].(node); relation["relpersistence"] != "p" {
		return fmt.Errorf("there are no temporary or unlogged tables")
	}
	for _, clause := range []string{"inhRelations", "partspec", "partbound", "ofTypename", "options"} {
		if body[clause] != nil {
			return fmt.Errorf("a table cannot have %s", clause)
		}
	}
	elements, _ := body["tableElts"].([]any)
	for _, element := range elements {
		if column, ok := element.(node)["ColumnDef"].(node); ok {
			if err := checkColumn(column); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkColumn(column node) error {
	typeName, _ := column["typeName"].(node)
	if typeName["arrayBounds"] != nil {
		return fmt.Errorf("the column %v is an array", column["colname"])
	}
	names, _ := typeName["names"].([]any)
	var name string
	if len(names) > 0 {
		word, _ := names[len(names)-1].(node)["String"].(node)
		name, _ = word["sval"].(string)
	}
	if !slices.Contains(columnTypes, name) {
		return fmt.Errorf("the column %v has the type %q", column["colname"], name)
	}
	return nil
}

func checkAlter(body node) error {
	commands, _ := body["cmds"].([]any)
	if len(commands) != 1 {
		return fmt.Errorf("ALTER TABLE with %d changes", len(commands))
	}
	command, _ := commands[0].(node)["AlterTableCmd"].(node)
	if command["subtype"] != "AT_AddColumn" {
		return fmt.Errorf("ALTER TABLE can add a column, not %v", command["subtype"])
	}
	definition, _ := command["def"].(node)
	column, _ := definition["ColumnDef"].(node)
	if column["constraints"] != nil {
		return fmt.Errorf("the added column %v has a constraint or a default", column["colname"])
	}
	return checkColumn(column)
}

func checkIndex(body node) error {
	if body["concurrent"] == true || body["whereClause"] != nil {
		return fmt.Errorf("an index cannot be built CONCURRENTLY, and partial ones are too new to rely on")
	}
	columns, _ := body["indexParams"].([]any)
	for _, column := range columns {
		element, _ := column.(node)["IndexElem"].(node)
		if element["ordering"] != "SORTBY_DEFAULT" || element["nulls_ordering"] != "SORTBY_NULLS_DEFAULT" {
			return fmt.Errorf("an index column cannot have an order")
		}
	}
	return nil
}

func abridged(sql string) string {
	text := strings.Join(strings.Fields(sql), " ")
	if len(text) > 120 {
		text = text[:120] + "…"
	}
	return text
}
