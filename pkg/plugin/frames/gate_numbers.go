package frames

import (
	"strconv"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// gateNumbers shows the number of a gate as its title.
func gateNumbers(title string) *data.FieldConfig {
	names := data.ValueMapper{strconv.Itoa(view.NoGate): {Text: "nothing fires", Color: green, Index: 0}}
	for _, g := range health.Gates() {
		names[strconv.Itoa(g.Number)] = data.ValueMappingResult{Text: g.Title, Index: g.Number}
	}
	return &data.FieldConfig{DisplayNameFromDS: title, Mappings: data.ValueMappings{names, nullIs("unknown")}}
}
