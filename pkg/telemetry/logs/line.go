package logs

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/go-logfmt/logfmt"
)

// line is what patterns are held against.
type line struct {
	// level is in small letters, empty when it cannot be told.
	level string
	// texts are the message, the errors, the component with its lifecycle, and the shard update.
	texts []string
}

// maxTexts bounds the work on a line made of errors.
const maxTexts = 40

// readLine takes a log line apart: JSON of the server, of the dev server and of SDKs, logfmt, or anything else,
// which is one text. A line that was cut is read as far as it goes.
func readLine(raw string) line {
	raw = strings.TrimSpace(raw)
	var f fields
	switch {
	case strings.HasPrefix(raw, "{"):
		f.readJSON(raw, 1)
	default:
		f.readText(raw)
	}
	l := line{level: f.level, texts: f.texts}
	if f.component != "" && f.lifecycle != "" {
		l.texts = append(l.texts, f.component+"/"+f.lifecycle)
	}
	if len(l.texts) == 0 && raw != "" {
		l.texts = []string{raw}
	}
	return l
}

// fields are those of a line that are looked at.
type fields struct {
	level, component, lifecycle string
	texts                       []string
}

var (
	messageNames = []string{"msg", "message", "log", "body", "event"}
	errorNames   = []string{"cause", "exception", "reason", "failure", "failure-message", "shard-update"}
	levelNames   = []string{"level", "lvl", "severity", "severity_text"}
)

// take looks at one field. The path holds the names of the objects around it too, all in small letters.
func (f *fields) take(path, value string) {
	if value == "" {
		return
	}
	name := path[strings.LastIndexByte(path, '.')+1:]
	switch {
	case slices.Contains(levelNames, path):
		f.level = levelOf(value)
	case name == "component":
		f.component = value
	case name == "lifecycle":
		f.lifecycle = value
	case len(f.texts) >= maxTexts || strings.Contains(name, "stack"):
	case slices.Contains(messageNames, name), slices.Contains(errorNames, name), strings.Contains(path, "err"):
		f.texts = append(f.texts, value)
	}
}

// maxWrapped is how many times a line may be wrapped into another: by the container's runtime, by a collector.
const maxWrapped = 3

// readJSON reads a JSON object field by field, up to where it ends or is broken.
func (f *fields) readJSON(raw string, depth int) {
	decoder := json.NewDecoder(strings.NewReader(raw))
	decoder.UseNumber()
	var path []string // the names of the objects around
	var name string
	var lists int
	isName := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return
		}
		switch token {
		case json.Delim('{'):
			path = append(path, name)
			isName = true
			continue
		case json.Delim('}'):
			path = path[:len(path)-1]
			isName = lists == 0
			if len(path) == 0 {
				return
			}
			continue
		case json.Delim('['):
			lists++
			continue
		case json.Delim(']'):
			lists--
			isName = lists == 0
			continue
		}
		text, ok := token.(string)
		switch {
		case lists > 0:
		case isName:
			name, isName = strings.ToLower(text), false
			continue
		case ok && depth < maxWrapped && slices.Contains(messageNames, name) && strings.HasPrefix(text, "{"):
			f.readJSON(text, depth+1)
		case ok:
			f.take(strings.TrimPrefix(strings.Join(append(path[1:len(path):len(path)], name), "."), "."), text)
		}
		isName = lists == 0
	}
}

// shoutedLevel finds a level in a text line: in capitals, or alone between tabs.
var shoutedLevel = regexp.MustCompile(`\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|PANIC)\b|\t(debug|info|warn|error|fatal|panic)\t`)

// readText reads a line that does not begin as JSON: logfmt, JSON behind something else, or plain text.
func (f *fields) readText(raw string) {
	if begin := strings.Index(raw, `{"`); begin >= 0 {
		f.readJSON(raw[begin:], 1)
		if len(f.texts) > 0 && f.level != "" {
			// A whole line with something put before it, as container runtimes do.
			return
		}
	} else if strings.Contains(raw, "=") {
		f.readLogfmt(raw)
	}
	f.texts = append(f.texts, raw)
	if m := shoutedLevel.FindStringSubmatch(raw); f.level == "" && m != nil {
		f.level = levelOf(m[1] + m[2])
	}
}

// readLogfmt finds the fields that a text line alone does not tell: those that stand apart, and the level.
func (f *fields) readLogfmt(raw string) {
	decoder := logfmt.NewDecoder(strings.NewReader(raw))
	for decoder.ScanRecord() {
		for decoder.ScanKeyval() {
			name, value := strings.ToLower(string(decoder.Key())), string(decoder.Value())
			// A quoted text is taken without its escapes.
			f.take(name, value)
		}
	}
}

func levelOf(word string) string {
	switch word = strings.ToLower(word); word {
	case "warning":
		return "warn"
	case "trace":
		return "debug"
	case "err":
		return "error"
	case "panic", "dpanic", "critical":
		return "fatal"
	}
	return word
}
