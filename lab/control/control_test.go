package control

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/lab/stage"
)

func TestAChangeReadsTheSameInYAMLAndInJSON(t *testing.T) {
	wanted := stage.Change{Workers: new(0), ActivityTime: new(30 * time.Second), Database: new(stage.DatabaseSlow)}
	for _, body := range []string{
		`{"workers": 0, "activity_time": "30s", "database": "slow"}`,
		"workers: 0\nactivity_time: 30s\ndatabase: slow\n",
	} {
		change, err := parseChange([]byte(body))
		require.NoError(t, err)
		require.Equal(t, wanted, change)
	}
}

func TestAChangeThatMeansNothingIsRefusedByName(t *testing.T) {
	for body, problem := range map[string]string{
		"":                        "it is empty",
		"{wrokers: 0}":            "wrokers",
		"{workers: many}":         "many",
		"workers":                 "{workers: 0}",
		`{"activity_time": "1 x"`: "can't be read",
	} {
		_, err := parseChange([]byte(body))
		require.ErrorContains(t, err, problem, body)
	}
}

func TestOnlyThisMachineIsListenedTo(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "localhost:7000", "[::1]:7000", "127.1.2.3:1"} {
		require.NoError(t, loopback(address), address)
	}
	for _, address := range []string{"0.0.0.0:0", ":7000", "192.0.2.7:1", "db.example.com:1", "127.0.0.1"} {
		require.Error(t, loopback(address), address)
	}
}
