package store

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// Role is a database role that is to be given rights.
type Role struct {
	// Name of the role. Empty means that no role is to be given these rights.
	Name string
	// Password, when given, makes Migrate create the role if it is missing, or else set its password.
	// PostgreSQL only: DSQL's roles log in with IAM and are created by the operator. Printable ASCII.
	Password string
}

var (
	roleForm     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,62}$`)
	passwordForm = regexp.MustCompile(`^[ -~]+$`)
)

func (o MigrateOptions) validate(dsql bool) error {
	for _, role := range []Role{o.Reader, o.Writer} {
		if role.Name == "" {
			if role.Password != "" {
				return errors.New("there is a password for a role without a name")
			}
			continue
		}
		if !roleForm.MatchString(role.Name) {
			return fmt.Errorf("%q is no name for a role: use letters, digits, _ and -, at most 63, not beginning with a digit", role.Name)
		}
		if role.Password == "" {
			continue
		}
		if dsql {
			return fmt.Errorf("the role %q has a password, but Aurora DSQL has none: create it with CREATE ROLE … WITH LOGIN and AWS IAM GRANT", role.Name)
		}
		if !passwordForm.MatchString(role.Password) {
			return fmt.Errorf("the password of the role %q may only hold printable ASCII characters", role.Name)
		}
	}
	return nil
}

func (s *Store) grantRoles(ctx context.Context, options MigrateOptions) (done []string, err error) {
	for _, grant := range []struct {
		role   Role
		rights string
		may    string
	}{
		{options.Reader, "select", "may read"},
		{options.Writer, "select, insert, update, delete", "may read and write"},
	} {
		if grant.role.Name == "" {
			continue
		}
		created, err := s.ensureRole(ctx, grant.role)
		if err != nil {
			return done, err
		}
		if created {
			done = append(done, fmt.Sprintf("role %s created", grant.role.Name))
		}
		if err := s.grant(ctx, grant.role.Name, grant.rights); err != nil {
			return done, fmt.Errorf("rights of the role %q: %w", grant.role.Name, err)
		}
		done = append(done, fmt.Sprintf("role %s %s", grant.role.Name, grant.may))
	}
	return done, nil
}

func (s *Store) grant(ctx context.Context, role, rights string) error {
	if err := s.execDDL(ctx, "grant usage on schema copilot to "+quoted(role)); err != nil {
		return err
	}
	for _, table := range schema.Tables {
		sql := fmt.Sprintf("grant %s on table copilot.%s to %s", rights, table.Name, quoted(role))
		if err := s.execDDL(ctx, sql); err != nil {
			return err
		}
		if err := s.verifyGrant(ctx, role, rights, table.Name); err != nil {
			return err
		}
	}
	return nil
}

// verifyGrant looks whether a right was really given: whoever has a right but may not pass it on only gets a
// warning from PostgreSQL.
func (s *Store) verifyGrant(ctx context.Context, role, rights, table string) error {
	if s.dsql {
		return nil // its documentation does not list the function
	}
	for right := range strings.SplitSeq(rights, ", ") {
		var granted bool
		err := s.pool.QueryRow(ctx, `select has_table_privilege($1, 'copilot.' || $2, $3)`, role, table, right).Scan(&granted)
		if err != nil {
			return typed(err)
		}
		if !granted {
			return fmt.Errorf("%w: this role may not give the right to %s on copilot.%s to others: migrate as the owner of the schema",
				ErrNotPermitted, right, table)
		}
	}
	return nil
}

func (s *Store) ensureRole(ctx context.Context, role Role) (created bool, err error) {
	var exists bool
	err = s.pool.QueryRow(ctx, `select count(*) > 0 from pg_catalog.pg_roles where rolname = $1`, role.Name).Scan(&exists)
	if err != nil {
		return false, fmt.Errorf("looking for the role %q: %w", role.Name, typed(err))
	}
	if role.Password == "" {
		if !exists {
			return false, fmt.Errorf("there is no role %q: create it first, or give a password with which it is to be created", role.Name)
		}
		return false, nil
	}
	verifier, err := scramVerifier(role.Password)
	if err != nil {
		return false, err
	}
	verb := "create"
	if exists {
		verb = "alter"
	}
	// A verifier is base64 and punctuation without quotes.
	sql := fmt.Sprintf("%s role %s login password '%s'", verb, quoted(role.Name), verifier)
	if err := s.execDDL(ctx, sql); err != nil {
		return false, fmt.Errorf("setting up the role %q: %w", role.Name, err)
	}
	return !exists, nil
}

// scramVerifier is what PostgreSQL stores of a password (RFC 5803). Made here, so that the password itself
// never stands in a statement, which servers log.
func scramVerifier(password string) (string, error) {
	const iterations = 4096 // PostgreSQL's own default
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", err
	}
	keyed := func(text string) []byte {
		mac := hmac.New(sha256.New, salted)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	stored := sha256.Sum256(keyed("Client Key"))
	text := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, text(salt), text(stored[:]), text(keyed("Server Key"))), nil
}
