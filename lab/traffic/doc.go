// Package traffic makes the load of the lab: workflows as an application writes them, the workers that
// run them and the client that starts them. Workers and client are processes of their own, so that work
// is demanded also while nobody does it.
package traffic
