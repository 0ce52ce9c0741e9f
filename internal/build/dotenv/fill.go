// Package dotenv fills the file from which Docker Compose takes passwords.
package dotenv

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// entropy is how many random bytes make a password.
const entropy = 24

// Fill writes the example to a file that only its owner may read, with a random password for each name that
// has no value in it. What the file holds already stays: a database keeps the password that it was set up with.
// It returns the names that got a password.
func Fill(example, file string) ([]string, error) {
	template, err := os.ReadFile(example)
	if err != nil {
		return nil, err
	}
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	known := values(old)
	var filled bytes.Buffer
	var names []string
	for line := range strings.Lines(string(template)) {
		name, value, assigns := assignment(line)
		switch {
		case !assigns:
			filled.WriteString(strings.TrimRight(line, "\r\n") + "\n")
			continue
		case known[name] != "":
			value = known[name]
		case value == "":
			value = password()
			names = append(names, name)
		}
		delete(known, name)
		filled.WriteString(name + "=" + value + "\n")
	}
	if len(names) == 0 {
		return nil, nil
	}
	// What else somebody has set, in the order in which it stands.
	for line := range strings.Lines(string(old)) {
		if name, value, assigns := assignment(line); assigns && known[name] != "" {
			filled.WriteString(name + "=" + value + "\n")
		}
	}
	if err := os.WriteFile(file, filled.Bytes(), 0o600); err != nil {
		return nil, fmt.Errorf("writing passwords: %w", err)
	}
	return names, os.Chmod(file, 0o600)
}

// values are the names of a file and their values.
func values(content []byte) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if name, value, assigns := assignment(line); assigns {
			all[name] = value
		}
	}
	return all
}

func assignment(line string) (name, value string, assigns bool) {
	line = strings.TrimSpace(line)
	if line == "" || strings.HasPrefix(line, "#") {
		return "", "", false
	}
	name, value, assigns = strings.Cut(line, "=")
	return strings.TrimSpace(name), strings.TrimSpace(value), assigns
}

// password is in hexadecimal: nothing in it means anything to a shell, a URL or Compose.
func password() string {
	random := make([]byte, entropy)
	_, _ = rand.Read(random) // never fails
	return hex.EncodeToString(random)
}
