package query

// Measure is the number that a query is about, or the form of its answer.
type Measure string

// MeasureInfo is a measure as people choose it.
type MeasureInfo struct {
	Measure            Measure
	Label, Description string
}

// The measures of a status query.
const (
	MeasureState     Measure = "state"
	MeasureStaleness Measure = "staleness"
	MeasureCoverage  Measure = "coverage"
	// MeasureWorkerLimited is the bottleneck as a number: 1 when workers limit progress.
	MeasureWorkerLimited Measure = "worker_limited"
	// MeasureApplicationLimited is 1 when the application limits progress on a healthy cluster.
	MeasureApplicationLimited Measure = "application_limited"
	// MeasureFlapping is 1 when the state turned worse repeatedly of late.
	MeasureFlapping Measure = "flapping"
	// The two worst gates that fire, as numbers: what the message of an alert can name.
	MeasureFirstGate  Measure = "first_gate"
	MeasureSecondGate Measure = "second_gate"
)

// The measures of a query about deciding signals: whose condition's signal to draw.
const (
	MeasureFirst  Measure = "first"
	MeasureSecond Measure = "second"
	MeasureThird  Measure = "third"
)

// The measures of queries about logs and models. Alert rules can't read the table.
const (
	MeasureTable   Measure = "table"
	MeasureCounts  Measure = "counts"
	MeasureDollars Measure = "dollars"
	MeasureTokens  Measure = "tokens"
	MeasureCalls   Measure = "calls"
	MeasureBudget  Measure = "budget"
)

var statusMeasures = []MeasureInfo{
	{MeasureState, "State", "0 happy, 1 stressed, 2 critical; null when stale or before the first verdict"},
	{MeasureStaleness, "Staleness", "1 stale, 0 current; never null"},
	{MeasureCoverage, "Coverage", "Share of known deciding gates; 0 when cycles have stopped"},
	{MeasureWorkerLimited, "Limited by workers", "1 when only workers limit progress: scaling the server will not help; null when unknown"},
	{MeasureApplicationLimited, "Limited by the application", "1 when only workflow code, activities or clients limit progress; null when unknown"},
	{MeasureFlapping, "Flapping", "1 when the state worsened repeatedly within half an hour; null when unknown"},
	{MeasureFirstGate, "Worst gate", "Number of the worst firing gate, 0 when none fires. The number of a gate is permanent"},
	{MeasureSecondGate, "Second gate", "Number of the second worst firing gate, 0 when none fires"},
}

var decidingMeasures = []MeasureInfo{
	{MeasureFirst, "Root cause", "The signal of the root cause"},
	{MeasureSecond, "Second", "The signal of the next condition in the chain"},
	{MeasureThird, "Third", "The signal of the third condition in the chain"},
}

// The measures of a query about the copilot's sources.
const (
	MeasureSources    Measure = "sources"
	MeasureExplaining Measure = "explaining"
)

var sourceMeasures = []MeasureInfo{
	{MeasureSources, "All sources", "Cycles, metrics, logs and the model"},
	{MeasureExplaining, "Logs and model", "The sources of explanations only. Cycles and metrics show in the staleness of the cluster."},
}

var logMeasures = []MeasureInfo{
	{MeasureTable, "Table", "Each pattern with its meaning, its lines in the range and a sample"},
	{MeasureCounts, "Lines over time", "Lines of each pattern in each step. Can alert."},
}

var usageMeasures = []MeasureInfo{
	{MeasureDollars, "Cost over time", "Dollars by the configured prices. Can alert."},
	{MeasureTokens, "Tokens over time", "Input and output tokens, including cached tokens. Can alert."},
	{MeasureCalls, "Calls over time", "LLM calls, including failed calls. Can alert."},
	{MeasureTable, "Table", "Sums of the time range for each model and purpose"},
	{MeasureBudget, "Budget today", "Spent since midnight UTC, and the limits. Can alert."},
}
