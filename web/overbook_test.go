package web

import (
	"context"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/zone"
)

// overbook books at a time whoever else has it.
func (w *world) overbook(h *home, who, practitioner, at string) {
	w.Helper()
	wall, err := zone.ParseWall(at)
	if err != nil {
		w.Fatal(err)
	}
	w.change(*h, func(ctx context.Context, tx *store.Tx) error {
		a, err := calendar.Book(ctx, tx, calendar.BookRequest{Clients: []client.ID{h.clients[who]}, Practitioner: h.practitioners[practitioner], Service: h.service, Location: h.location, Wall: wall, Overbook: true})
		if err != nil {
			return err
		}
		h.appointments[who] = a.ID
		return plan.Refresh(ctx, tx, a.ID)
	})
}
