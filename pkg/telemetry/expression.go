package telemetry

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
)

// query asks for one number. The functions below build queries from each other, so that a signal is
// written once for all dialects and absence is treated the same way everywhere.
type query func(*asking) compiled

// compiled is a query written for one cluster. Its text is complete PromQL, for people to read and to try.
// What Prometheus is asked are its leaves, which many signals share: each is asked once, and the arithmetic
// between them, which is the same as the text's, is done here.
type compiled struct {
	text   string
	leaves []question
	// value looks up only the leaves that matter, given those before them: what a fallback asks does not, while the first
	// choice has a value.
	value func(*told) number
}

// number is what a query came to: a value, or absent as in an empty vector, or a failure in words.
type number struct {
	v       float64
	absent  bool
	failure string
	// witness is what the number was read from, where that is not the first choice.
	witness string
	// few: the number is absent because too few operations to measure it, not because nothing is exported.
	few bool
}

var absent = number{absent: true}

func (n number) usable() bool { return !n.absent && n.failure == "" }

// leaf is PromQL that gives one number.
func leaf(write func(*asking) string) query {
	return func(a *asking) compiled {
		q := asked(write(a))
		return compiled{text: q.promql, leaves: []question{q}, value: func(got *told) number { return single(got.to(q)) }}
	}
}

// leafOf is a leaf that reads nothing but a counter of the server, whose series are given to write.
func leafOf(counter string, matchers []string, write func(a *asking, series string) string) query {
	return func(a *asking) compiled {
		name := a.names.server.counter(counter)
		c := leaf(func(a *asking) string { return write(a, a.series(name, matchers...)) })(a)
		c.leaves[0].of = a.names.prefix + name
		return c
	}
}

func single(got answer) number {
	switch {
	case got.failure != "":
		return number{failure: got.failure}
	case len(got.series) == 0:
		return absent
	case len(got.series) > 1:
		return number{failure: fmt.Sprintf("the query finds %d series where one is expected: aggregate them, with sum() or max()", len(got.series))}
	case got.series[0].Histogram != nil:
		return number{failure: "the answer is a histogram, not a number"}
	}
	v := float64(got.series[0].Value)
	// Nothing that is asked for can be negative or without end: such an answer must not vanish in a sum.
	switch {
	case math.IsInf(v, 0):
		return number{failure: "the value is infinite"}
	case v < 0:
		return number{failure: "the value is negative, which cannot be: " + strconv.FormatFloat(v, 'g', 6, 64)}
	}
	return number{v: v}
}

// constant is a number that needs no asking.
func constant(v float64) query {
	return func(*asking) compiled {
		return compiled{text: strconv.FormatFloat(v, 'g', -1, 64), value: func(*told) number { return number{v: v} }}
	}
}

// combine joins queries by a format for their texts and a function of their numbers.
func combine(format string, of func([]number) number, terms ...query) query {
	return func(a *asking) compiled {
		parts := make([]compiled, len(terms))
		texts := make([]any, len(terms))
		var leaves []question
		for i, t := range terms {
			parts[i] = t(a)
			texts[i] = parts[i].text
			leaves = append(leaves, parts[i].leaves...)
		}
		return compiled{text: fmt.Sprintf(format, texts...), leaves: leaves, value: func(got *told) number {
			numbers := make([]number, len(parts))
			for i, p := range parts {
				numbers[i] = p.value(got)
				if numbers[i].failure != "" {
					return numbers[i]
				}
			}
			return of(numbers)
		}}
	}
}

// arithmetic is combine for functions of numbers that are all there; one that is absent makes the result so.
func arithmetic(format string, of func(v []float64) float64, terms ...query) query {
	return combine(format, func(numbers []number) number {
		v := make([]float64, len(numbers))
		for i, n := range numbers {
			if n.absent {
				return n
			}
			v[i] = n.v
		}
		return number{v: of(v)}
	}, terms...)
}

func plus(terms ...query) query {
	return arithmetic("("+strings.Repeat(" + %s", len(terms))[3:]+")", func(v []float64) (sum float64) {
		for _, x := range v {
			sum += x
		}
		return sum
	}, terms...)
}

func minus(from, what query) query {
	return arithmetic("(%s - %s)", func(v []float64) float64 { return v[0] - v[1] }, from, what)
}

// share divides; 0 / 0 is NaN: nothing happened, so there is no share to know.
func share(part, whole query) query {
	return arithmetic("%s / %s", func(v []float64) float64 { return v[0] / v[1] }, part, whole)
}

// times multiplies with a constant.
func times(factor float64, q query) query {
	return arithmetic(strconv.FormatFloat(factor, 'g', -1, 64)+" * %s", func(v []float64) float64 { return factor * v[0] }, q)
}

// complement is 1 minus a share.
func complement(q query) query {
	return arithmetic("1 - %s", func(v []float64) float64 { return 1 - v[0] }, q)
}

// atLeastZero cuts off what a difference of two rates, sampled at different times, may fall below 0.
func atLeastZero(q query) query {
	return arithmetic("clamp_min(%s, 0)", func(v []float64) float64 { return max(v[0], 0) }, q)
}

// atMost cuts off what is above a limit that the true value cannot exceed.
func atMost(limit float64, q query) query {
	return arithmetic(fmt.Sprintf("clamp_max(%%s, %g)", limit), func(v []float64) float64 { return min(v[0], limit) }, q)
}

