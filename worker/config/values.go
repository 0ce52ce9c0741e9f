package config

import (
	"fmt"
	"os"
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"
)

// Text is a string in which ${NAME} stands for an environment variable.
type Text string

// Secret is a Text that is never shown.
type Secret string

// String hides the secret from logs and messages.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[hidden]"
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalYAML hides the secret from printed configurations.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// Duration is a time.Duration written like 30s or 720h.
type Duration time.Duration

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand replaces ${NAME} by the environment's value. A variable that is not set is an error: an empty
// password or address by accident is harder to find.
func expand(node *yaml.Node) (string, error) {
	if node.Kind != yaml.ScalarNode {
		return "", fmt.Errorf("line %d: expected a scalar, got a list or mapping", node.Line)
	}
	var missing error
	text := variable.ReplaceAllStringFunc(node.Value, func(match string) string {
		name := variable.FindStringSubmatch(match)[1]
		value, ok := os.LookupEnv(name)
		if !ok {
			missing = fmt.Errorf("line %d: the environment variable %s is not set; set it, or write the value here", node.Line, name)
		}
		return value
	})
	return text, missing
}

// UnmarshalYAML expands environment variables.
func (t *Text) UnmarshalYAML(node *yaml.Node) error {
	text, err := expand(node)
	*t = Text(text)
	return err
}

// UnmarshalYAML expands environment variables.
func (s *Secret) UnmarshalYAML(node *yaml.Node) error {
	text, err := expand(node)
	*s = Secret(text)
	return err
}

// UnmarshalYAML reads a duration.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	text, err := expand(node)
	if err != nil {
		return err
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a duration; write it like 30s, 5m or 720h", node.Line, text)
	}
	*d = Duration(parsed)
	return nil
}

// UnmarshalYAML reads the name of a dialect, or its properties.
func (d *Dialect) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.MappingNode {
		type properties Dialect
		return node.Decode((*properties)(d))
	}
	text, err := expand(node)
	if err != nil {
		return err
	}
	switch text {
	case "tally":
		*d = Dialect{}
	case "opentelemetry":
		*d = Dialect{CounterSuffix: true, UnitSuffix: true, Milliseconds: true}
	default:
		return fmt.Errorf("line %d: %q is no dialect: it is tally, opentelemetry, or a mapping of counter_suffix, unit_suffix and milliseconds; leave it out to have it detected", node.Line, text)
	}
	return nil
}
