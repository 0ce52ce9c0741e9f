// Package failure says of an error from the store whose fault it is and what to do.
package failure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/temporal-sre/copilot/pkg/awslogin"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Failure is an error in the words of whoever has to mend it.
type Failure struct {
	Cause, remedy string
	Status        backend.Status
	Source        backend.ErrorSource
}

func (t Failure) String() string { return fmt.Sprintf("%s. %s", t.Cause, t.remedy) }

// downstream is a failure of the database or of the way to it.
func downstream(status backend.Status, cause, remedy string) Failure {
	return Failure{cause, remedy, status, backend.ErrorSourceDownstream}
}

// SettingsError: the settings can't work, whatever the database does.
type SettingsError struct{ Reason error }

func (e *SettingsError) Error() string { return e.Reason.Error() }
func (e *SettingsError) Unwrap() error { return e.Reason }

// Of finds the cause of an error from the store, and the remedy. The order matters: what is most
// specific comes first.
func Of(err error) Failure {
	if wrong, ok := errors.AsType[*SettingsError](err); ok {
		return downstream(backend.StatusBadRequest, "the data source's settings can't work: "+wrong.Error(), "Correct them in the data source's settings")
	}
	if login, ok := errors.AsType[*awslogin.Error](err); ok {
		return downstream(backend.StatusBadGateway, "AWS gave no credentials ("+rootCause(login.Cause)+")",
			"Check the keys or the role in the data source's settings. Grafana hands no environment variables to a plugin unless [plugins] forward_host_env_vars names it")
	}
	switch {
	case errors.Is(err, store.ErrNoSchema):
		return downstream(backend.StatusBadGateway, "the database answers, but there is no copilot schema in it",
			"Run `copilot db migrate` against this database, or correct the database's name in the data source's settings")
	case errors.Is(err, store.ErrOlderSchema):
		return downstream(backend.StatusBadGateway, "the copilot schema is older than this plugin", "Run `copilot db migrate` of the plugin's version against this database")
	case errors.Is(err, store.ErrNewerSchema):
		return downstream(backend.StatusBadGateway, "the copilot schema was migrated by a newer version", "Update the plugin to the version of the worker")
	case errors.Is(err, store.ErrNotPermitted):
		return downstream(backend.StatusBadGateway, "the database role may not read the copilot schema", "Grant it the reading role: `copilot db migrate` can do that")
	}
	if t, ok := diagnoseNetwork(err); ok {
		return t
	}
	if t, ok := diagnosePostgres(err); ok {
		return t
	}
	switch {
	case errors.Is(err, context.Canceled):
		return downstream(backend.StatusTimeout, "the request was cancelled", "Nothing is wrong with the data source")
	case isTimeout(err):
		return downstream(backend.StatusTimeout, "the database did not answer in time", "Check that host and port are right and no firewall drops the packets, and that the database is not overloaded")
	case errors.Is(err, store.ErrAuth):
		return downstream(backend.StatusBadGateway, "the database refuses the login", "Check user and password, or the role and its IAM permission, in the data source's settings")
	case errors.Is(err, store.ErrUnreachable):
		return downstream(backend.StatusBadGateway, "the database can't be reached ("+rootCause(err)+")", "Check host and port in the data source's settings, and that the database runs")
	}
	return Failure{"an error that the plugin does not know (" + rootCause(err) + ")", "The plugin's log has the details", backend.StatusInternal, backend.ErrorSourcePlugin}
}

// diagnoseNetwork knows what goes wrong before PostgreSQL has said a word.
func diagnoseNetwork(err error) (Failure, bool) {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && !dns.IsTimeout {
		return downstream(backend.StatusBadGateway, fmt.Sprintf("the host %q has no address (DNS)", dns.Name), "Check the host's name in the data source's settings, and that Grafana's machine can resolve it"), true
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return downstream(backend.StatusBadGateway, "the connection was refused: nothing listens at this host and port", "Check host and port in the data source's settings, and that the database runs"), true
	}
	if errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) {
		return downstream(backend.StatusBadGateway, "there is no route to the host", "Check the host in the data source's settings, and the network between Grafana and the database"), true
	}
	const tlsRemedy = "Give the authority's certificate (CA) in the data source's settings, and the host as it stands in the server's certificate"
	if host, ok := errors.AsType[x509.HostnameError](err); ok {
		return downstream(backend.StatusBadGateway, fmt.Sprintf("the server's certificate is not for %q (TLS)", host.Host), tlsRemedy), true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return downstream(backend.StatusBadGateway, "the server's certificate comes from an authority that is not trusted (TLS)", tlsRemedy), true
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return downstream(backend.StatusBadGateway, "the server's certificate is not valid (TLS): "+invalid.Error(), "Renew the server's certificate"), true
	}
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	if verification || record {
		return downstream(backend.StatusBadGateway, "the TLS handshake failed ("+rootCause(err)+")", tlsRemedy), true
	}
	// pgconn has no type for it.
	if strings.Contains(err.Error(), "server refused TLS connection") {
		return downstream(backend.StatusBadGateway, "the server does not speak TLS", "Switch TLS on in the database, or, on a network that you trust, set the TLS mode to disable"), true
	}
	return Failure{}, false
}

// diagnosePostgres knows what PostgreSQL says itself; the codes are SQLSTATEs.
func diagnosePostgres(err error) (Failure, bool) {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return Failure{}, false
	}
	switch {
	case pg.Code == "28P01" || pg.Code == "28000":
		return downstream(backend.StatusBadGateway, "the database refuses the login ("+pg.Message+")", "Check user and password, or the role and its IAM permission, in the data source's settings"), true
	case pg.Code == "3D000":
		return downstream(backend.StatusBadGateway, "there is no such database ("+pg.Message+")", "Correct the database's name in the data source's settings"), true
	case pg.Code == "57014":
		return downstream(backend.StatusTimeout, "the database cancelled the query, which ran too long", "Choose a shorter time range or fewer clusters"), true
	case strings.HasPrefix(pg.Code, "53"):
		return downstream(backend.StatusBadGateway, "the database is out of connections or memory ("+pg.Message+")", "Lower maxOpenConns in the data source's settings, or give the database more room"), true
	case strings.HasPrefix(pg.Code, "57P"):
		return downstream(backend.StatusBadGateway, "the database is starting or shutting down", "Try again in a moment"), true
	default:
		return downstream(backend.StatusBadGateway, fmt.Sprintf("the database answered with an error (%s, SQLSTATE %s)", pg.Message, pg.Code), "Check that plugin and worker have the same version"), true
	}
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}

// rootCause is the innermost message of an error, without the path of calls that led there.
func rootCause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			if all := joined.Unwrap(); len(all) > 0 {
				inner = all[len(all)-1]
			}
		}
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
