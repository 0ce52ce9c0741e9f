package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads, completes and validates a configuration file. The error lists every mistake.
func Load(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := Parse(text)
	if err != nil {
		return Config{}, fmt.Errorf("the configuration %s has mistakes:\n%w", path, err)
	}
	return c, nil
}

// Parse is Load for a text.
func Parse(text []byte) (Config, error) {
	var c Config
	switch err := Decode(text, &c); {
	case errors.Is(err, ErrEmpty):
		return Config{}, errors.New("  it is empty; `copilot config example` prints one to begin with")
	case errors.Is(err, ErrSeveral):
		return Config{}, errors.New("  it holds more than one YAML document; one is read, so write one")
	case err != nil:
		return Config{}, plain(err)
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return Config{}, indent(err)
	}
	return c, nil
}

// What Decode refuses besides mistakes in YAML and unknown keys.
var (
	ErrEmpty   = errors.New("no YAML document")
	ErrSeveral = errors.New("several YAML documents")
)

// Decode reads one YAML document with known keys only. Errors other than ErrEmpty and ErrSeveral are those of the YAML
// library.
func Decode(text []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); errors.Is(err, io.EOF) {
		return ErrEmpty
	} else if err != nil {
		return err
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return ErrSeveral
	}
	return nil
}

var (
	unknownField = regexp.MustCompile(`^(line \d+): field (\S+) not found in type config\.(\w+)$`)
	duplicateKey = regexp.MustCompile(`^(line \d+): mapping key "(.*)" already defined at (line \d+)$`)
	badType      = regexp.MustCompile("^(line \\d+): cannot unmarshal (!!\\w+)(?: `.*`)? into (\\S+)$")
)

// plain turns the YAML library's messages into ones that say what to do, and that never repeat a value,
// which may be a secret.
func plain(err error) error {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		return indent(err)
	}
	var lines []error
	for _, message := range typed.Errors {
		switch {
		case unknownField.MatchString(message):
			m := unknownField.FindStringSubmatch(message)
			message = fmt.Sprintf("%s: unknown key %q; valid keys: %s", m[1], m[2], strings.Join(keysOf(m[3]), ", "))
		case duplicateKey.MatchString(message):
			m := duplicateKey.FindStringSubmatch(message)
			message = fmt.Sprintf("%s: duplicate key %q, first at %s; keep one", m[1], m[2], m[3])
		case badType.MatchString(message):
			m := badType.FindStringSubmatch(message)
			message = fmt.Sprintf("%s: the value has the wrong type: found %s where %s is wanted", m[1], kind(m[2]), kind(m[3]))
		}
		lines = append(lines, errors.New("  "+message))
	}
	return errors.Join(lines...)
}

func kind(name string) string {
	switch name {
	case "!!str", "string":
		return "a text"
	case "!!int", "int", "!!float", "float64":
		return "a number"
	case "!!bool", "bool":
		return "true or false"
	case "!!seq":
		return "a list"
	case "!!map":
		return "a mapping"
	case "!!null":
		return "nothing"
	}
	if strings.HasPrefix(name, "[]") {
		return "a list"
	}
	return "a mapping"
}

func indent(err error) error {
	return errors.New("  " + strings.ReplaceAll(err.Error(), "\n", "\n  "))
}
