// Package explain is what an explanation is: why a cluster is in the state that the rules decided, what happened, and
// what to do first.
//
// Everything rests on Evidence, which is made from a verdict by rules alone (package evidence). From it the rules write
// an explanation (package rules), which is the default and what is left when a model fails. A model may write a better
// one (package llm); it answers with a draft, in which numbers are references, and a check keeps of the draft what the
// evidence bears out. Nothing here changes a state.
package explain
