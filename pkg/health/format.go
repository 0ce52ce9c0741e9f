package health

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Format writes a value of the signal with its unit, in at most three significant digits.
func (s Signal) Format(v float64) string {
	if s.IsFactor() {
		return digits(v) + " to 1"
	}
	return s.Unit.Format(v)
}

// IsFactor tells a ratio that is not a share: it may be above 1.
func (s Signal) IsFactor() bool { return s.ID == HotShardRatio || s.ID == PollersPerSlot }

// Format writes a value with its unit, in at most three significant digits. A ratio is a share.
func (u Unit) Format(v float64) string {
	switch u {
	case PerSecond:
		return digits(v) + "/s"
	case PerMinute:
		return digits(v) + "/min"
	case Seconds:
		return seconds(v)
	case Milliseconds:
		if v >= 1000 {
			return seconds(v / 1000)
		}
		return digits(v) + " ms"
	case Ratio:
		return percent(v * 100)
	case Percent:
		return percent(v)
	case Bytes:
		return bytes(v)
	default:
		return digits(v)
	}
}

func seconds(v float64) string {
	switch {
	case v >= 2*86400:
		return digits(v/86400) + " days"
	case v >= 2*3600:
		return digits(v/3600) + " h"
	case v >= 600:
		return digits(v/60) + " min"
	case v > 0 && v < 1:
		return digits(v*1000) + " ms"
	default:
		return digits(v) + " s"
	}
}

func percent(v float64) string {
	if v > 0 && v < 0.1 {
		return "less than 0.1 %"
	}
	// What is not quite everything must not read as everything.
	if v > 99.9 && v < 100 {
		return "99.9 %"
	}
	return digits(v) + " %"
}

func bytes(v float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	return digits(v) + " " + units[i]
}

// digits writes a number that is 0 or above in three significant digits, whole from 100 on.
func digits(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "?"
	}
	switch a := math.Abs(v); {
	case a >= 1e15:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 100:
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	case a > 0 && a < 0.01:
		return "less than 0.01"
	default:
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
		if a < 1 {
			rounded = math.Round(v*100) / 100
		}
		return strconv.FormatFloat(rounded, 'f', -1, 64)
	}
}

// Lasting writes a duration in words, such as "4 minutes"; a negative one is none.
func Lasting(d time.Duration) string {
	d = max(d, 0)
	count := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case d < 90*time.Second:
		return count(int(d.Round(time.Second)/time.Second), "second")
	case d < 90*time.Minute:
		return count(int(d.Round(time.Minute)/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d.Round(time.Hour)/time.Hour), "hour")
	default:
		return count(int(d.Round(24*time.Hour)/(24*time.Hour)), "day")
	}
}
