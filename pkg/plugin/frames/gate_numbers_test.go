package frames

import (
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

func TestANumberNamesAGateForEver(t *testing.T) {
	p := view.Present{ClusterStatus: store.ClusterStatus{Verdict: health.Verdict{Gates: []health.GateResult{story.Gate("hot_workflow", new(4.0), health.Fired)}}}}
	assert.Equal(t, 51.0, *p.GateNumber(0))
	assert.Equal(t, 0.0, *p.GateNumber(1))
	mappings := gateNumbers("Worst gate").Mappings[0].(data.ValueMapper)
	assert.Len(t, mappings, len(health.Gates())+1)
	assert.Equal(t, "One workflow gets more calls than it can take", mappings["51"].Text)
}
