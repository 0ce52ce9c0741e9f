package plugin

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/armon/go-socks5"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/proxy"
	"github.com/grafana/grafana-plugin-sdk-go/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/pluginprocess"
	"github.com/temporal-sre/copilot/internal/story"
)

// elsewhere resolves one name, which exists only in the network of the proxy.
type elsewhere struct{}

func (elsewhere) Resolve(ctx context.Context, name string) (context.Context, net.IP, error) {
	if name != "db.elsewhere" {
		return ctx, nil, errors.New("not resolved by this test")
	}
	return ctx, net.IPv4(127, 0, 0, 1), nil
}

// socksProxy starts a proxy that admits the data source by its uid, and returns Grafana's configuration for it.
func socksProxy(t *testing.T, password string) *config.GrafanaCfg {
	t.Helper()
	server, err := socks5.New(&socks5.Config{Resolver: elsewhere{}, Credentials: socks5.StaticCredentials{"copilot": password}})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() { _ = server.Serve(listener) }()
	return config.NewGrafanaCfg(map[string]string{
		proxy.PluginSecureSocksProxyEnabled: "true", proxy.PluginSecureSocksProxyProxyAddress: listener.Addr().String(),
		proxy.PluginSecureSocksProxyAllowInsecure: "true",
	})
}

func TestTheStoreIsReachedThroughTheSecureSocksProxy(t *testing.T) {
	s, p := story.NewStore(t)
	story.TellAll(t, s)
	p.Host = "db.elsewhere"
	jsonData, secure := pluginprocess.SettingsOf(p)
	jsonData["tlsMode"] = "disable"
	secure["secureSocksProxyPassword"] = "proxy-password"
	proxied := with(jsonData, "enableSecureSocksProxy", true)
	admits := socksProxy(t, "proxy-password")

	for name, c := range map[string]struct {
		grafana *config.GrafanaCfg
		json    map[string]any
		status  backend.HealthStatus
		says    string
	}{
		"through the proxy":         {admits, proxied, backend.HealthStatusOk, "PostgreSQL"},
		"without the proxy":         {admits, jsonData, backend.HealthStatusError, "db.elsewhere"},
		"a Grafana without a proxy": {config.NewGrafanaCfg(nil), proxied, backend.HealthStatusError, "this Grafana has none"},
		"another password":          {socksProxy(t, "another"), proxied, backend.HealthStatusError, "db.elsewhere"},
		"a switch that is a word":   {admits, with(proxied, "enableSecureSocksProxy", "yes"), backend.HealthStatusError, `"enableSecureSocksProxy" can't be a string`},
		"a user that is a number":   {admits, with(proxied, "secureSocksProxyUsername", 7), backend.HealthStatusError, `"secureSocksProxyUsername" can't be a number`},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := New(config.WithGrafanaConfig(t.Context(), c.grafana), pluginprocess.Instance(t, c.json, secure))
			require.NoError(t, err)
			d := made.(*Datasource)
			defer d.Dispose()
			result, err := d.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
			require.NoError(t, err)
			assert.Equal(t, c.status, result.Status, result.Message)
			assert.Contains(t, result.Message+string(result.JSONDetails), c.says)
			assert.NotContains(t, result.Message+string(result.JSONDetails), "proxy-password")
		})
	}
}
