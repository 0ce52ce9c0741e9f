// Package record records the metrics of real Temporal servers and SDK workers through health and faults, for tests
// to replay. A recording takes minutes and depends on the machine, so it is made by hand and kept in testdata.
package record
