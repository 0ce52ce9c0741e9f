// Package deploy_test holds docker-compose.yaml and what it mounts to what the programs in it really read. It
// needs no container engine: the files are loaded by the libraries and programs that load them for real.
package deploy_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = ".."

// noHealthcheck is the field of a service that says why it has no health check.
const noHealthcheck = "x-no-healthcheck"

// project is docker-compose.yaml as `docker compose config` reads it, with these values for the names of .env.
func project(environment ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yaml")}, cli.WithEnv(environment))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

// secrets are the names of .env.example.
func secrets(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, ".env.example"))
	require.NoError(t, err)
	var names []string
	for _, line := range regexp.MustCompile(`(?m)^([^#=\n]+)=(.*)$`).FindAllStringSubmatch(string(content), -1) {
		assert.Empty(t, line[2], ".env.example names secrets and holds none")
		names = append(names, line[1])
	}
	require.NotEmpty(t, names)
	return names
}

// valueOf is the value that the tests give to a secret.
func valueOf(secret string) string { return "value-of-" + secret }

func load(t *testing.T) *types.Project {
	t.Helper()
	var environment []string
	for _, name := range secrets(t) {
		environment = append(environment, name+"="+valueOf(name))
	}
	p, err := project(environment...)
	require.NoError(t, err)
	require.Greater(t, len(p.Services), 10)
	return p
}

// runsOnce tells whether a service does its work and ends.
func runsOnce(service types.ServiceConfig) bool { return service.Restart == types.RestartPolicyNo }

func TestWithoutPasswordsNothingStartsAndTheMessageSaysHowToMakeThem(t *testing.T) {
	_, err := project()
	require.ErrorContains(t, err, `run "go tool mage secrets" first`)
	for _, name := range secrets(t) {
		assert.ErrorContains(t, err, name)
	}
}

func TestEveryServiceTellsWhetherItIsWellOrWhyItDoesNot(t *testing.T) {
	for name, service := range load(t).Services {
		reason, _ := service.Extensions[noHealthcheck].(string)
		if service.HealthCheck == nil {
			assert.NotEmpty(t, reason, "%s has no health check and gives no reason", name)
			continue
		}
		assert.Empty(t, reason, "%s has a health check", name)
		assert.Greater(t, len(service.HealthCheck.Test), 1, name)
		assert.NotNil(t, service.HealthCheck.StartPeriod, "%s may be slow to start", name)
	}
}

func TestServicesComeBackAndWhatRunsOnceIsAwaited(t *testing.T) {
	p := load(t)
	awaited := map[string]bool{}
	for name, service := range p.Services {
		for other, dependency := range service.DependsOn {
			on := p.Services[other]
			switch dependency.Condition {
			case types.ServiceConditionCompletedSuccessfully:
				assert.True(t, runsOnce(on), "%s waits for the end of %s, which has none", name, other)
				awaited[other] = true
			case types.ServiceConditionHealthy:
				assert.NotNil(t, on.HealthCheck, "%s waits for the health of %s, which tells none", name, other)
			default:
				assert.Fail(t, "a start alone says nothing", "%s on %s", name, other)
			}
		}
	}
	for name, service := range p.Services {
		if runsOnce(service) {
			assert.True(t, awaited[name], "nobody waits for %s, and `up --wait` takes its end for a failure", name)
		} else {
			assert.Equal(t, types.RestartPolicyUnlessStopped, service.Restart, name)
		}
		require.NotNil(t, service.Logging, name)
		assert.NotEmpty(t, service.Logging.Options["max-size"], "the log of %s grows without end", name)
	}
}

// secretName is how variables are called that hold secrets.
var secretName = regexp.MustCompile(`PASSWORD|PWD|SECRET|TOKEN|API_KEY`)

func TestSecretsStandInEnvironmentsOnlyAndComeFromDotenv(t *testing.T) {
	p := load(t)
	used := map[string]bool{}
	for name, service := range p.Services {
		for variable, value := range service.Environment {
			require.NotNil(t, value, "%s of %s would be taken from the shell of whoever starts it", variable, name)
			secret, fromDotenv := strings.CutPrefix(*value, valueOf(""))
			assert.Equal(t, secretName.MatchString(variable), fromDotenv, "%s of %s", variable, name)
			used[secret] = true
		}
		service.Environment = nil
		rest, err := service.MarshalYAML()
		require.NoError(t, err)
		assert.NotContains(t, fmt.Sprint(rest), valueOf(""), "a secret of %s stands where `docker ps` shows it", name)
	}
	for _, name := range secrets(t) {
		assert.True(t, used[name], "nobody uses %s", name)
	}
}

func TestNothingIsServedBeyondThisMachine(t *testing.T) {
	published := 0
	for name, service := range load(t).Services {
		for _, port := range service.Ports {
			assert.Equal(t, "127.0.0.1", port.HostIP, name)
			published++
		}
	}
	assert.Equal(t, 1, published, "Grafana's")
}

func TestWhatIsMountedFromHereIsThereAndCannotBeChanged(t *testing.T) {
	p := load(t)
	mounted := map[string]bool{}
	for name, service := range p.Services {
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
				assert.Contains(t, p.Volumes, volume.Source, name)
				continue
			}
			assert.True(t, volume.ReadOnly, "%s of %s", volume.Source, name)
			here, err := filepath.Rel(p.WorkingDir, volume.Source)
			require.NoError(t, err)
			mounted[here] = true
			if here == "dist" || volume.Source == "/var/run/docker.sock" {
				continue // the build makes one, Docker the other
			}
			info, err := os.Stat(volume.Source)
			require.NoError(t, err, "%s of %s", here, name)
			assert.Equal(t, filepath.Ext(volume.Source) == "", info.IsDir(), here)
			assert.Equal(t, filepath.Ext(volume.Source), filepath.Ext(volume.Target), "%s of %s", here, name)
		}
	}
	files, err := filepath.Glob("compose/*")
	require.NoError(t, err)
	for _, file := range files {
		assert.True(t, mounted[filepath.Join("deploy", file)], "nobody mounts %s", file)
	}
}

func TestCommandsNameFilesThatAreMounted(t *testing.T) {
	path := regexp.MustCompile(`(?:^|=)(/(?:etc|setup)/\S+)$`)
	checked := 0
	for name, service := range load(t).Services {
		words := append([]string{}, service.Command...)
		for _, value := range service.Environment {
			words = append(words, *value)
		}
		targets := map[string]bool{}
		for _, volume := range service.Volumes {
			targets[volume.Target] = true
		}
		for _, word := range words {
			if found := path.FindStringSubmatch(word); found != nil {
				assert.True(t, targets[found[1]], "%s names %s", name, found[1])
				checked++
			}
		}
	}
	assert.GreaterOrEqual(t, checked, 7)
}

func TestTheInstructionsNameServicesAndFilesThatThereAre(t *testing.T) {
	p := load(t)
	content, err := os.ReadFile(filepath.Join(root, "docs", "install.md"))
	require.NoError(t, err)
	named := regexp.MustCompile(`docker compose (?:stop|start|pause|unpause|exec) ([a-z-]+)(?: copilot .*?-c (\S+\.yaml))?`).FindAllStringSubmatch(string(content), -1)
	require.Greater(t, len(named), 5)
	for _, found := range named {
		service, known := p.Services[found[1]]
		assert.True(t, known, found[0])
		if file := found[2]; file != "" {
			assert.True(t, slices.ContainsFunc(service.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == file }), found[0])
		}
	}
}
