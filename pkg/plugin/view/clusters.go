package view

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Clusters reads the clusters that a question is about, and says in notices what the answer lacks:
// everything, or a cluster that nobody knows.
func (d Reader) Clusters(ctx context.Context, wanted []string) ([]Present, Notices, error) {
	stored, err := d.Store.Statuses(ctx, wanted)
	if err != nil {
		return nil, nil, err
	}
	known := make([]string, len(stored))
	for i, s := range stored {
		known[i] = s.Cluster
	}
	return AsOf(stored, d.Now()), MissingClusters(known, wanted), nil
}

// KnownClusters are the names of the wanted clusters that were ever stored, or of all, sorted. It is
// for questions about the past, which need no more of the present.
func (d Reader) KnownClusters(ctx context.Context, wanted []string) ([]string, Notices, error) {
	heads, err := d.Store.Cursors(ctx)
	if err != nil {
		return nil, nil, err
	}
	var known []string
	for _, h := range heads {
		if len(wanted) == 0 || slices.Contains(wanted, h.Cluster) {
			known = append(known, h.Cluster)
		}
	}
	return known, MissingClusters(known, wanted), nil
}

// MissingClusters says which of the wanted clusters are not known, or that none is.
func MissingClusters(known, wanted []string) Notices {
	var notices Notices
	if len(wanted) == 0 && len(known) == 0 {
		notices.Warn("There is no cycle yet: the worker has not stored one. Check that `copilot worker` runs and writes to this database.")
	}
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			notices.Warn(unknownCluster(name))
		}
	}
	return notices
}

func unknownCluster(name string) string {
	if strings.HasPrefix(name, "$") {
		return fmt.Sprintf("There is no cluster %q: the variable was not replaced. Alert rules have no variables; name the cluster there.", name)
	}
	return fmt.Sprintf("There is no cycle of a cluster %q yet: check the spelling, or whether the worker watches it.", name)
}
