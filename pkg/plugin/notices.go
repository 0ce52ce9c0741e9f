package plugin

import "github.com/grafana/grafana-plugin-sdk-go/data"

// notices tell in words what a frame can't show.
type notices []data.Notice

func (n *notices) warn(text string) {
	*n = append(*n, data.Notice{Severity: data.NoticeSeverityWarning, Text: text})
}

func (n *notices) inform(text string) {
	*n = append(*n, data.Notice{Severity: data.NoticeSeverityInfo, Text: text})
}

// on puts the notices on the first of the frames.
func (n notices) on(frames data.Frames) data.Frames {
	if len(frames) > 0 && len(n) > 0 {
		frames[0].AppendNotices(n...)
	}
	return frames
}
