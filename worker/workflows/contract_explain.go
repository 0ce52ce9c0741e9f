package workflows

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Names of what explains, by which it is known outside of this package.
const (
	// UpdateAssessNow has a cluster's observation explain its last cycle, or one of its events.
	UpdateAssessNow = "assess_now"
	// SignalLogRate tells a cluster's observation how many lines of trouble its logs hold.
	SignalLogRate = "log_rate"

	ActivityGatherEvidence  = "GatherEvidence"
	ActivityRecall          = "Recall"
	ActivityTriage          = "Triage"
	ActivityResearch        = "Research"
	ActivityStoreAssessment = "StoreAssessment"
	ActivityDueAssessments  = "DueAssessments"
	ActivityReadLogs        = "ReadLogs"
	ActivityStoreLogs       = "StoreLogs"
	ActivitySyncKnowledge   = "SyncKnowledge"
)

// ErrNothingToExplain is the type of the error with which GatherEvidence says that there is no such event,
// or no cycle yet.
const ErrNothingToExplain = "NothingToExplain"

// AssessID is the workflow id of an assessment.
func AssessID(cluster, assessment string) string {
	return "copilot-assess/" + cluster + "/" + assessment
}

// LogsID is the workflow id of the reading of a cluster's logs: one cluster, one workflow.
func LogsID(cluster string) string { return "copilot-logs/" + cluster }

// EventAssessment is the id of an event's assessment.
func EventAssessment(seq int64) string { return fmt.Sprintf("event-%d", seq) }

// Trigger is why an assessment is made.
type Trigger string

// The triggers.
const (
	// OnEvent: the cluster's state, staleness or bottleneck changed.
	OnEvent Trigger = "event"
	// OnCause: the root cause changed, and the state did not.
	OnCause Trigger = "cause"
	// OnSchedule: nothing changed, but it was time to look again.
	OnSchedule Trigger = "schedule"
	// OnDemand: an explanation was requested.
	OnDemand Trigger = "demand"
)

// AssessInput says what to explain.
type AssessInput struct {
	Cluster string `json:"cluster"`
	// ID is the assessment's, unique within the cluster.
	ID      string  `json:"id"`
	Trigger Trigger `json:"trigger"`
	// EventSeq is the number of the event to explain, 0 to explain a cycle.
	EventSeq int64 `json:"event_seq,omitempty"`
	// Situation is the cycle to explain. Without it, it is the event's, or else the last, as the store has it.
	Situation *Situation `json:"situation,omitempty"`
	// Wait is how long it may take until the log lines of the moment are read.
	Wait time.Duration `json:"wait,omitempty"`
}

// Situation is a cycle as far as it is explained.
type Situation struct {
	Verdict  health.Verdict  `json:"verdict"`
	Snapshot health.Snapshot `json:"snapshot"`
	// Firing are the gates that fired before it: what of them passes now has cleared.
	Firing []health.GateID `json:"firing,omitempty"`
}

// AssessOutput is an assessment that is stored.
type AssessOutput struct {
	ID string `json:"id"`
	// Explanation is nil when it is still being written.
	Explanation *explain.Explanation `json:"explanation,omitempty"`
}

// AssessNowInput asks for an explanation.
type AssessNowInput struct {
	// EventSeq is the number of the event to explain, 0 for how the cluster is now.
	EventSeq int64 `json:"event_seq"`
}

// GatherEvidenceInput says what to gather evidence of.
type GatherEvidenceInput struct {
	Cluster   string     `json:"cluster"`
	EventSeq  int64      `json:"event_seq,omitempty"`
	Situation *Situation `json:"situation,omitempty"`
	// MayWait: evidence without the log lines of the moment is not wanted yet, and need not be carried.
	MayWait bool `json:"may_wait,omitempty"`
}

// GatherEvidenceOutput is redacted evidence, the zero value where it was not wanted yet.
type GatherEvidenceOutput struct {
	Evidence evidence.Evidence `json:"evidence,omitzero"`
	// ByRules: no model is configured, so nothing is to be recalled, and the rules triage.
	ByRules bool `json:"by_rules,omitempty"`
	// LogsLate: logs are read, but not yet up to the time that is explained.
	LogsLate bool `json:"logs_late,omitempty"`
}

// RecallInput asks whether the same situation was explained before.
type RecallInput struct {
	Evidence evidence.Evidence `json:"evidence"`
}

// RecallOutput is the explanation of before with the numbers of now; nil when there is none.
type RecallOutput struct {
	Explanation *explain.Explanation `json:"explanation,omitempty"`
	// SameAs is the id of the assessment that it was written for.
	SameAs string `json:"same_as,omitempty"`
}

// TriageInput asks how much explaining the evidence needs.
type TriageInput struct {
	Assessment string            `json:"assessment"`
	Evidence   evidence.Evidence `json:"evidence"`
}

// TriageOutput is the answer, with the calls that it took.
type TriageOutput struct {
	Depth explain.Depth `json:"depth"`
	Calls []ModelCall   `json:"calls,omitempty"`
}

// ResearchInput asks for an explanation.
type ResearchInput struct {
	Assessment string            `json:"assessment"`
	Evidence   evidence.Evidence `json:"evidence"`
	Depth      explain.Depth     `json:"depth"`
}

