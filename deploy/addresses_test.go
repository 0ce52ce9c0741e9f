package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ports are those that a service listens on for others.
func ports(service types.ServiceConfig) []string {
	all := slices.Clone([]string(service.Expose))
	for _, port := range service.Ports {
		all = append(all, strconv.Itoa(int(port.Target)))
	}
	return all
}

// address is how files and commands name a service with its port. Addresses of the container itself, and of the
// machine around all of them, have dots.
var address = regexp.MustCompile(`(?:^|[/@"\s,])([a-z][a-z-]*):(\d{4,5})(?:$|[/"\s,?\]])`)

func TestEveryAddressIsThatOfAServiceWhichListensThere(t *testing.T) {
	p := load(t)
	texts := map[string]string{}
	for name, service := range p.Services {
		words := append([]string{}, service.Command...)
		for _, value := range service.Environment {
			words = append(words, *value)
		}
		texts[name] = strings.Join(words, "\n")
	}
	files, err := filepath.Glob("compose/*")
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		texts[file] = string(content)
	}
	found := map[string]bool{}
	for where, text := range texts {
		for _, match := range address.FindAllStringSubmatch(text, -1) {
			service, known := p.Services[match[1]]
			if assert.True(t, known, "%s names %s, which is no service", where, match[1]) {
				assert.Contains(t, ports(service), match[2], "%s names %s:%s", where, match[1], match[2])
			}
			found[match[1]+":"+match[2]] = true
		}
	}
	for _, must := range []string{"temporal:7233", "temporal:8000", "copilot-temporal:7233", "copilot-db:5432", "prometheus:9090", "loki:3100", "copilot:9464"} {
		assert.True(t, found[must], "nobody names %s", must)
	}
}

func TestHealthChecksAskWhereTheServiceListens(t *testing.T) {
	local := regexp.MustCompile(`127\.0\.0\.1(?::|/| )(\d+)`)
	for name, service := range load(t).Services {
		if service.HealthCheck == nil {
			continue
		}
		for _, match := range local.FindAllStringSubmatch(strings.Join(service.HealthCheck.Test, " "), -1) {
			// Alloy serves nobody else.
			assert.Contains(t, append(ports(service), map[string]string{"alloy": "12345"}[name]), match[1], name)
		}
	}
}

func TestServicesListenOnThePortsThatTheyOffer(t *testing.T) {
	everywhere := regexp.MustCompile(`^0\.0\.0\.0:(\d+)$`)
	listening := 0
	for name, service := range load(t).Services {
		words := append([]string{}, service.Command...)
		for _, value := range service.Environment {
			words = append(words, *value)
		}
		for _, word := range words {
			if found := everywhere.FindStringSubmatch(word); found != nil {
				assert.Contains(t, ports(service), found[1], "%s listens on %s", name, word)
				listening++
			}
		}
	}
	assert.Equal(t, 2, listening, "the metrics of the server and of the workers")
	assert.Contains(t, ports(load(t).Services["copilot"]), strings.TrimPrefix(readCopilotConfig(t).Metrics.Listen, ":"))
}
