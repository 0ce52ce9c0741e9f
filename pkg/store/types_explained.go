package store

import (
	"encoding/json"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Trigger is why an assessment was made.
type Trigger string

// The triggers.
const (
	// OnEvent: the cluster's state, staleness or bottleneck changed.
	OnEvent Trigger = "event"
	// OnSchedule: nothing changed, but it was time to look again.
	OnSchedule Trigger = "schedule"
	// OnDemand: somebody asked.
	OnDemand Trigger = "demand"
)

// Assessment is a stored explanation. The columns that people sort and filter by stand beside the whole.
type Assessment struct {
	Cluster string
	// ID is unique within the cluster and made from what is explained, so that storing again changes nothing.
	ID string
	// At is the time of the cycle that is explained, MadeAt when the explanation was ready.
	At, MadeAt time.Time
	Trigger    Trigger
	// EventSeq is the number of the event that is explained, 0 without one.
	EventSeq int64
	State    health.State
	Stale    bool
	Coverage float64
	// Confidence is 0 to 1 and never above Coverage.
	Confidence float64
	// Depth is none, quick or deep.
	Depth string
	// Made is "rules" or the model's id. Instead says why the rules wrote it although a model was asked for.
	Made, Instead string
	// Fingerprint is the same for evidences of the same situation.
	Fingerprint string
	// SameAs is the id of the assessment whose draft was used again, empty when it was written anew.
	SameAs  string
	Summary string
	// LogsUnavailable says why no logs stand in the evidence; empty when they were read.
	LogsUnavailable string
	// Explanation and Evidence are an explain.Explanation and the explain.Evidence it stands on, as JSON.
	// Draft is what a model wrote, empty when the rules wrote it.
	Explanation, Evidence, Draft json.RawMessage
}

// Issue is a problem with an identity, from when it was first seen to when it was gone.
type Issue struct {
	Cluster string
	// ID is rule@service. An issue that comes back after it was resolved opens again, as a row of its own.
	ID       string
	OpenedAt time.Time
	// LastAt is the time of the last assessment that saw it.
	LastAt time.Time
	// ResolvedAt is nil while the issue is open.
	ResolvedAt *time.Time
	// Severity is warning or critical.
	Severity    string
	Service     string
	Gate        string
	Title       string
	Description string
	LikelyCause string
	// Assessment is the id of the last assessment that saw it.
	Assessment string
	// Issue is the whole explain.Issue as JSON: related signals, logs, and suggested actions.
	Issue json.RawMessage
}

// Findings are what an assessment says about issues.
type Findings struct {
	// Issues are those that are there now. Only the fields that describe them are read: the store knows
	// since when they are open.
	Issues []Issue
	// Unknowable are ids of issues of which the evidence can't tell whether they are still there. They stay as they are.
	Unknowable []string
}

// EventKey names an event.
type EventKey struct {
	Cluster string
	Seq     int64
}

// AssessmentQuery asks for assessments, newest first.
type AssessmentQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	// From and To bound At: From is included, To is not. A zero time is no bound.
	From, To time.Time
	// EventSeq asks for the assessments of one event. 0 means any.
	EventSeq int64
	// Events asks for the assessments of several events. Empty means any.
	Events []EventKey
	// Fingerprint asks for assessments of the same situation. Empty means any.
	Fingerprint string
	// Triggers to read. Empty means all.
	Triggers []Trigger
	// Drafted leaves out what the rules wrote.
	Drafted bool
	// Brief leaves out Explanation, Evidence and Draft, which are large.
	Brief bool
	// Limit is the most assessments to return. 0 means 100, more than 1,000 means 1,000.
	Limit int
}

// IssueQuery asks for issues: open ones first, then critical before warning, then the latest.
type IssueQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	// From and To: issues that were open at some time in between. A zero time is no bound.
	From, To time.Time
	// Open leaves out resolved issues.
	Open       bool
	Severities []string
	Services   []string
	// Limit is the most issues to return. 0 means 100, more than 1,000 means 1,000.
	Limit int
}

// LogRead is the result of reading a cluster's logs once.
type LogRead struct {
	Cluster string
	// At is when they were read, Through the time up to which lines were read.
	At, Through time.Time
	// Unavailable says why they could not be read; empty when they were.
	Unavailable string
	Counts      []health.LogCount
}

// LogState is how far a cluster's logs were read.
type LogState struct {
	Cluster string
	// At is the last attempt, Through the time up to which lines were read; zero when they never were.
	At, Through time.Time
	// Unavailable says why the last attempt failed; empty when it did not.
	Unavailable string
}

// LogQuery asks for log patterns.
type LogQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	// From and To bound the time of the lines, to the half minute: From is included, To is not.
	From, To time.Time
	// Patterns and Services to read. Empty means all.
	Patterns []string
	Services []string
	// Step sums up the counts of stretches of this length. 0 sums up the whole range.
	Step time.Duration
	// Limit is the most rows to return, the most frequent first when Step is 0. 0 means 1,000, more than
	// 50,000 means 50,000.
	Limit int
}

// LogPattern is how often a pattern was found in a service's lines of a cluster. Its At is the beginning of
// the step, or the last half minute in which the pattern was seen when there is no step.
type LogPattern struct {
	Cluster string
	health.LogCount
}

// ModelCall is the record of one call to a model.
type ModelCall struct {
	Cluster string
	// Assessment is the id of the assessment that it was made for. Number tells apart the calls of an assessment.
	Assessment string
	Number     int
	At         time.Time
	Model      string
	// Purpose is triage, research or repair.
	Purpose                                            string
	InputTokens, OutputTokens, CacheReads, CacheWrites int64
	// Dollars is the cost by the configured price.
	Dollars float64
	Took    time.Duration
	// Failure is empty when the call succeeded.
	Failure string
}

// UsageQuery asks for calls to models.
type UsageQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	// From and To bound the time of the calls: From is included, To is not.
	From, To time.Time
	// Step sums up the calls of stretches of this length. 0 sums up the whole range.
	Step time.Duration
}

// Usage is the sum of the calls to a model for a purpose.
type Usage struct {
	Cluster string
	// At is the beginning of the step, or of the query's range.
	At                                                 time.Time
	Model, Purpose                                     string
	Calls, Failures                                    int64
	InputTokens, OutputTokens, CacheReads, CacheWrites int64
	Dollars                                            float64
}

// Spent is what all clusters used together.
type Spent struct {
	Calls, Tokens int64
	Dollars       float64
}

// Budget is what the worker may spend on models a day, and what it has spent today, for people to see.
// A zero limit is no limit.
type Budget struct {
	TokensPerDay  int64
	DollarsPerDay float64
	Spent         Spent
	// Since is the beginning of the day, in UTC.
	Since time.Time
	// Provider is rules, openai or bedrock.
	Provider string
}
