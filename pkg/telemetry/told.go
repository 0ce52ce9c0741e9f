package telemetry

import (
	"maps"
	"sync"
	"time"
)

// told is what a reading was answered so far. It notes what is looked up.
type told struct {
	// answers are by the question's id.
	answers map[string]answer
	used    map[string]bool
	// lacking: something was looked up that was not asked yet.
	lacking bool
}

func newTold(answers map[string]answer) *told {
	return &told{answers: answers, used: map[string]bool{}}
}

// to is what a question got; nothing, which is noted, when it was not asked yet.
func (t *told) to(q question) answer {
	got, ok := t.answers[q.id]
	t.used[q.id] = true
	t.lacking = t.lacking || !ok
	return got
}

func (t *told) has(q question) bool {
	_, ok := t.answers[q.id]
	return ok
}

func (t *told) add(answers map[string]answer) { maps.Copy(t.answers, answers) }

// addByText adds the answers of questions that have other names, for queries that ask the same.
func (t *told) addByText(questions []question) {
	for _, q := range questions {
		if got, ok := t.answers[q.id]; ok {
			t.answers[q.promql] = got
		}
	}
}

// usedLife is how long a question is asked along with the others after its answer was last looked up.
const usedLife = detectionLife

// usage remembers of each cluster which questions' answers were looked up lately. Many are asked for nothing: the
// fallbacks of what has a value. What it says changes when a question is asked, and never what a reading comes to.
type usage struct {
	mu sync.Mutex
	// at are the evaluation times of the readings that used them last, by cluster and id.
	at map[string]map[string]time.Time
}

// lately returns whether a question of a cluster was used lately, or may have been: nothing is known of a cluster that
// was not read lately.
func (u *usage) lately(cluster string, at time.Time) func(question) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	used := map[string]bool{}
	for id, last := range u.at[cluster] {
		if at.Sub(last).Abs() < usedLife {
			used[id] = true
		}
	}
	return func(q question) bool { return len(used) == 0 || used[q.id] }
}

// note remembers what a reading used, and forgets what was not used for long.
func (u *usage) note(cluster string, at time.Time, used map[string]bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.at[cluster] == nil {
		u.at[cluster] = map[string]time.Time{}
	}
	for id := range used {
		u.at[cluster][id] = at
	}
	maps.DeleteFunc(u.at[cluster], func(_ string, last time.Time) bool { return at.Sub(last).Abs() >= usedLife })
}
