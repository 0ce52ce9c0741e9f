// Package health is the vocabulary and the rules of the copilot: which signals exist, which gates
// judge them, and how a sequence of snapshots becomes a sequence of verdicts.
//
// The package is pure. It reads no clock, no file and no network, and imports only the standard
// library, so that the same snapshots give the same verdicts in the worker, in `copilot evaluate`,
// in `copilot replay` and in a test.
//
// Two rules stand above all others:
//
//   - Unknown is not zero. A signal that could not be read fires no gate and passes no gate.
//   - Rules decide. Nothing outside Evaluate changes a state.
package health
