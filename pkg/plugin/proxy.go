package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"golang.org/x/net/proxy"
)

// throughProxy is how the store is dialled when the data source is to use Grafana's secure socks proxy (private data source
// connect), and nil when it is not. A Grafana without that proxy is an error: a direct connection is not what was asked for.
func throughProxy(ctx context.Context, s backend.DataSourceInstanceSettings, asked bool) (func(context.Context, string, string) (net.Conn, error), error) {
	if !asked {
		return nil, nil
	}
	client, err := s.ProxyClient(ctx)
	if err != nil {
		return nil, fmt.Errorf("settings of Grafana's secure socks proxy: %w", err)
	}
	if !client.SecureSocksProxyEnabled() {
		return nil, errors.New("the data source uses the secure socks proxy, but this Grafana has none: set enabled = true and its addresses in Grafana's section [secure_socks_datasource_proxy], or turn the proxy off in the data source")
	}
	dialer, err := client.NewSecureSocksProxyContextDialer()
	if err != nil {
		return nil, fmt.Errorf("settings of Grafana's secure socks proxy: %w", err)
	}
	dialled, ok := dialer.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("the secure socks proxy of this version of the plugin SDK cannot be interrupted")
	}
	return dialled.DialContext, nil
}
