package plugin

import (
	"context"
	"fmt"
	"strings"

	"github.com/temporal-sre/copilot/pkg/store"
)

// clustersNow reads the clusters that a question is about, and says in notices what the answer lacks:
// everything, or a cluster that nobody knows.
func (d *Datasource) clustersNow(ctx context.Context, clusters []string) ([]present, notices, error) {
	stored, err := d.store.Now(ctx, clusters)
	if err != nil {
		return nil, nil, err
	}
	return asOf(stored, d.now()), missing(stored, clusters), nil
}

// lackingHistory says what an answer about the past lacks. It asks the store only when something does.
func (d *Datasource) lackingHistory(ctx context.Context, a ask, answered map[string]bool) (notices, error) {
	if len(answered) > 0 && allIn(answered, a.clusters) {
		return nil, nil
	}
	_, lacking, err := d.clustersNow(ctx, a.clusters)
	if err == nil && len(lacking) == 0 && len(answered) == 0 {
		lacking.inform("There is nothing in this time range.")
	}
	return lacking, err
}

func missing(stored []store.Now, wanted []string) notices {
	var lacking notices
	if len(wanted) == 0 && len(stored) == 0 {
		lacking.warn("There is no cycle yet: the worker has not stored one. Check that `copilot worker` runs and writes to this database.")
	}
	known := map[string]bool{}
	for _, s := range stored {
		known[s.Cluster] = true
	}
	for _, name := range wanted {
		if !known[name] {
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

func allIn(set map[string]bool, names []string) bool {
	for _, n := range names {
		if !set[n] {
			return false
		}
	}
	return true
}
