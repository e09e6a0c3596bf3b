package transfer_test

import (
	"maps"
	"testing"

	"letterhead/testkit"
	"letterhead/transfer"
)

// known is what each export is known to hold: rows, refused, and remarks by reason.
var known = map[string]struct {
	clients, appointments int
	refused               map[string]int
	overlaps              int
}{
	"ballarat": {1510, 9004, map[string]int{"client_unknown": 1, "date_impossible": 1, "gap": 1}, 3312},
	"cairo":    {203, 1204, map[string]int{"client_unknown": 1, "date_impossible": 1, "gap": 1}, 68},
	"cork":     {403, 2504, map[string]int{"client_unknown": 1, "date_impossible": 1, "gap": 1}, 289},
	"hudson":   {403, 2504, map[string]int{"client_unknown": 1, "date_impossible": 1, "gap": 1}, 362},
	"wharf":    {39, 169, map[string]int{"client_unknown": 1, "date_impossible": 1, "gap": 1, "status_word": 1, "time": 1, "minutes": 1, "id_twice": 1}, -1},
	"orchard":  {39, 169, map[string]int{"client_unknown": 1, "date_impossible": 1, "gap": 1, "status_word": 1, "time": 1, "minutes": 1, "id_twice": 1}, -1},
}

func TestExportsComeInOnceAndGoOutWhole(t *testing.T) {
	t.Parallel()
	for name, folder := range exports(t) {
		want, ok := known[name]
		if !ok {
			continue
		}
		for _, engine := range testkit.Engines() {
			t.Run(name+"/"+string(engine), func(t *testing.T) {
				t.Parallel()
				b := newBench(t, engine, practiceOf(t, folder))
				first := b.bring(transfer.Source{Dir: folder}, transfer.Options{})
				if first.Clients.Rows != want.clients || first.Appointments.Rows != want.appointments {
					t.Errorf("%d clients and %d appointments were read", first.Clients.Rows, first.Appointments.Rows)
				}
				refused := 0
				for reason, n := range want.refused {
					refused += n
					if got := first.Appointments.Reasons[reason]; got != n {
						t.Errorf("%d rows refused for %s, not %d", got, reason, n)
					}
				}
				if a := first.Appointments; a.Refused != refused || a.Created != want.appointments-refused || a.Reasons["twice"] != 1 {
					t.Errorf("appointments: %+v", a)
				}
				if want.overlaps >= 0 && first.Overlapping != want.overlaps {
					t.Errorf("%d overlap, not %d", first.Overlapping, want.overlaps)
				}
				if n := b.count(`SELECT count(*) FROM appointment WHERE practice = $1 AND overbooked = true`); n != first.Overlapping || n != first.Appointments.Reasons["overlap"] {
					t.Errorf("%d rows are overbooked, %d were counted, %d remarked on", n, first.Overlapping, first.Appointments.Reasons["overlap"])
				}
				if n := b.count(`SELECT count(*) FROM appointment WHERE practice = $1 AND (booked_at <> 0 OR moved_at <> 0 OR cancelled_at <> 0)`); n != 0 {
					t.Errorf("%d imported appointments have an instant at which somebody did something here", n)
				}
				again := b.bring(transfer.Source{Dir: folder}, transfer.Options{})
				for file, c := range map[string][2]transfer.Counts{"clients": {first.Clients, again.Clients}, "appointments": {first.Appointments, again.Appointments}} {
					if c[1].Created != 0 || c[1].Changed != 0 || c[1].Kept != 0 || c[1].Unchanged != c[0].Created || c[1].Refused != c[0].Refused {
						t.Errorf("%s the second time: %+v", file, c[1])
					}
					if !maps.Equal(c[0].Reasons, c[1].Reasons) {
						t.Errorf("%s: remarks %v, the second time %v", file, c[0].Reasons, c[1].Reasons)
					}
				}
				if n := b.count(`SELECT count(*) FROM staged_client WHERE practice = $1`) + b.count(`SELECT count(*) FROM staged_appointment WHERE practice = $1`); n != 0 {
					t.Errorf("%d staged rows are left", n)
				}
				taken := b.undo(first.Batch)
				if taken.Clients.Removed != first.Clients.Created || taken.Appointments.Removed != first.Appointments.Created {
					t.Errorf("taken back: %+v %+v", taken.Clients, taken.Appointments)
				}
				for _, table := range []string{"client", "appointment", "attendee", "consent", "due", "import_change"} {
					if n := b.count(`SELECT count(*) FROM ` + table + ` WHERE practice = $1`); n != 0 {
						t.Errorf("%d rows of %s are left", n, table)
					}
				}
			})
		}
	}
}