// ResearchOutput is the explanation, with the calls that it took.
type ResearchOutput struct {
	Explanation explain.Explanation `json:"explanation"`
	// Draft is what a model wrote, nil when the rules explain.
	Draft *llm.Draft  `json:"draft,omitempty"`
	Calls []ModelCall `json:"calls,omitempty"`
}

// ModelCall is the record of one call to a model. The names of its JSON are those of histories that are recorded.
type ModelCall struct {
	Cluster      string        `json:"Cluster"`
	Assessment   string        `json:"Assessment"`
	Number       int           `json:"Number"`
	At           time.Time     `json:"At"`
	Model        string        `json:"Model"`
	Purpose      string        `json:"Purpose"`
	InputTokens  int64         `json:"InputTokens"`
	OutputTokens int64         `json:"OutputTokens"`
	CacheReads   int64         `json:"CacheReads"`
	CacheWrites  int64         `json:"CacheWrites"`
	Dollars      float64       `json:"Dollars"`
	Took         time.Duration `json:"Took"`
	Failure      string        `json:"Failure"`
}

// StoreAssessmentInput is an assessment to store.
type StoreAssessmentInput struct {
	ID          string              `json:"id"`
	Trigger     Trigger             `json:"trigger"`
	Evidence    evidence.Evidence   `json:"evidence"`
	Explanation explain.Explanation `json:"explanation"`
	Draft       *llm.Draft          `json:"draft,omitempty"`
	SameAs      string              `json:"same_as,omitempty"`
	MadeAt      time.Time           `json:"made_at"`
	// Calls are stored again, in case the store was away when they were made.
	Calls []ModelCall `json:"calls,omitempty"`
}

// StoreAssessmentOutput is empty: the store has it.
type StoreAssessmentOutput struct{}

// PeriodicInput says how often clusters are looked at again.
type PeriodicInput struct {
	Every time.Duration `json:"every"`
}

// PeriodicOutput names the clusters that are assessed.
type PeriodicOutput struct {
	Clusters []string `json:"clusters"`
}

// DueAssessmentsInput asks which clusters to look at again.
type DueAssessmentsInput struct {
	At    time.Time     `json:"at"`
	Every time.Duration `json:"every"`
}

// DueAssessmentsOutput names them.
type DueAssessmentsOutput struct {
	Clusters []string `json:"clusters"`
}

// LogSettings is what the configuration says about the reading of a cluster's logs.
type LogSettings struct {
	Interval time.Duration `json:"interval"`
}

func (s LogSettings) validate() error {
	if s.Interval < minInterval {
		return fmt.Errorf("interval %s: reading logs takes at least %s", s.Interval, minInterval)
	}
	return nil
}

// WatchLogsInput starts the reading of a cluster's logs, or carries it over to the next run.
type WatchLogsInput struct {
	Cluster  string      `json:"cluster"`
	Settings LogSettings `json:"settings"`
	// Cursor is what was read, as the reader wrote it; empty in the first run.
	Cursor json.RawMessage `json:"cursor,omitempty"`
	// Waiting is what the store has not taken yet, oldest first, as compressed JSON.
	Waiting []byte `json:"waiting,omitempty"`
}

// ReadLogsInput asks for the lines since the cursor.
type ReadLogsInput struct {
	Cluster string          `json:"cluster"`
	Cursor  json.RawMessage `json:"cursor,omitempty"`
	At      time.Time       `json:"at"`
}

// ReadLogsOutput is what was found, with redacted samples.
type ReadLogsOutput struct {
	Cursor  json.RawMessage   `json:"cursor"`
	Through time.Time         `json:"through"`
	Counts  []health.LogCount `json:"counts,omitempty"`
	// PerMinute is nil when it is not known.
	PerMinute *float64 `json:"per_minute"`
	// Unavailable says why nothing, or not everything, is known about the logs.
	Unavailable string `json:"unavailable,omitempty"`
	// More: there was too much to read at once.
	More bool `json:"more,omitempty"`
}

// LogRead is the result of reading a cluster's logs once. The names of its JSON are those of histories that are recorded.
type LogRead struct {
	Cluster string `json:"Cluster"`
	// At is when they were read, Through the time up to which lines were read.
	At      time.Time `json:"At"`
	Through time.Time `json:"Through"`
	// Unavailable says why they could not be read; empty when they were.
	Unavailable string            `json:"Unavailable"`
	Counts      []health.LogCount `json:"Counts"`
}

// StoreLogsInput holds readings of one cluster, oldest first.
type StoreLogsInput struct {
	Reads []LogRead `json:"reads"`
}

// StoreLogsOutput is empty: the store has them all.
type StoreLogsOutput struct{}

// LogRate is how many lines per minute match a pattern of trouble.
type LogRate struct {
	// At is when the logs were read.
	At time.Time `json:"at"`
	// PerMinute is nil when it is not known; Reason says why.
	PerMinute *float64 `json:"per_minute"`
	Reason    string   `json:"reason,omitempty"`
}

// SyncKnowledgeInput asks to bring the documents to the knowledge base.
type SyncKnowledgeInput struct {
	// Digest is of the documents that it has already; they are not brought again.
	Digest string `json:"digest,omitempty"`
}

// SyncKnowledgeOutput says what the knowledge base has now.
type SyncKnowledgeOutput struct {
	Digest string `json:"digest"`
	// Documents is how many were uploaded, 0 when none had changed.
	Documents int `json:"documents"`
	// Job is the id of the ingestion that was started.
	Job string `json:"job,omitempty"`
}
