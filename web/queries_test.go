package web

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"letterhead/client"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
)

// mostStatements bounds what any page may ask of the database.
const mostStatements = 30

// No page asks the database more often because there is more to show: the same pages with five and with sixty appointments on their day.
func TestNoPageAsksMoreOftenForMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	var statements atomic.Int64
	pages := w.pages
	w.pages = http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		pages.ServeHTTP(answer, r.WithContext(store.Counting(r.Context(), &statements)))
	})
	mail := "/messages/" + string(w.left(w.one, "Haddad", message.Email, "Fatima"))
	costa := "/appointments/" + string(w.one.appointments["Costa"])
	paths := []string{"/", "/calendar?who=all", "/calendar?view=day", "/calendar/list", "/hours", "/hours/holidays", "/?view=list", costa, costa + "/move", costa + "/cancel", "/appointments/new", "/messages", mail, mail + "/html", "/clients/" + string(w.one.clients["Costa"]) + "/reach", "/clients", "/clients/" + string(w.one.clients["Costa"]), "/settings/messages", "/settings/messages/rules/booked",
		"/orders", "/orders/new", "/orders/" + string(w.one.order)}
	ask := func() map[string]int64 {
		counts := map[string]int64{}
		for _, path := range paths {
			statements.Store(0)
			if answer := w.get(path); answer.Code != http.StatusOK {
				t.Fatalf("%s: %d", path, answer.Code)
			}
			counts[path] = statements.Load()
		}
		statements.Store(0)
		w.says(w.post("/appointments/find", "find", "a"), http.StatusOK)
		counts["find"] = statements.Load()
		return counts
	}
	few := ask()
	w.crowd(&w.one, 60)
	many := ask()
	for path, n := range many {
		if n > few[path]+1 { // a first reading of one more kind, such as steps of messages where there were none
			t.Errorf("%s: %d statements where %d were enough before", path, n, few[path])
		}
		if n == 0 || n > mostStatements {
			t.Errorf("%s: %d statements, want 1 to %d", path, n, mostStatements)
		}
	}
}

// aspen is the i-th of a family without digits, which are no part of a name.
func aspen(i int) string { return "Aspen" + string(rune('a'+i/26)) + string(rune('a'+i%26)) }

// crowd fills the day: practitioners, services, clients, and appointments with a message each.
func (w *world) crowd(h *home, n int) {
	w.Helper()
	w.change(*h, func(ctx context.Context, tx *store.Tx) error {
		keys, err := w.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		for i := range n {
			name := aspen(i)
			added, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Ada", LastName: name, Email: client.Address{Written: name + "@example.org"}})
			if err != nil {
				return err
			}
			h.clients[name] = added.ID
		}
		for i := range 12 {
			p, err := practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: fmt.Sprintf("Practitioner %d", i)})
			if err != nil {
				return err
			}
			h.practitioners[p.Name] = p.ID
			if _, err := practice.AddService(ctx, tx, practice.Service{Name: fmt.Sprintf("Service %d", i), Minutes: 30, Mode: practice.InPerson}); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range n {
		name := aspen(i)
		w.overbook(h, name, fmt.Sprintf("Practitioner %d", i%12), fmt.Sprintf("2026-12-01T%02d:%02d", 9+i%8, i%12*5))
	}
	for _, who := range []string{aspen(1), aspen(2), aspen(3), "Costa"} {
		w.send(h, who)
	}
}
