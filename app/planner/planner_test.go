package planner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/app/planner"
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/house"
	"letterhead/zone"
)

// A practice whose rules cannot be read spoils the transaction that it shares with others; each of them has its turn nevertheless, in the same look.
func TestOnePracticeSpoilsNobodyElsesTurn(t *testing.T) {
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			h := house.New(t, engine, "2026-12-01T09:00:00+11:00")
			var all []store.PracticeID
			for i := range 23 { // ten share a transaction
				all = append(all, book(h, store.PracticeID(fmt.Sprintf("practice-%02d", i))))
			}
			bad := []store.PracticeID{all[4], all[14], all[21]}
			for _, id := range bad {
				h.Exec(id, `UPDATE rule SET content = '{"spoilt"' || content WHERE practice = $1`)
			}
			h.Clock.Pass(10 * time.Minute) // the confirmations are due
			var said bytes.Buffer
			of := planner.Of{DB: h.DB, Keeper: h.Keeper, Chains: func() (planner.Chains, func(), error) { return nil, func() {}, nil }}
			turn := func(queued, failed int) {
				t.Helper()
				did, err := of.TurnDue(context.Background(), slog.New(slog.NewTextHandler(&said, nil)))
				if err != nil || did.Queued != queued || did.Failed != failed {
					t.Errorf("%+v %v, want %d queued and %d failed", did, err, queued, failed)
				}
			}
			turn(20, 3)
			for i, id := range all {
				if strings.Contains(said.String(), string(id)) != slices.Contains(bad, id) {
					t.Errorf("of practice %d is said: %s", i, &said)
				}
			}
			for _, id := range bad {
				h.Exec(id, `UPDATE rule SET content = substr(content, 10) WHERE practice = $1`)
			}
			turn(3, 0)
			turn(0, 0)
		})
	}
}

// book makes a practice with a client who has just booked.
func book(h *house.House, id store.PracticeID) store.PracticeID {
	h.Helper()
	ctx := h.Context()
	h.Change(id, func(tx *store.Tx) error {
		p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
		p.ID = id
		_, err := practice.Add(ctx, tx, p)
		return errors.Join(err, template.AddStarter(ctx, tx, "mail.letterhead.example"), plan.AddStarter(ctx, tx))
	})
	h.Change(id, func(tx *store.Tx) error {
		locations, err := practice.Locations(ctx, tx)
		h.Must(err)
		service, err := practice.AddService(ctx, tx, practice.Service{Name: "Initial consultation", Minutes: 30, Mode: practice.InPerson})
		h.Must(err)
		who, err := practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "João Costa"})
		h.Must(err)
		keys, err := h.Keeper.Keys(ctx, tx)
		h.Must(err)
		petra, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Petra", LastName: "Schäfer", Email: client.NormaliseEmail("petra@inbox.example")})
		h.Must(err)
		wall, err := zone.ParseWall("2026-12-15T10:00")
		h.Must(err)
		a, err := calendar.Book(ctx, tx, calendar.BookRequest{Clients: []client.ID{petra.ID}, Practitioner: who.ID, Service: service.ID, Location: locations[0].ID, Wall: wall})
		h.Must(err)
		return plan.Refresh(ctx, tx, a.ID)
	})
	return id
}
