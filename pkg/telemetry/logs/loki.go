package logs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// api is what a Source leads to.
var api = telemetry.API{Name: "Loki", Path: "/loki/api/v1", Example: "http://loki:3100"}

const (
	// maxLine is how much of a line is read, in characters. A server's line says what it has to say in less than
	// 1,100, by measure; then comes its stack trace.
	maxLine = 1_900
	// maxAnswer is the largest answer that is read, in bytes: a page of long lines, escaped.
	maxAnswer = 64 << 20
	// silentAfter is how long nothing at all may be written before that is worth a word.
	silentAfter = 15 * time.Minute
	// streamsLife is how far back streams are looked for, to tell a selector that is wrong from a quiet cluster.
	streamsLife = 24 * time.Hour
)

// loki asks a Loki.
type loki struct {
	source Source
	base   *url.URL
	client *http.Client
	// query finds the lines that may match.
	query string
	// limit is how many lines the server gives at most, 0 while that is not known.
	limit atomic.Int64
}

func newLoki(source Source, filter string) (*loki, error) {
	base, transport, err := source.Connect(api, maxAnswer)
	if err != nil {
		return nil, err
	}
	return &loki{
		source: source, base: base, client: &http.Client{Transport: transport},
		// Lines are cut by the server: most of what would travel is stack traces. Lines of the same nanosecond that
		// differ only behind the cut count as one.
		query: fmt.Sprintf("%s%s | line_format `{{ trunc %d __line__ }}`", source.Selector, filter, maxLine),
	}, nil
}

func (l *loki) lines(ctx context.Context, from, to time.Time, limit int) ([]entry, bool, error) {
	for {
		if known := int(l.limit.Load()); known > 0 {
			limit = min(limit, known)
		}
		lines, err := l.ask(ctx, l.query, from, to, limit, "forward")
		var tooMany tooManyError
		if errors.As(err, &tooMany) && limit > minLimit {
			l.limit.Store(int64(max(minLimit, tooMany.limit(limit))))
			continue
		}
		return lines, err == nil && len(lines) < limit, l.unavailable(err)
	}
}

// minLimit is the least number of lines worth asking for at once.
const minLimit = 10

func (l *loki) silence(ctx context.Context, at time.Time) (string, error) {
	newest, err := l.ask(ctx, l.source.Selector, at.Add(-silentAfter), at, 1, "backward")
	if err != nil {
		return "", l.unavailable(err)
	}
	if len(newest) > 0 {
		return "", nil
	}
	streams, err := l.streams(ctx, at.Add(-streamsLife), at)
	switch {
	case err != nil:
		return "", err
	case len(streams) == 0:
		return "", &UnavailableError{fmt.Sprintf("Loki at %s has no log stream that %s matches in the last %s: check the selector, the tenant, and whether logs are shipped there",
			l.base.Host, l.source.Selector, streamsLife)}
	}
	return fmt.Sprintf("no line of any kind was written in the last %s: is the cluster that quiet, or are logs no longer shipped?", silentAfter), nil
}

func (l *loki) streams(ctx context.Context, from, to time.Time) ([]map[string]string, error) {
	var streams []map[string]string
	err := l.get(ctx, "/series", url.Values{"match[]": {l.source.Selector}, "start": {nanoseconds(from)}, "end": {nanoseconds(to)}}, &streams)
	return streams, l.unavailable(err)
}

func (l *loki) ask(ctx context.Context, query string, from, to time.Time, limit int, direction string) ([]entry, error) {
	var data struct {
		ResultType string `json:"resultType"`
		Result     []struct {
			Stream map[string]string `json:"stream"`
			Values [][2]string       `json:"values"`
		} `json:"result"`
	}
	err := l.get(ctx, "/query_range", url.Values{
		"query": {query}, "start": {nanoseconds(from)}, "end": {nanoseconds(to)}, "limit": {strconv.Itoa(limit)}, "direction": {direction},
	}, &data)
	if err != nil {
		return nil, err
	}
	if data.ResultType != "streams" {
		return nil, fmt.Errorf("it answers with %q where log lines were asked for", data.ResultType)
	}
	var lines []entry
	for _, stream := range data.Result {
		id := fmt.Sprint(stream.Stream) // maps are printed in the order of their keys
		for _, value := range stream.Values {
			at, err := strconv.ParseInt(value[0], 10, 64)
			if err != nil {
				return nil, errors.New("it returned a log line with an invalid timestamp")
			}
			lines = append(lines, entry{at: time.Unix(0, at), stream: id, labels: stream.Stream, text: value[1]})
		}
	}
	slices.SortStableFunc(lines, func(a, b entry) int { return a.at.Compare(b.at) })
	return lines, nil
}

func nanoseconds(at time.Time) string { return strconv.FormatInt(at.UnixNano(), 10) }

// get asks one of the API's pages and decodes the data of its answer.
func (l *loki) get(ctx context.Context, page string, values url.Values, data any) error {
	address := l.base.JoinPath(api.Path, page)
	address.RawQuery = values.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	response, err := l.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return refusal(response)
	}
	answer := struct {
		Status string `json:"status"`
		Data   any    `json:"data"`
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("its answer is not that of a Loki API: %w", err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("its answer has the status %q", answer.Status)
	}
	return nil
}

// mostLines finds the number that a Loki gives at most in "(5000 > 1000)".
var mostLines = regexp.MustCompile(`\(\d+ > (\d+)\)`)

// tooManyError is the number of lines that a Loki gives at most, or halfAsMany when it does not say.
type tooManyError int

const halfAsMany tooManyError = -1

// limit is how many lines to ask for instead.
func (e tooManyError) limit(asked int) int {
	if e == halfAsMany || int(e) >= asked {
		return asked / 2
	}
	return int(e)
}

func (e tooManyError) Error() string { return "it gives fewer lines at once than were asked for" }

// refusal makes an error of an answer that is none.
func refusal(response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 2_000))
	text := strings.TrimSpace(string(body))
	switch {
	case strings.Contains(text, "max entries limit"):
		if m := mostLines.FindStringSubmatch(text); m != nil {
			most, _ := strconv.Atoi(m[1])
			return tooManyError(most)
		}
		return halfAsMany
	case strings.Contains(text, "message larger than max"):
		// A Loki's parts send each other 4 MiB by default, and fail on more.
		return halfAsMany
	case response.StatusCode == http.StatusNotFound:
		return errors.New("it does not know the page (HTTP 404): is this the URL of a Loki, without /loki/api/v1?")
	case response.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("it limits queries (HTTP 429): %s", text)
	case strings.Contains(text, "parse error"):
		return fmt.Errorf("it does not accept the query: check the selector: %s", text)
	}
	return fmt.Errorf("HTTP %s: %s", response.Status, text)
}

// unavailable says an error in words, with what to do and without secrets.
func (l *loki) unavailable(err error) error {
	var said *UnavailableError
	var address *url.Error
	var dial *net.OpError
	var text string
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		text = "no answer in time"
	case errors.Is(err, context.Canceled):
		text = "reading was interrupted"
	case errors.As(err, &dial):
		text = dial.Error()
	case errors.As(err, &address):
		text = address.Err.Error()
	default:
		text = err.Error()
	}
	return &UnavailableError{fmt.Sprintf("Loki at %s: %s", l.base.Host, l.source.Words(text))}
}
