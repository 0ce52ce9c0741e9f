// Package mcp answers the questions of an AI assistant about the monitored clusters over the Model Context Protocol:
// which cluster is critical, why, since when, what is unknown, what to do first.
//
// Every answer comes from the state store and the embedded runbooks, through the same views as the panels in Grafana. The
// package has no way to write: Store lists reading methods only, so a database role that may only read suffices.
//
// An answer has two forms with the same content: structured output, which its schema describes, and a short text. Both
// are bounded; what was left out is said in the field "truncated". A signal that could not be read is unknown, never zero,
// and a cluster without a current verdict is unknown, never happy.
package mcp
