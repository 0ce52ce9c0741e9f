package stage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAChangeLeavesAloneWhatItDoesNotName(t *testing.T) {
	changed := Calm().Apply(Change{Rate: new(4.0), Database: new(DatabaseSlow)})
	wanted := Calm()
	wanted.Rate, wanted.Database = 4, DatabaseSlow
	require.Equal(t, wanted, changed)
	require.Equal(t, Calm(), Calm().Apply(Change{}))
}

func TestConditionsThatCannotBeAreNamed(t *testing.T) {
	require.NoError(t, Calm().Validate())
	for problem, change := range map[string]Change{
		"rate -1":          {Rate: new(-1.0)},
		"activity_time":    {ActivityTime: new(-time.Second)},
		"fail_share 1.5":   {FailShare: new(1.5)},
		"workers 5":        {Workers: new(MaxWorkers + 1)},
		"queues 4":         {Queues: new(4)},
		"dead_queues 2":    {DeadQueues: new(2)},
		"activity_slots 0": {ActivitySlots: new(0)},
		`database "gone"`:  {Database: new(Database("gone"))},
		`visibility "off"`: {Visibility: new(Database("off"))},
		"frontend_rps -1":  {FrontendRPS: new(-1)},
		"namespace_rps -1": {NamespaceRPS: new(-1)},
	} {
		require.ErrorContains(t, Calm().Apply(change).Validate(), problem)
	}
}

func TestConditionsReadAsASentence(t *testing.T) {
	require.Equal(t, "no load, 2 workers with 100 activity slots each, database ok", Calm().String())
	busy := Calm().Apply(Change{Rate: new(4.0), FailShare: new(0.25), Workers: new(0), Database: new(DatabaseHung)})
	require.Equal(t, "4 workflows/s with activities of 50ms, 25 % of them failing, no workers, database hung", busy.String())
	faults := Calm().Apply(Change{Queues: new(3), DeadQueues: new(1), ActivitiesFailing: new(true), NonDeterminism: new(true)})
	require.Equal(t, "no load, 3 task queues, 1 of them without workers, 2 workers per queue with 100 activity slots each, "+
		"activities failing, workflow code that breaks determinism, database ok", faults.String())
	limited := Calm().Apply(Change{FrontendRPS: new(40), NamespaceRPS: new(20), Visibility: new(DatabaseDown)})
	require.Equal(t, "no load, 2 workers with 100 activity slots each, at most 40 requests/s, at most 20 requests/s of the namespace, "+
		"database ok, visibility store down", limited.String())
}

func TestAFaultOfTheDatabaseIsOneOfTheVisibilityStoreToo(t *testing.T) {
	for promise, c := range map[string]struct {
		set    Change
		wanted Database
	}{
		"both are sound":                       {Change{}, DatabaseOK},
		"the visibility store fails by itself": {Change{Visibility: new(DatabaseDown)}, DatabaseDown},
		"the database takes it along":          {Change{Database: new(DatabaseHung), Visibility: new(DatabaseDown)}, DatabaseHung},
	} {
		require.Equal(t, c.wanted, Calm().Apply(c.set).visibilityBehaves(), promise)
	}
}

func TestLimitsAreWrittenAsTheServerReadsThem(t *testing.T) {
	require.Equal(t, "frontend.namespaceRPS:\n    - value: 20\nfrontend.rps:\n    - value: 40\n",
		string(dynamicConfig(Conditions{FrontendRPS: 40, NamespaceRPS: 20})))
	require.Equal(t, "{}\n", string(dynamicConfig(Calm())))
}
