// Package catalogue writes what follows from the back end's catalogue of query types where others need it: the query
// editor's tables, and those in the documents.
package catalogue

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

// Files that are generated, or have generated tables in them.
const (
	typeScript = "src/catalogue.ts"
	document   = "docs/queries.md"
)

// Write brings the generated files of the repository at root up to date.
func Write(root string) error {
	files, err := Files(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("writing a generated file: %w", err)
		}
	}
	return nil
}

// Files are the generated files as they should be, by their paths below root.
func Files(root string) (map[string]string, error) {
	page, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		return nil, fmt.Errorf("reading the document with the query types: %w", err)
	}
	text := string(page)
	for name, table := range map[string]string{"query types": typeTable(), "measures of status": measureTable("status")} {
		if text, err = between(text, name, table); err != nil {
			return nil, fmt.Errorf("%s: %w", document, err)
		}
	}
	return map[string]string{typeScript: editorTables(), document: text}, nil
}

// between puts a table between the marks with its name.
func between(page, name, table string) (string, error) {
	begin, end := fmt.Sprintf("<!-- generated: %s -->\n", name), "<!-- end -->\n"
	before, rest, begun := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !begun || !ended {
		return "", fmt.Errorf("no place for the generated table %q", name)
	}
	return before + begin + "\n" + table + "\n" + end + after, nil
}

func typeTable() string {
	var b strings.Builder
	b.WriteString("| type | result | options | in alert rules |\n|---|---|---|---|\n")
	for _, t := range query.Types {
		title := fmt.Sprintf("%s (`%s`)", t.Label, t.Name)
		anchor := strings.NewReplacer(" ", "-", "(", "", ")", "", "`", "").Replace(strings.ToLower(title))
		var options []string
		for _, o := range t.Options {
			options = append(options, strings.ReplaceAll(string(o), "includeResolved", "include resolved"))
		}
		alerts := "no"
		if t.AlertNumber != "" {
			alerts = "yes: " + t.AlertNumber
		}
		row(&b, fmt.Sprintf("[%s](#%s)", t.Label, anchor), strings.TrimSuffix(t.Sentence, "."), strings.Join(options, ", "), alerts)
	}
	return b.String()
}

func measureTable(name string) string {
	var b strings.Builder
	b.WriteString("| measure | value |\n|---|---|\n")
	for _, t := range query.Types {
		for _, m := range t.Measures {
			if t.Name == name {
				row(&b, "`"+string(m.Measure)+"`", m.Description)
			}
		}
	}
	return b.String()
}

func row(b *strings.Builder, cells ...string) {
	for _, c := range cells {
		b.WriteString("|" + strings.TrimRight(" "+c, " ") + " ")
	}
	b.WriteString("|\n")
}

func editorTables() string {
	var b strings.Builder
	b.WriteString("// Generated from pkg/plugin/query: `go tool mage generate` writes it anew.\n\n")
	var types, options, measures []string
	for _, t := range query.Types {
		types = append(types, t.Name)
		options = addNew(options, t.Options)
		for _, m := range t.Measures {
			measures = addNew(measures, []query.Measure{m.Measure})
		}
	}
	union(&b, "What a query asks for. The back end has one answer for each.", "QueryType", types)
	union(&b, "The options beside the cluster that a query type obeys.", "QueryOption", options)
	union(&b, "Which number an answer is about, and what an alert rule compares. Alert rules can't read the table.", "Measure", measures)
	b.WriteString(interfaces)
	b.WriteString("/** Every query type in the order in which people look: what is, what to do, what was, why. */\nexport const QUERY_TYPES: QueryTypeInfo[] = [\n")
	for _, t := range query.Types {
		sentence := t.Sentence
		if t.AlertNumber != "" {
			sentence += " Can alert."
		}
		fmt.Fprintf(&b, "  {\n    value: %s,\n    label: %s,\n%s    options: [%s],\n",
			quote(t.Name), quote(t.Label), description("    ", sentence), strings.Join(quoted(query.PlainNames(t.Options)), ", "))
		if len(t.Measures) > 0 {
			b.WriteString("    measures: [\n")
			for _, m := range t.Measures {
				fmt.Fprintf(&b, "      {\n        value: %s,\n        label: %s,\n%s      },\n", quote(string(m.Measure)), quote(m.Label), description("        ", m.Description))
			}
			b.WriteString("    ],\n")
		}
		b.WriteString("  },\n")
	}
	b.WriteString("];\n")
	words(&b, "The states a verdict can have, best first, and the one before any verdict.", "STATES", query.States)
	words(&b, "The parts of a Temporal deployment in the order of a request's way through them.", "SERVICES", query.Services)
	words(&b, "Services as gates and signals name them: some speak about the cluster as a whole.", "SERVICES_AND_CLUSTER", query.ServicesAndCluster)
	words(&b, "Services as the labels of log lines usually name them.", "LOG_SERVICES", query.LogServices)
	words(&b, "How bad an issue is, the worst first.", "SEVERITIES", query.Severities)
	words(&b, "What a gate can come to.", "RESULTS", query.Results)
	words(&b, "Kinds of events.", "EVENT_KINDS", query.EventKinds)
	words(&b, "The classes of signals as headings, in the order in which people read them.", "SIGNAL_CLASSES", query.SignalClasses)
	words(&b, "Units of signals as they are written next to a name.", "UNITS", query.Units)
	return b.String()
}

const interfaces = `export interface QueryTypeInfo {
  value: QueryType;
  label: string;
  /** One sentence for the person who chooses. */
  description: string;
  options: QueryOption[];
  /** What the option "measure" chooses from, the default first. */
  measures?: MeasureInfo[];
}

export interface MeasureInfo {
  value: Measure;
  label: string;
  description: string;
}

/** A fixed word of the rules, as the query JSON spells it and as people read it. */
export interface Word {
  value: string;
  label: string;
}

`

// width is the length of a line of TypeScript, from which Prettier breaks it.
const width = 120

func description(indent, text string) string {
	line := fmt.Sprintf("%sdescription: %s,\n", indent, quote(text))
	if utf8.RuneCountInString(line)-1 > width {
		line = fmt.Sprintf("%sdescription:\n%s  %s,\n", indent, indent, quote(text))
	}
	return line
}

func union(b *strings.Builder, comment, name string, values []string) {
	fmt.Fprintf(b, "/** %s */\nexport type %s =\n  | %s;\n\n", comment, name, strings.Join(quoted(values), "\n  | "))
}

func words[T ~string](b *strings.Builder, comment, name string, all []query.Word[T]) {
	fmt.Fprintf(b, "\n/** %s */\nexport const %s: Word[] = [\n", comment, name)
	for _, w := range all {
		fmt.Fprintf(b, "  { value: %s, label: %s },\n", quote(string(w.Value)), quote(w.Label))
	}
	b.WriteString("];\n")
}

func addNew[T ~string](all []string, more []T) []string {
	for _, x := range more {
		if !slices.Contains(all, string(x)) {
			all = append(all, string(x))
		}
	}
	return all
}

func quoted(values []string) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = quote(v)
	}
	return all
}

// quote writes a string of TypeScript as Prettier does: in single quotes unless double ones need fewer escapes.
func quote(s string) string {
	double := strconv.Quote(s)
	if strings.Count(s, "'") > strings.Count(s, `"`) {
		return double
	}
	return "'" + strings.NewReplacer(`\"`, `"`, `'`, `\'`).Replace(double[1:len(double)-1]) + "'"
}
