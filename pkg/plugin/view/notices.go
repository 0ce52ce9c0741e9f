package view

import "github.com/grafana/grafana-plugin-sdk-go/data"

// Notices tell in words what a frame can't show.
type Notices []data.Notice

// Warn adds what may mislead.
func (n *Notices) Warn(text string) {
	*n = append(*n, data.Notice{Severity: data.NoticeSeverityWarning, Text: text})
}

// Inform adds what is good to know.
func (n *Notices) Inform(text string) {
	*n = append(*n, data.Notice{Severity: data.NoticeSeverityInfo, Text: text})
}

// Texts are what the notices say, in a list that is empty rather than nil.
func (n Notices) Texts() []string {
	said := make([]string, 0, len(n))
	for _, notice := range n {
		said = append(said, notice.Text)
	}
	return said
}

// On puts the notices on the first of the frames.
func (n Notices) On(frames data.Frames) data.Frames {
	if len(frames) > 0 && len(n) > 0 {
		frames[0].AppendNotices(n...)
	}
	return frames
}
