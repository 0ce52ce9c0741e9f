package query

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestEveryQueryTypeSaysWhatAlertRulesGetOrWhatTheyShouldUse(t *testing.T) {
	for _, kind := range Types {
		assert.NotEqual(t, kind.AlertNumber == "", kind.InsteadForAlerts == "", kind.Name)
	}
}

func TestTheVocabularyHasEveryWordOfTheRules(t *testing.T) {
	states := []string{}
	for _, s := range append(health.States(), health.Unknown) {
		states = append(states, s.String())
	}
	assert.Equal(t, states, Values(States))
	assert.Equal(t, health.Services(), Values(Services))
	for _, s := range health.Signals() {
		assert.Contains(t, Values(SignalClasses), s.Class, s.ID)
		assert.Contains(t, Values(Units), s.Unit, s.ID)
	}
}
