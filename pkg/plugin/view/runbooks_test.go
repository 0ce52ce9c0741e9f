package view

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestEveryGateLinksItsRunbook(t *testing.T) {
	for _, g := range health.Gates() {
		assert.Equal(t, "/d/temporal-copilot-runbook?var-runbook="+g.Runbook, Guide(g.ID))
		assert.FileExists(t, "../../knowledge/documents/"+g.Runbook+".md", g.ID)
	}
	assert.Empty(t, Guide("of a newer worker"))
}
