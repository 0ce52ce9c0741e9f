// Package rules explains evidence without a model. It is the default, and what is left when a model fails.
//
// The texts stand in one table, texts_*.go: what a gate means, why it usually fires, what to do about it.
package rules
