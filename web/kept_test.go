package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/store"
)

// keep keeps a client to the practice's owner.
func (w *world) keep(who string) {
	w.Helper()
	w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
		return client.KeepTo(ctx, tx, w.one.clients[who], []store.MemberID{store.MemberID(w.owners[w.one.id])})
	})
}

// Beside the day stands nothing of an appointment of somebody who is kept from who looks, whether it is asked for or comes next.
func TestTodaySaysNothingOfWhoIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		for _, who := range []string{"Öztürk", "Haddad", "Costa", "Brennan"} {
			w.keep(who)
		}
		desk := w.as(w.one, "rosa@example.org", guard.FrontDesk)
		for _, path := range []string{"/", "/?at=" + string(w.one.appointments["Öztürk"]), "/?at=" + string(w.one.appointments["Haddad"]), "/calendar?view=day&who=all", "/calendar?view=day&who=all&did=booked&at=" + string(w.one.appointments["Öztürk"])} {
			a := w.askAs(desk, "GET", path, nil)
			w.says(a, http.StatusOK)
			for _, id := range w.one.clients {
				if strings.Contains(a.body, string(id)) {
					t.Errorf("%s names a client who is kept", path)
				}
			}
			w.silent(a, "mailbox full", "no e-mail address", "could not be reached")
		}
	})
}
