package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// clustersNow reads the clusters that a question is about, and says in notices what the answer lacks:
// everything, or a cluster that nobody knows.
func (d *Datasource) clustersNow(ctx context.Context, wanted []string) ([]present, notices, error) {
	stored, err := d.store.Statuses(ctx, wanted)
	if err != nil {
		return nil, nil, err
	}
	known := make([]string, len(stored))
	for i, s := range stored {
		known[i] = s.Cluster
	}
	return asOf(stored, d.now()), missing(known, wanted), nil
}

// knownClusters are the names of the wanted clusters that were ever stored, or of all, sorted. It is
// for questions about the past, which need no more of the present.
func (d *Datasource) knownClusters(ctx context.Context, wanted []string) ([]string, notices, error) {
	heads, err := d.store.Cursors(ctx)
	if err != nil {
		return nil, nil, err
	}
	var known []string
	for _, h := range heads {
		if len(wanted) == 0 || slices.Contains(wanted, h.Cluster) {
			known = append(known, h.Cluster)
		}
	}
	return known, missing(known, wanted), nil
}

func missing(known, wanted []string) notices {
	var lacking notices
	if len(wanted) == 0 && len(known) == 0 {
		lacking.warn("There is no cycle yet: the worker has not stored one. Check that `copilot worker` runs and writes to this database.")
	}
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			lacking.warn(unknownCluster(name))
		}
	}
	return lacking
}

func unknownCluster(name string) string {
	if strings.HasPrefix(name, "$") {
		return fmt.Sprintf("There is no cluster %q: the variable was not replaced. Alert rules have no variables; name the cluster there.", name)
	}
	return fmt.Sprintf("There is no cycle of a cluster %q yet: check the spelling, or whether the worker watches it.", name)
}
