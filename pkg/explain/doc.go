// Package explain says why a cluster is in the state that the rules decided: what happened, why, and
// what to do first.
//
// Everything rests on Evidence, which is made from a verdict by rules alone (Gather). From it the
// rules write an explanation (ByRules), which is the default and what is left when a model fails. A
// model may write a better one; it answers with a Draft, in which numbers are references, and Check
// keeps of the draft what the evidence bears out. Nothing here changes a state.
//
// The texts stand in one table, texts*.go: what a gate means, why it usually fires, what to do about it.
package explain
