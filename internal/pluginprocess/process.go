// Package pluginprocess runs the plugin as Grafana does: a process of its own, spoken to over gRPC.
package pluginprocess

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/store"
)

// Process is the plugin as Grafana runs it: a process of its own, spoken to over gRPC.
type Process struct {
	Client   *goplugin.Client
	Data     pluginv2.DataClient
	Checks   pluginv2.DiagnosticsClient
	Stream   pluginv2.StreamClient
	Resource pluginv2.ResourceClient
	Context  *pluginv2.PluginContext
}

// Build builds the executable once per test.
func Build(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "gpx_temporal_sre_copilot")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/temporal-sre/copilot/pkg")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	return binary
}

// Start starts the executable with Grafana's handshake and without the host's environment.
func Start(t testing.TB, binary, pluginID string, database store.Postgres) *Process {
	t.Helper()
	client := goplugin.NewClient(&goplugin.ClientConfig{
		Cmd: exec.Command(binary), SkipHostEnv: true, Logger: hclog.NewNullLogger(),
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion: grpcplugin.ProtocolVersion, MagicCookieKey: grpcplugin.MagicCookieKey, MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]goplugin.PluginSet{grpcplugin.ProtocolVersion: {
			"diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
			"resource":    &grpcplugin.ResourceGRPCPlugin{},
			"data":        &grpcplugin.DataGRPCPlugin{},
			"stream":      &grpcplugin.StreamGRPCPlugin{},
		}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
	})
	t.Cleanup(client.Kill)
	protocol, err := client.Client()
	require.NoError(t, err)
	jsonData, secure := SettingsOf(database)
	settings := Instance(t, jsonData, secure)
	settings.Name, settings.Updated = "Copilot", time.Now()
	p := &Process{Client: client, Context: backend.ToProto().PluginContext(backend.PluginContext{
		PluginID: pluginID, PluginVersion: "1.0.0", DataSourceInstanceSettings: &settings,
	})}
	p.Checks = dispense[pluginv2.DiagnosticsClient](t, protocol, "diagnostics")
	p.Data = dispense[pluginv2.DataClient](t, protocol, "data")
	p.Stream = dispense[pluginv2.StreamClient](t, protocol, "stream")
	p.Resource = dispense[pluginv2.ResourceClient](t, protocol, "resource")
	return p
}

func dispense[T any](t testing.TB, protocol goplugin.ClientProtocol, name string) T {
	t.Helper()
	raw, err := protocol.Dispense(name)
	require.NoError(t, err)
	client, ok := raw.(T)
	require.True(t, ok, "%s is a %T", name, raw)
	return client
}

// Query asks a question and returns the response and its size on the wire.
func (p *Process) Query(t testing.TB, q backend.DataQuery, headers map[string]string) (backend.DataResponse, int) {
	t.Helper()
	raw, err := p.Data.QueryData(t.Context(), &pluginv2.QueryDataRequest{
		PluginContext: p.Context, Headers: headers,
		Queries: []*pluginv2.DataQuery{backend.ToProto().DataQuery(q)},
	})
	require.NoError(t, err)
	size := 0
	for _, r := range raw.Responses {
		for _, f := range r.Frames {
			size += len(f)
		}
	}
	response, err := backend.FromProto().QueryDataResponse(raw)
	require.NoError(t, err)
	return response.Responses[q.RefID], size
}

// SettingsOf writes a database's settings as the config editor does.
func SettingsOf(p store.Postgres) (map[string]any, map[string]string) {
	return map[string]any{
		"kind": "postgres", "host": p.Host, "port": p.Port, "database": p.Database, "user": p.User, "tlsMode": string(p.TLS), "pollIntervalMs": 200,
	}, map[string]string{"password": p.Password, "tlsCACert": p.CACert}
}

// Instance are the settings of a data source as Grafana hands them over.
func Instance(t testing.TB, jsonData map[string]any, secure map[string]string) backend.DataSourceInstanceSettings {
	t.Helper()
	raw, err := json.Marshal(jsonData)
	require.NoError(t, err)
	return backend.DataSourceInstanceSettings{UID: "copilot", JSONData: raw, DecryptedSecureJSONData: secure}
}
