package mcp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/story"
)

type arguments = map[string]any

// question is what an on-call engineer asks, and the call by which an assistant finds the answer.
type question struct {
	asked     string
	tool      string
	arguments arguments
	// text and structured are parts of the answer; without are parts that it must not have.
	text, structured, without []string
}

var onCall = []question{
	{"Which clusters are critical?", "clusters", arguments{"states": []string{"critical"}},
		[]string{"3 critical", `"prod" is critical`, `"shop" is critical`, `"west" is critical`}, []string{`"cluster":"shop"`, `"state":"critical"`}, []string{`"east" is`}},
	{"Is everything healthy?", "clusters", nil,
		[]string{"1 happy, 0 stressed, 3 critical, 3 unknown", `"east" is happy`, `"lab" is unknown (no current verdict; last known state happy`}, []string{`"counts":{"critical":3,"happy":1,"stressed":0,"unknown":3}`}, []string{`"old" is happy`}},
	{"What is the root cause in west?", "clusters", nil,
		[]string{"root cause: the database hangs", "first: Look for long-running transactions"}, []string{`"root_cause":"the database hangs, 9 % of its operations fail`}, nil},
	{"What is wrong with shop now?", "verdict", arguments{"cluster": "shop"},
		[]string{`Cluster "shop" is critical: requested work is not progressing`, "No workers poll for workflow tasks while tasks are waiting", "155 s > 90 s"},
		[]string{`"bottleneck":"worker_limited"`, `"gate":"workflow_pollers_gone"`, `"runbook":"pollers_gone"`}, nil},
	{"Since when is shop critical?", "verdict", arguments{"cluster": "shop"},
		[]string{"Since 2026-01-02 03:06:00 UTC (4 minutes)"}, []string{`"since":"2026-01-02T03:06:00Z"`, `"lasting":"4 minutes"`}, nil},
	{"Which task queue has no workers?", "verdict", arguments{"cluster": "shop"},
		[]string{`workflow queue "orders" in namespace "shop": tasks wait and it has no workers`}, []string{`"task_queue":"orders"`, `"starved":true`}, nil},
	{"Does scaling the server help west?", "verdict", arguments{"cluster": "west"},
		[]string{"bottleneck server_limited"}, []string{`"bottleneck":"server_limited"`, `"role":"blocked","service":"persistence"`}, nil},
	{"What is unknown about west, and why?", "verdict", arguments{"cluster": "west"},
		[]string{"Unknown, which is not healthy:", "the query returned nothing: visibility_failing, visibility_slow"}, []string{`"reason":"the query returned nothing"`}, nil},
	{"Is old healthy?", "verdict", arguments{"cluster": "old"},
		[]string{`Cluster "old" is unknown: insufficient data`, "Last known state: happy", "Cycles have stopped: the last one was at 2026-01-02 02:39:30 UTC"}, []string{`"stale":true`, `"firing":[]`, `"coverage":0`}, []string{"is happy"}},
	{"Why is the state of lab not known?", "verdict", arguments{"cluster": "lab"},
		[]string{"No current verdict", "coverage 10 %"}, []string{`"state":"unknown"`, `"last_state":"happy"`}, nil},
	{"What should I do first in shop?", "explanation", arguments{"cluster": "shop"},
		[]string{"Recommended actions, the best first:\n1. Start the workflow workers again, or roll back their last deploy."}, []string{`"current":true`, `"action_type":"restart"`, `"risk_level":"low"`}, nil},
	{"Why is west critical?", "explanation", arguments{"cluster": "west"},
		[]string{"west went from stressed to critical: the database hangs", "1. The database fails"}, []string{`"made":"rules"`, `"runbooks":["database_down"`, `"confidence":`}, nil},
	{"Does the explanation of north hold now?", "explanation", arguments{"cluster": "north"},
		[]string{"This does not explain the present.", "cycles have stopped, the last one was at 2026-01-01 22:39:30 UTC"}, []string{`"current":false`, `"state":"unknown"`}, nil},
	{"Why was north critical last night?", "explanation", arguments{"cluster": "north", "event": 3},
		[]string{"north went from stressed to critical: the database hangs", "This explains event 3"}, []string{`"current":false`, `"event":3`}, nil},
	{"What proves that shop has no workers?", "evidence", arguments{"cluster": "shop"},
		[]string{"fired: No workers poll for workflow tasks while tasks are waiting (workflow_pollers_gone): 0 < 1", "signal Workflow pollers (server)", "log pattern no_poller in matching: 12 lines"}, []string{`"origin":"assessment"`}, nil},
	{"What was measured when prod turned stressed?", "evidence", arguments{"cluster": "prod", "event": 2},
		[]string{"fired: A task queue with waiting tasks has no available workers (queues_starved): 2 > 0", "unknown: The database is slow"}, []string{`"origin":"event"`, `"from":"happy","kind":"state"`}, nil},
	{"How slow is the database of west now?", "signals", arguments{"cluster": "west", "signals": []string{"persistence.latency_p99_ms", "visibility.latency_p99_ms"}},
		[]string{"Persistence latency p99 (persistence.latency_p99_ms): 8.4 s", "unknown the query returned nothing"}, []string{`"value":8400`, `"value":null`}, nil},
	{"When did the database of west become slow?", "signals", arguments{"cluster": "west", "signals": []string{"persistence.latency_p99_ms"}, "start": "-15m"},
		[]string{"lowest 41 ms at 2026-01-02 03:00:00 UTC, highest 8.4 s at 2026-01-02 03:05:00 UTC"}, []string{`{"at":"2026-01-02T03:05:00Z","value":8400}`, `"worse":"higher"`}, nil},
	{"What happened last night in north, and how long did it last?", "incidents", arguments{"cluster": "north", "start": "2026-01-01T20:00:00Z", "end": "2026-01-02T06:00:00+02:00"},
		[]string{`"north" was critical from 2026-01-01 22:11:00 UTC to 2026-01-01 22:20:30 UTC`, "from critical to happy", `issue "The database fails" of "north" (critical, persistence), resolved after 11 minutes`},
		[]string{`"from":"2026-01-01T22:11:00Z","seconds":570,"state":"critical","to":"2026-01-01T22:20:30Z"`, `"resolved_at":"2026-01-01T22:20:30Z"`}, nil},
	{"Since when can't north be evaluated?", "incidents", arguments{"cluster": "north", "start": "-12h"},
		[]string{`"north" was unknown from 2026-01-01 22:40:00 UTC to 2026-01-02 03:10:05 UTC`}, []string{`"from":"2026-01-01T22:40:00Z","seconds":16205,"state":"unknown"`}, nil},
	{"What changed on any cluster in the last hour?", "incidents", arguments{"start": "-1h"},
		[]string{`event 3 of "shop" at 2026-01-02 03:06:00 UTC: from stressed to critical`, `event 3 of "prod"`, `event 1 of "east"`}, []string{`"cluster":"shop","event":3`}, []string{`event 3 of "north"`}},
	{"When does the rule for starved queues fire, and does it fire in shop?", "gates", arguments{"gates": []string{"queues_starved"}, "cluster": "shop"},
		[]string{"stressed when matching.starved_queues > 0", `on "shop": fired (1 > 0)`}, []string{`"why":"Tasks are waiting`, `"runbook":"starved_queues"`}, nil},
	{"Which conditions about the database are there?", "gates", arguments{"services": []string{"persistence"}},
		[]string{"persistence_slow: The database is slow. stressed when persistence.latency_p99_ms > 100 ms"}, []string{`"gate":"persistence_failing"`}, []string{"queues_starved"}},
	{"How do I fix a starved queue?", "runbook", arguments{"id": "queues_starved"},
		[]string{"# One task queue is starved", "## What to do first", "Further runbooks:\n- worker_versions"}, []string{`"id":"starved_queues"`}, nil},
	{"Which runbooks are there?", "runbook", nil,
		[]string{"- database_down: The database fails or cannot be reached"}, []string{`"gates":["persistence_failing"`}, nil},
}