// above is absent unless the number is above a limit.
func above(limit float64, q query) query {
	return combine(fmt.Sprintf("(%%s > %g)", limit), func(n []number) number {
		if n[0].absent || !(n[0].v > limit) {
			return absent
		}
		return n[0]
	}, q)
}

// larger is the larger of two numbers, or the one that there is.
func larger(x, y query) query {
	return combine("(%[1]s > %[2]s or %[2]s or %[1]s)", func(n []number) number {
		switch {
		case n[0].absent:
			return n[1]
		case n[1].absent || n[0].v > n[1].v:
			return n[0]
		}
		return n[1]
	}, x, y)
}

// atLeast is the larger of two numbers; absent when the first is, which is the one that tells of absence.
func atLeast(first, second query) query {
	return combine("(%[2]s > %[1]s or %[1]s)", func(n []number) number {
		switch {
		case n[0].absent || n[1].absent || !(n[0].v < n[1].v):
			return n[0]
		}
		return n[1]
	}, first, second)
}

// failureShare is the share of failures, where no failure at all is a share of 0 even without traffic.
func failureShare(failures, all query) query {
	return combine("(%[1]s / (%[2]s > 0) or %[1]s == 0)", func(n []number) number {
		switch {
		case n[0].usable() && n[1].usable() && n[1].v > 0:
			return number{v: n[0].v / n[1].v}
		case n[0].usable() && n[0].v == 0:
			return n[0]
		}
		return absent
	}, failures, all)
}

// or is the first number, or where that is absent the second.
func or(first, second query) query {
	return func(a *asking) compiled {
		x, y := first(a), second(a)
		return compiled{text: fmt.Sprintf("(%s or %s)", x.text, y.text), leaves: slices.Concat(x.leaves, y.leaves), value: func(got *told) number {
			if n := x.value(got); !n.absent {
				return n
			}
			return y.value(got)
		}}
	}
}

// plusWhile adds a number while a third one is above a limit.
func plusWhile(base, more query, limit float64, cause query) query {
	return combine(fmt.Sprintf("(%%s + %%s * (%%s > bool %g))", limit), func(n []number) number {
		switch {
		case n[0].absent || n[1].absent || n[2].absent:
			return absent
		case n[2].v > limit:
			return number{v: n[0].v + n[1].v}
		}
		return n[0]
	}, base, more, cause)
}

// enoughSamples is how many values a window must hold for a quantile to say something: Temporal's own advice for alerts
// on latencies.
const enoughSamples = 20

// quantileOf is a quantile of what buckets, which has a series for each bucket, counts.
func quantileOf(q float64, buckets func(*asking) string) query { return quantileOfMany(q, 0, buckets) }

// quantileOfMany is absent while the window holds fewer than atLeast values.
func quantileOfMany(q, atLeast float64, buckets func(*asking) string) query {
	return func(a *asking) compiled {
		counts := asked(buckets(a))
		text, window := fmt.Sprintf("histogram_quantile(%g, %s)", q, counts.promql), a.cluster.window().Seconds()
		if atLeast > 0 {
			text = fmt.Sprintf("(%s and on () max(%s) * %g >= %g)", text, counts.promql, window, atLeast)
		}
		return compiled{
			text:   text,
			leaves: []question{counts},
			value: func(all *told) number {
				got := all.to(counts)
				switch {
				case got.failure != "":
					return number{failure: got.failure}
				case len(got.series) == 0:
					return absent
				case atLeast > 0 && !(mostOf(got.series)*window >= atLeast):
					return number{absent: true, few: true}
				}
				return number{v: bucketQuantile(q, got.series)}
			},
		}
	}
}

// mostOf is the largest value of a vector.
func mostOf(series []*model.Sample) float64 {
	most := math.NaN()
	for _, s := range series {
		if v := float64(s.Value); math.IsNaN(most) || v > most {
			most = v
		}
	}
	return most
}

// bucketQuantile is what histogram_quantile makes of the buckets of one classic histogram: a straight line
// within the bucket that holds the quantile, and the last finite bound for what lies above it. It is NaN
// when nothing was counted.
func bucketQuantile(q float64, series []*model.Sample) float64 {
	type bucket struct{ bound, count float64 }
	var buckets []bucket
	for _, s := range series {
		if bound, err := strconv.ParseFloat(string(s.Metric[model.BucketLabel]), 64); err == nil {
			buckets = append(buckets, bucket{bound, float64(s.Value)})
		}
	}
	slices.SortFunc(buckets, func(a, b bucket) int {
		switch {
		case a.bound < b.bound:
			return -1
		case a.bound > b.bound:
			return 1
		}
		return 0
	})
	last := len(buckets) - 1
	if last < 1 || !math.IsInf(buckets[last].bound, 1) {
		return math.NaN()
	}
	for i := range last {
		// Rates of buckets that were scraped while they changed may fall a little.
		buckets[i+1].count = max(buckets[i+1].count, buckets[i].count)
	}
	if !(buckets[last].count > 0) {
		return math.NaN()
	}
	rank := q * buckets[last].count
	i := slices.IndexFunc(buckets, func(b bucket) bool { return b.count >= rank })
	if i == last {
		return buckets[last-1].bound
	}
	lower := bucket{}
	if i > 0 {
		lower = buckets[i-1]
	} else if buckets[0].bound <= 0 {
		return buckets[0].bound
	}
	return lower.bound + (buckets[i].bound-lower.bound)*(rank-lower.count)/(buckets[i].count-lower.count)
}
