package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// feedbackPath is the only resource that writes.
const feedbackPath = "/feedback"

// feedbackWriter stores what editors say of explanations.
type feedbackWriter interface {
	SaveFeedback(ctx context.Context, f store.Feedback) error
}

// feedbackJSON is feedback as it was stored.
type feedbackJSON struct {
	Cluster    string                `json:"cluster"`
	Assessment string                `json:"assessment"`
	Verdict    store.FeedbackVerdict `json:"verdict"`
	Note       string                `json:"note"`
	Author     string                `json:"author"`
	At         time.Time             `json:"at"`
}

// editors are the roles of Grafana whose users may give feedback.
var editors = []string{"Editor", "Admin"}

// serveFeedback stores an editor's verdict on the root cause that an explanation names. Everything comes in parameters of the
// address: an action of a panel puts a typed note into a body as it is, quotes included, and encodes only parameters.
func (d *Datasource) serveFeedback(r *http.Request) (any, error) {
	user := backend.UserFromContext(r.Context())
	switch {
	case user == nil || !slices.Contains(editors, user.Role):
		return nil, refusal{http.StatusForbidden, "feedback on explanations needs the role Editor or Admin in Grafana"}
	case user.Login == "":
		return nil, refusal{http.StatusForbidden, "feedback carries the name of its author: sign in to Grafana"}
	}
	f, err := parseFeedback(r)
	if err != nil {
		return nil, err
	}
	found, err := d.views.Store.Assessments(r.Context(), store.AssessmentQuery{Clusters: []string{f.Cluster}, IDs: []string{f.Assessment}, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, refusal{http.StatusNotFound, fmt.Sprintf("cluster %q has no explanation with the id %q: it is older than the retention, or of another cluster", f.Cluster, f.Assessment)}
	}
	whole, _ := view.ReadExplanation(found[0]) // without it the feedback is on the explanation alone
	f.Cause, f.EventSeq = string(whole.Cause), found[0].EventSeq
	f.At, f.Author = d.now().UTC().Truncate(time.Microsecond), user.Login
	switch err := d.store.SaveFeedback(r.Context(), f); {
	case errors.Is(err, store.ErrReadOnly):
		return nil, refusal{http.StatusForbidden,
			"the database role of this datasource may not store feedback: grant it with `GRANT INSERT ON copilot.feedback TO` and the name of the role, and give it no other right to write"}
	case errors.Is(err, store.ErrBadFeedback):
		return nil, refusal{http.StatusBadRequest, d.redact(err.Error())}
	case err != nil:
		return nil, err
	}
	return feedbackJSON{f.Cluster, f.Assessment, f.Verdict, f.Note, f.Author, f.At}, nil
}

// parseFeedback reads the parameters of the address.
func parseFeedback(r *http.Request) (store.Feedback, error) {
	bad := func(format string, args ...any) (store.Feedback, error) {
		return store.Feedback{}, refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
	}
	asked := r.URL.Query()
	clusters, err := query.ParseClusters(asked["cluster"])
	if err != nil {
		return bad("%v", err)
	}
	ids, err := query.ParseNames("assessment", asked["assessment"], func(string) bool { return true }, "")
	if err != nil {
		return bad("%v", err)
	}
	verdict := store.FeedbackVerdict(asked.Get("verdict"))
	note := strings.TrimSpace(asked.Get("note"))
	switch {
	case len(clusters) != 1:
		return bad("name one cluster: ?cluster=prod")
	case len(ids) != 1:
		return bad("name one explanation by its id: &assessment=")
	case !slices.Contains(store.FeedbackVerdicts(), verdict):
		return bad("verdict is %q: %s", verdict, query.Listing(store.FeedbackVerdicts()))
	case len(note) > store.MaxFeedbackNote:
		return bad("the note has %d bytes, the most is %d", len(note), store.MaxFeedbackNote)
	}
	return store.Feedback{Cluster: clusters[0], Assessment: ids[0], Verdict: verdict, Note: evidence.Sanitize(note)}, nil
}
