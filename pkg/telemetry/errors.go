package telemetry

import "strings"

// errorKind is whose an error is.
type errorKind string

const (
	// outcomes are answers that a sound application gets in the ordinary course of things.
	outcome errorKind = "outcome"
	// ofClient are the client's mistakes.
	ofClient errorKind = "client"
	// ofApplication are the doing of one workflow.
	ofApplication errorKind = "application"
	// ofDatabase are failures of the database that persistence_errors leaves out.
	ofDatabase errorKind = "database"
)

// errorTypes is the one table of error types, by the end of the label error_type. A dot stands for the separator, which
// tally replaces. What is not in it is the server's. Sources: common/rpc/interceptor/request_error_handler.go and
// common/persistence of go.temporal.io/server v1.32.1.
var errorTypes = []struct {
	name string
	kind errorKind
}{
	{"Canceled", outcome},
	{"[._]NotFound", outcome},
	{"AlreadyStarted", outcome},
	{"AlreadyExists", outcome},
	{"AlreadyRequested", outcome},
	{"QueryFailed", outcome},
	{"NotReady", outcome},
	{"NotActive", outcome},
	{"NewerBuildExists", outcome},
	{"MultiOperationExecution", outcome},
	{"InvalidArgument", ofClient},
	{"FailedPrecondition", ofClient},
	{"PermissionDenied", ofClient},
	{"Unauthenticated", ofClient},
	{"Unimplemented", ofClient},
	{"InvalidState", ofClient},
	{"NotSupported", ofClient},
	{"ClientVersionNotSupported", ofClient},
	// A client's spelling, unless the database fails as well: then clients get it from a namespace cache that can't load.
	{"NamespaceNotFound", ofClient},
	{"TransactionSizeLimitError", ofApplication},
	// Cassandra's time-outs, which persistence_errors does not count since 1.18.
	{"persistence[._]TimeoutError", ofDatabase},
}

// errorsOf matches error types of some kinds; invert matches all others.
func errorsOf(invert bool, kinds ...errorKind) string {
	var names []string
	for _, t := range errorTypes {
		for _, k := range kinds {
			if t.kind == k {
				names = append(names, t.name)
			}
		}
	}
	op := "=~"
	if invert {
		op = "!~"
	}
	return "error_type" + op + `".*(` + strings.Join(names, "|") + `)"`
}

// Causes of ResourceExhausted (temporal.api.enums.v1.ResourceExhaustedCause). BusyWorkflow is one workflow that gets
// more calls than its lock takes; OpsLimit and PollersLimit are the clients' own. All others are limits of the server's
// configuration.
const (
	causeBusyWorkflow = `resource_exhausted_cause="BusyWorkflow"`
	causeServerLimit  = `resource_exhausted_cause!~"BusyWorkflow|OpsLimit|PollersLimit"`
	causeNotTheServer = `resource_exhausted_cause=~"BusyWorkflow|OpsLimit|PollersLimit"`
	namespaceNotFound = `error_type=~".*NamespaceNotFound"`
)
