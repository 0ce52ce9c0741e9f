package knowledge

import "regexp"

// What a query language or a dump of measurements looks like. Go's expressions take linear time on any text.
var rawTexts = []*regexp.Regexp{
	// rate(x), sum by (y) (z), histogram_quantile(0.99, x): a function of PromQL or LogQL with its bracket.
	regexp.MustCompile(`(?i)\b(rate|irate|increase|delta|idelta|deriv|resets|changes|histogram_quantile|quantile|predict_linear|label_replace|label_join|absent|topk|bottomk|count_values|vector|scalar|clamp(_min|_max)?|(sum|avg|min|max|count|quantile|stddev|stdvar|last|present|absent)_over_time|bytes_rate)\(`),
	regexp.MustCompile(`(?i)\b(sum|avg|min|max|count|stddev|stdvar|group)(\(|\s+(by|without)\s*\()`),
	regexp.MustCompile(`(?i)\b(by|without|on|ignoring|group_left|group_right)\s*\(\s*[a-z_]\w*(\s*,\s*[a-z_]\w*)*\s*\)\s*\(`),
	// x[5m], x[1h:30s]: a range.
	regexp.MustCompile(`\[\s*\d+(ms|[smhdwy])(\d+(ms|[smhdwy]))*\s*(:\s*(\d+(ms|[smhdwy]))?\s*)?\]`),
	// {job="x"}, {le=~"..."}: label matchers.
	regexp.MustCompile("\\{[^{}]*[a-zA-Z_]\\w*\\s*(=~|!~|!=|=)\\s*[\"'`]"),
	// some_metric > 5: a comparison with a metric.
	regexp.MustCompile(`\b[a-zA-Z]\w*_\w+\s*(==|!=|>=|<=|<|>)\s*(bool\s+)?[-+]?(\d|\.\d)`),
	// some_metric 42, some_metric{a="b"} 42 1700000000: a line of the exposition format.
	regexp.MustCompile(`(?m)^\s*[a-zA-Z_:][\w:]*[_:][\w:]*(\{[^}\n]*\})?\s+[-+]?(\d|\.\d|NaN|Inf)\S*(\s+\d+)?\s*$`),
	regexp.MustCompile(`(?m)^\s*# (HELP|TYPE|UNIT) \w+`),
	// "value":[1700000000,"42"], 42 @1700000000: an answer of the Prometheus API or of promtool.
	regexp.MustCompile(`"(value|values|resultType)"\s*:\s*["\[]`),
	regexp.MustCompile(`@\s?\[?1[5-9]\d{8}`),
	// 1700000000 42: a time stamp with its value.
	regexp.MustCompile(`\b1[5-9]\d{8}(\.\d+|\d{3})?["']?\s*[,;:|\s]\s*["']?[-+]?(\d|\.\d|NaN)`),
	// 1.5, 2.5, 2, 3, 5, 8, 13, 21: eight numbers or more in a row.
	regexp.MustCompile(`([-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?[\s,;|]+){7}[-+]?(\d|\.\d)`),
}

// LooksRaw reports whether a text holds a query (PromQL, LogQL) or raw measurements. It would rather be
// wrong about an odd sentence than let a query through.
func LooksRaw(text string) bool {
	for _, raw := range rawTexts {
		if raw.MatchString(text) {
			return true
		}
	}
	return false
}
