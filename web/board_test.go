package web

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"letterhead/calendar"
	"letterhead/guard"
)

// A day has its practitioners in columns, with marks; an empty time books there; it can be had on paper.
func TestADay(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		day := w.get("/calendar?view=day&date=2026-12-01")
		w.says(day, 200, "Tuesday 1 December", "Petra Schäfer", "Hēmi Ngata", "Liam Nguyen", "Could not be reached: 1 First visit: Fatima Haddad", "First visit: Aoife Brennan", "Now, 10:38")
		petra := string(w.one.practitioners["Petra Schäfer"])
		slot := "/appointments/new?from=day&amp;date=2026-12-01&amp;who=" + petra + "&amp;time=14:30"
		if !strings.Contains(day.body, slot) || !strings.Contains(day.body, `data-date="2026-12-01" data-start="540" data-who="`+petra+`"`) {
			w.Error("no free time to press, or nowhere to drop")
		}
		w.says(w.get("/calendar/list?view=day&date=2026-12-01"), 200, "Tuesday 1 December", "9:00–9:45 Aoife Brennan", "Elif Öztürk", "confirmed", "cancelled")
		narrow := w.get("/calendar?view=day&date=2026-12-01&who=" + petra)
		w.says(narrow, 200, "Fatima Haddad")
		w.silent(narrow, "Elif")
		w.says(w.get("/calendar?view=day&date=2026-12-01&place="+string(w.two.location)), 200, "0 appointments")
		w.says(w.get("/calendar?view=day&date=0001-01-01"), 200, "Tuesday 1 December")
		form := w.get(strings.ReplaceAll(slot, "&amp;", "&"))
		w.says(form, 200, "Book an appointment")
		back := "/calendar?view=day&amp;date=2026-12-01&amp;who=all"
		if !strings.Contains(form.body, `name="back" value="`+back+`"`) || !strings.Contains(form.body, `value="14:30"`) {
			w.Error("the form does not know where it came from")
		}
		booked := w.post("/appointments/new", "service", string(w.one.service), "practitioner", petra, "date", "2026-12-01", "time", "14:30", "client", string(w.one.clients["Reid"]), "back", strings.ReplaceAll(back, "&amp;", "&"))
		w.says(w.goes(booked, "/calendar?view=day"), 200, "Booked. The first message leaves at 10:41", "Undo", "Oscar Reid")
	})
}

// What is dragged and what one key marks come back to the calendar; a time that is taken is said in the form, with nothing lost.
func TestDraggingAndMarking(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		const home = "/calendar?view=day&date=2026-12-01&who=all"
		id, hemi := string(w.one.appointments["Costa"]), string(w.one.practitioners["Hēmi Ngata"])
		taken := w.post("/appointments/"+id+"/move", "version", "1", "date", "2026-12-01", "time", "12:15", "practitioner", hemi, "dragged", "yes", "back", home)
		w.says(taken, 409, "That time is taken by Elif Öztürk until 12:45")
		if !strings.Contains(taken.body, `name="minutes" type="number" value="45"`) || !strings.Contains(taken.body, `name="back" value="`+strings.ReplaceAll(home, "&", "&amp;")+`"`) {
			w.Error("what was dragged is not kept")
		}
		moved := w.goes(w.post("/appointments/"+id+"/move", "version", "1", "date", "2026-12-01", "time", "15:00", "practitioner", hemi, "dragged", "yes", "back", home), home+"&did=moved&at="+id)
		w.says(moved, 200, "Moved. The message about it leaves at 10:41", "Undo")
		if e := w.appointment(w.one, calendar.ID(id)); string(e.Practitioner) != hemi || e.Wall.Minute != 15*60 || e.Minutes != 45 || e.Service != w.one.service {
			w.Errorf("%+v", e.Appointment)
		}
		w.says(w.goes(w.post("/appointments/"+id+"/undo", "version", "2", "back", home), home), 200, "Undone")
		for what, state := range map[string]calendar.Attendance{"arrive": calendar.Arrived, "begin": calendar.InSession, "attend": calendar.Attended, "expect": calendar.Expected} {
			e := w.appointment(w.one, calendar.ID(id))
			if what == "expect" && e.People[0].Attendance == calendar.Expected {
				w.post("/appointments/"+id+"/mark", "version", number(e.Version), "what", "arrive")
				e = w.appointment(w.one, calendar.ID(id))
			}
			w.goes(w.post("/appointments/"+id+"/mark", "version", number(e.Version), "what", what, "back", home), home)
			if e = w.appointment(w.one, calendar.ID(id)); e.People[0].Attendance != state {
				w.Errorf("%s: %s", what, e.People[0].Attendance)
			}
		}
		for _, evil := range []string{"//evil.example/", "https://evil.example/", "/calendar?x=/../", "/messages", "/calendar?a=b#c", "/calendar?a=b\r\nX: y"} {
			e := w.appointment(w.one, calendar.ID(id))
			answer := w.post("/appointments/"+id+"/mark", "version", number(e.Version), "what", "confirm", "back", evil)
			if to := answer.Header().Get("Location"); !strings.HasPrefix(to, "/appointments/"+id) {
				w.Errorf("back to %q leads to %q", evil, to)
			}
			w.post("/appointments/"+id+"/mark", "version", number(e.Version+1), "what", "unconfirm")
		}
	})
}

var since = regexp.MustCompile(`hx-get="(/calendar/changes[^"]+)"`)

// The calendar's question is answered with nothing until somebody changes something that it shows; it keeps no session alive.
func TestOthersChangesAppear(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ask := func(page answer) (string, answer) {
			w.Helper()
			found := since.FindStringSubmatch(page.body)
			if found == nil {
				w.Fatal("the calendar does not ask")
			}
			path := strings.ReplaceAll(found[1], "&amp;", "&")
			return path, w.get(path)
		}
		path, same := ask(w.get("/calendar?view=day&date=2026-12-01"))
		if same.Code != http.StatusNoContent || same.Body.Len() != 0 {
			w.Errorf("unchanged: %d", same.Code)
		}
		w.book(&w.two, "Costa", "Liam Nguyen", "2026-12-01T16:00")
		if same = w.get(path); same.Code != http.StatusNoContent {
			w.Errorf("another practice's booking: %d", same.Code)
		}
		w.book(&w.one, "Costa", "Liam Nguyen", "2026-12-01T16:00")
		w.says(w.get(path), 200, "16:00")
		path, same = ask(w.get(path))
		if same.Code != http.StatusNoContent {
			w.Errorf("the new part does not know what it shows: %d", same.Code)
		}
		w.says(w.post("/appointments/"+string(w.one.appointments["Costa"])+"/move", "version", "1", "date", "2027-01-05", "time", "9:00"), 303)
		if gone := w.get(path); gone.Code != 200 || strings.Contains(gone.body, "16:00 ") {
			w.Errorf("moved away: %d", gone.Code)
		}
		for range 6 { // an hour and more of questions alone
			w.clock.Pass(guard.IdleLimit / 5)
			same = w.get(path)
		}
		if same.Code == 200 || same.Code == 204 {
			w.Errorf("questions alone kept the session alive: %d", same.Code)
		}
	})
}

// number writes a version as a form does.
func number(n int64) string { return strconv.FormatInt(n, 10) }
