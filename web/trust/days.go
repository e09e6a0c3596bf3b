package trust

import (
	"context"
	"strings"
	"time"

	"letterhead/message"
	"letterhead/store"
	"letterhead/web/ui"
)

// plotted is how many days the plot shows: a week, day by day.
const plotted = 7

// days reads what left on each of the last days, by the practice's calendar.
func (s *stopping) days(ctx context.Context, tx *store.Tx) (err error) {
	now := tx.Now.In(s.visit.Location)
	begins := make([]time.Time, plotted)
	for i := range begins {
		begins[i] = time.Date(now.Year(), now.Month(), now.Day()-plotted+1+i, 0, 0, 0, 0, s.visit.Location)
	}
	s.week, err = message.Days(ctx, tx, begins)
	return err
}

// bars are the days' messages that left.
func (s stopping) bars() []ui.Bar {
	out := make([]ui.Bar, len(s.week))
	for i, d := range s.week {
		name, _, _ := strings.Cut(s.day(d), " ")
		out[i] = ui.Bar{Name: name, Say: s.visit.Text.Number(d.Sent), Value: d.Sent}
	}
	return out
}

func (s stopping) day(d message.Day) string {
	return s.visit.Text.ShortDay(d.Begins.In(s.visit.Location), s.visit.Now.In(s.visit.Location))
}
