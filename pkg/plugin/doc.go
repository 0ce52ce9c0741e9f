// Package plugin is Grafana's side of the copilot: a backend data source that answers from the state
// store alone. It decides nothing. States, gates and bottlenecks come from the verdicts that the
// worker stored; they are turned into data frames, streams, health checks and JSON.
//
// Here is what Grafana calls. A query goes through query (what is asked), view (what the store says), frames (how it is
// shown) and answer (which of them for which query type); live has the streams, failure the errors.
//
// What it promises whatever the query:
//
//   - Unknown is not zero, and silence is not health. A value that is not known is null. A cluster
//     whose last cycle is older than three intervals is stale, whatever its row says.
//   - An empty answer is typed and says why it is empty.
//   - An error says whose fault it is and what to do, and never holds a secret.
package plugin
