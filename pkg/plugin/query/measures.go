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
	// The two worst gates that fire, as numbers: what the message of an alert can name.
	MeasureFirstGate  Measure = "first_gate"
	MeasureSecondGate Measure = "second_gate"
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
	{MeasureCoverage, "Coverage", "Share of the deciding gates that are known: the confidence in the state; 0 when cycles have stopped"},
	{MeasureWorkerLimited, "Limited by workers", "1 when workers alone limit progress, so that scaling the server will not help; null when unknown"},
	{MeasureFirstGate, "Worst gate", "Number of the worst gate that fires, 0 when none does: for the message of an alert. A gate keeps its number for ever"},
	{MeasureSecondGate, "Second gate", "Number of the gate that fires beside it, 0 when none does"},
}

var logMeasures = []MeasureInfo{
	{MeasureTable, "Table", "Each pattern with its meaning, its lines in the range and a sample"},
	{MeasureCounts, "Lines over time", "Lines of each pattern in each step. Can alert."},
}

var usageMeasures = []MeasureInfo{
	{MeasureDollars, "Cost over time", "Dollars by the configured prices. Can alert."},
	{MeasureTokens, "Tokens over time", "Tokens in and out, cached ones included. Can alert."},
	{MeasureCalls, "Calls over time", "Calls to models, failed ones included. Can alert."},
	{MeasureTable, "Table", "Sums of the time range for each model and purpose"},
	{MeasureBudget, "Budget today", "What was spent since midnight UTC, and what may be. Can alert."},
}
