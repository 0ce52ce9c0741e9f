// Package limits has a constant that its test knows and one that it does not.
package limits

import "time"

const (
	most = 4
	wait = 3 * time.Second
	name = "limits"
)

// Full says whether n is too many.
func Full(n int) bool { return n > most }

// Wait is how long to wait, and for what.
func Wait() (time.Duration, string) { return wait, name }
