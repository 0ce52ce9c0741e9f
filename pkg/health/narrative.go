package health

import "time"

// LogCount is how often a log pattern was found in the lines of a service, in a stretch of time. It explains
// a verdict and never decides one.
type LogCount struct {
	// At is the beginning of the stretch, in the time of the lines.
	At time.Time `json:"at"`
	// Pattern is the pattern's id, Meaning what it stands for in one line.
	Pattern string `json:"pattern"`
	Meaning string `json:"meaning,omitempty"`
	// Service is what the lines' label calls the service: frontend, history, matching, worker, or a name of
	// the operator's own.
	Service string `json:"service"`
	// Count is the number of lines. AtLeast: more lines were there than could be read.
	Count   int  `json:"count"`
	AtLeast bool `json:"at_least,omitempty"`
	// Sample is one of the lines, redacted and cut.
	Sample string `json:"sample,omitempty"`
}
