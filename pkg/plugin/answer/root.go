package answer

import (
	"context"
	"net/url"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/config"
)

// Root is the path below which Grafana is served, empty at the top. It stands before addresses within texts, which Grafana
// leaves as they are; before the address of a data link Grafana puts it by itself.
func Root(ctx context.Context) string {
	address, err := config.GrafanaConfigFromContext(ctx).AppURL()
	if err != nil {
		return ""
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimRight(parsed.Path, "/")
}