func TestTheQuestionsOfAnOnCallEngineerAreAnswered(t *testing.T) {
	session := connect(t, newServer(t, seeded(t)))
	require.GreaterOrEqual(t, len(onCall), 20)
	for _, q := range onCall {
		t.Run(q.asked, func(t *testing.T) {
			text, structured, failed := call(t, session, q.tool, q.arguments)
			require.False(t, failed, text)
			for _, part := range q.text {
				assert.Contains(t, text, part)
			}
			for _, part := range q.structured {
				assert.Contains(t, structured, part)
			}
			for _, part := range q.without {
				assert.NotContains(t, text, part)
			}
		})
	}
}

func TestAQuestionThatCannotBeAnsweredSaysWhatToDo(t *testing.T) {
	session := connect(t, newServer(t, seeded(t)))
	for name, c := range map[string]struct {
		tool      string
		arguments arguments
		says      string
	}{
		"an unknown cluster":            {"verdict", arguments{"cluster": "prdo"}, `there is no cluster "prdo"; known clusters: "east", "lab", "north", "old", "prod", "shop", "west"`},
		"no cluster of several":         {"verdict", nil, `name one of them as cluster: "east", "lab"`},
		"a name that is no text":        {"verdict", arguments{"cluster": "a\x00b"}, "not a cluster name"},
		"SQL for a name":                {"verdict", arguments{"cluster": "'; drop schema copilot; --"}, "there is no cluster"},
		"an unknown state":              {"clusters", arguments{"states": []string{"bad"}}, "there are happy, stressed, critical, unknown"},
		"an unknown argument":           {"clusters", arguments{"cluster_name": "prod"}, "cluster_name"},
		"a time that is none":           {"incidents", arguments{"start": "yesterday"}, `start: invalid timestamp "yesterday": use a form like 2026-01-02T03:04:05Z, or a time before now like -90m, -3h or -7d`},
		"an end before the start":       {"incidents", arguments{"start": "-1h", "end": "-2h"}, "before it begins"},
		"a start in the future":         {"incidents", arguments{"start": "2027-01-02T03:04:05Z", "end": "2027-02-02T03:04:05Z"}, "is in the future"},
		"a time range that is too long": {"signals", arguments{"cluster": "prod", "start": "-400d"}, "the maximum is 366: choose a later start"},
		"too many points":               {"signals", arguments{"cluster": "prod", "start": "-1h", "points": 201}, "a number from 2 to 200"},
		"points of no time range":       {"signals", arguments{"cluster": "prod", "points": 10}, "give start"},
		"an unknown signal":             {"signals", arguments{"cluster": "prod", "signals": []string{"cpu"}}, `"cpu"`},
		"an unknown service":            {"gates", arguments{"services": []string{"database"}}, "persistence"},
		"an unknown gate":               {"gates", arguments{"gates": []string{"slow"}}, "lists the ids"},
		"an unknown runbook":            {"runbook", arguments{"id": "slow"}, "without an id lists the runbooks"},
		"an event of the future":        {"explanation", arguments{"cluster": "prod", "event": 99}, "its last event has the number 3"},
		"a negative event":              {"evidence", arguments{"cluster": "prod", "event": -1}, "a number from 1 to 3"},
		"a cluster without explanation": {"explanation", arguments{"cluster": "lab"}, "has no explanation yet"},
		"an event without explanation":  {"explanation", arguments{"cluster": "lab", "event": 1}, "the tool evidence shows what was measured"},
		"a limit beyond the most":       {"incidents", arguments{"limit": 101}, "a number from 1 to 100"},
	} {
		t.Run(name, func(t *testing.T) {
			text, _, failed := call(t, session, c.tool, c.arguments)
			assert.True(t, failed, text)
			assert.Contains(t, text, c.says)
		})
	}
}

func TestAStoreWithoutCyclesIsNotHealthy(t *testing.T) {
	s, _ := story.NewStore(t)
	session := connect(t, newServer(t, s))
	text, structured, failed := call(t, session, "clusters", nil)
	assert.False(t, failed)
	assert.Contains(t, text, "0 happy")
	assert.Contains(t, text, "There is no cycle yet")
	assert.Contains(t, structured, `"clusters":[]`)
	text, _, failed = call(t, session, "verdict", nil)
	assert.True(t, failed)
	assert.Contains(t, text, "There is no cycle yet")
	text, _, _ = call(t, session, "verdict", arguments{"cluster": "prod"})
	assert.Contains(t, text, "There is no cycle yet")
}

func TestASingleClusterNeedsNoName(t *testing.T) {
	s, _ := story.NewStore(t)
	tell(t, s, "only", story.Begins, chapter{cycles: 21})
	text, _, failed := call(t, connect(t, newServer(t, s)), "verdict", nil)
	assert.False(t, failed)
	assert.Contains(t, text, `Cluster "only" is happy`)
}
