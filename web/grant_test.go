package web

import (
	"context"
	"strings"
	"testing"

	"letterhead/grant"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
)

// granted gives a practice a program that may send, and one grant that waits for a signature.
func (w *world) granted(h home) (credential string, wording template.ID, id grant.ID) {
	w.Helper()
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		owner, err := guard.OwnerOf(ctx, tx)
		if err != nil {
			return err
		}
		send, err := guard.ScopeOf(guard.MessageSend)
		if err != nil {
			return err
		}
		_, c, err := w.door.AddCredential(ctx, tx, owner, "Website", []guard.Scope{send}, tx.Now.AddDate(0, 3, 0))
		if err != nil {
			return err
		}
		wordings, err := template.ByKey(ctx, tx)
		if err != nil {
			return err
		}
		credential, wording = c.ID, wordings["booked"]
		g, err := grant.Prepare(ctx, tx, grant.Grant{Credential: c.ID, Wording: wording, Day: 20, ExpiresAt: tx.Now.AddDate(0, 3, 0)})
		id = g.ID
		return err
	})
	return credential, wording, id
}

func (w *world) grants(h home) (out []grant.Grant) {
	w.Helper()
	w.view(h, func(ctx context.Context, tx *store.Tx) (err error) { out, err = grant.Open(ctx, tx); return err })
	return out
}

// What a program is to be let send is prepared on a page by those who manage, waits for the desk, and is taken back at once.
func TestAGrantIsPreparedAndTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	credential, wording, id := w.granted(w.one)
	w.says(w.get("/programs"), 200, "Website may send “Booking confirmation”", "up to 20 a day", "A grant waits for a signature")
	made := w.post("/programs/grants/new", "credential", credential, "wording", string(wording), "day", "7", "months", "1")
	w.says(w.goes(made, "/programs"), 200, "up to 7 a day")
	for say, form := range map[string][]string{
		"Say how many messages a day": {"credential", credential, "wording", string(wording), "day", "many", "months", "1"},
		"Choose a day within a year":  {"credential", credential, "wording", string(wording), "day", "5", "months", "99"},
		"Choose a template":           {"credential", credential, "wording", "none", "day", "5", "months", "1"},
		"This key was taken back":     {"credential", store.NewID[string](), "wording", string(wording), "day", "5", "months", "1"},
	} {
		if a := w.post("/programs/grants/new", form...); a.Code == 303 || !strings.Contains(a.words(), say) {
			t.Errorf("%d, not %q: %s", a.Code, say, shortened(a.words()))
		}
	}
	if n := len(w.grants(w.one)); n != 2 {
		t.Errorf("%d grants", n)
	}
	// The front desk prepares none, and takes none back; nor does another practice.
	desk := w.as(w.one, "desk@example.org", guard.FrontDesk)
	for _, path := range []string{"/programs/grants/new", "/programs/grants/" + string(id) + "/end"} {
		w.says(w.askAs(desk, "POST", path, map[string][]string{"credential": {credential}}), 403)
	}
	w.says(w.askAs(w.as(w.two, "petra2@example.org", guard.Owner), "POST", "/programs/grants/"+string(id)+"/end", map[string][]string{}), 404)
	// One that was signed leaves a stop behind, which outlasts its row.
	w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE program_grant SET signed_at = 1 WHERE practice = $1 AND id = $2`, string(id))
		return err
	})
	w.says(w.goes(w.post("/programs/grants/"+string(id)+"/end"), "/programs"), 200, "Taken back. Nothing goes by it any more.")
	w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
		var n int
		err := tx.Row(ctx, `SELECT count(*) FROM freeze_entry WHERE practice = $1 AND part = 'grant' AND subject = $2 AND lifted_at = 0`, string(id)).Scan(&n)
		if n != 1 {
			t.Errorf("%d stops", n)
		}
		return err
	})
}
