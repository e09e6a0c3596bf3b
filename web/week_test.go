package web

import (
	"strings"
	"testing"
)

// A week shows the appointments of one practitioner, or of everybody, on the days of their own walls.
func TestAWeek(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.book(&w.one, "Brennan", "Petra Schäfer", "2026-12-06T23:30")
		w.book(&w.one, "Reid", "Petra Schäfer", "2026-12-07T00:15")
		mine := w.get("/calendar?who=" + string(w.one.practitioners["Petra Schäfer"]))
		w.says(mine, 200, "Mon 30 Nov to Sun 6 Dec", "4 appointments", "Fatima Haddad", "23:30", "Today, 1")
		w.silent(mine, "Elif", "0:15")
		all := w.get("/calendar?who=all&date=2026-12-04")
		w.says(all, 200, "Elif Öztürk", "12:00 Hēmi Ngata", "5 appointments")
		w.says(w.get("/calendar?date=2026-12-07&who="+string(w.one.practitioners["Petra Schäfer"])), 200, "Mon 7 Dec to Sun 13 Dec", "0:15", "Oscar Reid")
		w.says(w.get("/calendar?date=nonsense&who="+string(w.two.practitioners["Petra Schäfer"])), 200, "0 appointments")
		if body := w.get("/calendar").body; strings.Count(body, `aria-current="true"`) != 1 {
			t.Error("not one day is chosen")
		}
	})
}
