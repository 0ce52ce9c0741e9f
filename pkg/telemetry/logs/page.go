package logs

import (
	"context"
	"slices"
	"time"
)

// paging is a reading in the making.
type paging struct {
	found   *found
	lines   int
	streams map[string]bool
	// services are those that the cursor counts by name.
	services []string
	// complete tells that nothing is left up to the end. Otherwise all lines before reached were read.
	complete bool
	reached  time.Time
	// skipped tells that more lines had the very same time than fit into a page.
	skipped bool
}

// page reads all lines of a range, page by page, up to the most that a Read takes.
func (r *Reader) page(ctx context.Context, services []string, from, to time.Time) (*paging, error) {
	p := &paging{found: newFound(), streams: map[string]bool{}, services: services}
	// Lines of the last page's last moment come again with the next page, which begins there.
	var known map[lineID]int
	for at := from; ; {
		lines, all, err := r.library.lines(ctx, at, to, r.options.PageSize)
		if err != nil && sliceOf(p.reached) > sliceOf(from) {
			// What was read counts; the next Read tells what is wrong, if it still is.
			return p, nil
		}
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			if id := (lineID{line.stream, line.text}); line.at.Equal(at) && known[id] > 0 {
				known[id]--
				continue
			}
			r.see(p, line)
		}
		if all || len(lines) == 0 {
			p.complete = true
			return p, nil
		}
		p.reached = lines[len(lines)-1].at
		if p.reached.Equal(at) {
			// A whole page of one moment: what else is in it can't be asked for.
			p.skipped = true
			at, known = at.Add(1), nil
		} else {
			at, known = p.reached, linesAt(lines, p.reached)
		}
		if p.lines >= r.options.MaxLines {
			return p, nil
		}
	}
}

type lineID struct{ stream, text string }

// linesAt counts the lines of a moment.
func linesAt(lines []entry, moment time.Time) map[lineID]int {
	known := map[lineID]int{}
	for _, line := range slices.Backward(lines) {
		if !line.at.Equal(moment) {
			break
		}
		known[lineID{line.stream, line.text}]++
	}
	return known
}

// see counts a line.
func (r *Reader) see(p *paging, line entry) {
	p.lines++
	p.streams[line.stream] = true
	service := p.service(r.source.serviceOf(line.labels))
	var keys []string
	for _, pattern := range r.matcher.find(service, line.text) {
		keys = append(keys, pattern.ID+"@"+service)
	}
	if len(keys) > 0 {
		p.found.add(line.at, keys, line.text)
	}
}

// service is the name under which lines of a service are counted.
func (p *paging) service(name string) string {
	if slices.Contains(p.services, name) {
		return name
	}
	if len(p.services) >= maxServices {
		return otherService
	}
	p.services = append(p.services, name)
	return name
}
