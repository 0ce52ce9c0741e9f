package health

import "fmt"

// State says whether a cluster is making progress. The zero value is Unknown: before the first
// verdict nobody knows, and nobody may claim that all is well.
type State uint8

// The states, in the order of getting worse.
const (
	Unknown State = iota
	Happy
	Stressed
	Critical
)

var stateNames = [...]string{Unknown: "unknown", Happy: "happy", Stressed: "stressed", Critical: "critical"}

// States lists the states that a verdict can have, best first.
func States() []State { return []State{Happy, Stressed, Critical} }

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Level is the number that alert rules compare: 0 happy, 1 stressed, 2 critical. An unknown state
// has no level, so that it can never be mistaken for a happy one.
func (s State) Level() (level int, known bool) {
	if s == Unknown || s > Critical {
		return 0, false
	}
	return int(s) - 1, true
}

// ParseState is the inverse of String.
func ParseState(name string) (State, error) {
	for i, n := range stateNames {
		if n == name {
			return State(i), nil //nolint:gosec // four names, the index fits
		}
	}
	return Unknown, fmt.Errorf("no such state %q: it is one of unknown, happy, stressed, critical", name)
}

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a state's name.
func (s *State) UnmarshalText(text []byte) error {
	parsed, err := ParseState(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// Bottleneck says on which side progress is limited.
type Bottleneck string

// The bottleneck classes. BottleneckUnknown stands before the first verdict.
const (
	BottleneckUnknown Bottleneck = "unknown"
	BottleneckHealthy Bottleneck = "healthy"
	ServerLimited     Bottleneck = "server_limited"
	WorkerLimited     Bottleneck = "worker_limited"
	Mixed             Bottleneck = "mixed"
	// ApplicationLimited: workflow code, activities' own errors or clients limit progress on a sound cluster.
	ApplicationLimited Bottleneck = "application_limited"
)

// Bottlenecks lists the classes that a verdict can have, the sound one first.
func Bottlenecks() []Bottleneck {
	return []Bottleneck{BottleneckHealthy, ServerLimited, WorkerLimited, Mixed, ApplicationLimited}
}

// Service is a part of a Temporal deployment that a gate speaks about.
type Service string

// The services of the services grid, and the cluster as a whole.
const (
	Cluster     Service = "cluster"
	Frontend    Service = "frontend"
	History     Service = "history"
	Matching    Service = "matching"
	Persistence Service = "persistence"
	// Visibility is the store behind lists and searches.
	Visibility Service = "visibility"
	// SystemWorker is the server's own worker service, which runs schedules, batches and deletions.
	SystemWorker Service = "system_worker"
	// Replication is the traffic between clusters.
	Replication Service = "replication"
	Workers     Service = "workers"
)

// Services lists the services of the services grid in the order of a request's way through them.
func Services() []Service {
	return []Service{Frontend, History, Matching, Persistence, Visibility, SystemWorker, Replication, Workers}
}
