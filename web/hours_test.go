package web

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"letterhead/guard"
	"letterhead/store"
)

// Hours, blocked time, holidays and rooms are written down and taken away; what is wrong is said at its field and nothing typed is lost.
func TestHoursAndRooms(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		petra := string(w.one.practitioners["Petra Schäfer"])
		hours := url.Values{"practitioner": {petra}, "location": {string(w.one.location)}, "weekday": {"2", "4"}, "begins": {"09:00"}, "ends": {"12:30"}, "weeks": {"2"}, "first": {"2026-12-01"}}
		w.says(w.get("/hours"), 200, "No hours are given: any time can be booked.")
		for field, bad := range map[string]string{"ends": "08:00", "begins": "late", "first": "1.12.", "weeks": "9", "last": "2026-11-01", "practitioner": string(w.two.practitioners["Petra Schäfer"])} {
			wrong := url.Values{}
			for name, values := range hours {
				wrong[name] = values
			}
			wrong.Set(field, bad)
			refused := w.ask("POST", "/hours", wrong)
			if field == "practitioner" {
				w.says(refused, 404)
				continue
			}
			if refused.Code < 400 || refused.Code >= 500 || !strings.Contains(refused.body, `value="12:30"`) && field != "ends" || !strings.Contains(refused.body, `aria-invalid="true"`) {
				w.Errorf("%s=%s: %d %s", field, bad, refused.Code, shortened(refused.words()))
			}
		}
		w.says(w.goes(w.ask("POST", "/hours", hours), "/hours"), 200, "Saved.", "Tuesday, 9:00–12:30", "Thursday, 9:00–12:30", "Every 2 weeks, from 1 December 2026")
		day := w.get("/calendar?view=day&date=2026-12-08")
		if !strings.Contains(day.body, `<li class="r-0 s-96 block">`) {
			w.Error("the other week is not closed")
		}

		slot := []string{"service", string(w.one.service), "practitioner", petra, "location", string(w.one.location), "date", "2026-12-08", "time", "10:00", "client", string(w.one.clients["Costa"])}
		outside := w.post("/appointments/new", slot...)
		w.says(outside, 409, "The practitioner does not work there at that time. Next free: Tue 15 Dec, 9:00.", "Book then all the same", "Take Tue 15 Dec, 9:00", "João Costa")
		w.says(w.goes(w.post("/appointments/new", append(slot, "hours", "yes")...), "/appointments/"), 200, "Booked.")

		w.says(w.goes(w.post("/hours/blocked", "kind", "blocked", "date", "2026-12-15", "begins", "09:00", "ends", "10:00", "note", "Team meeting"), "/hours/blocked"), 200, "15 December 2026, 9:00–10:00", "Everybody · All locations · Team meeting")
		w.says(w.get("/calendar?view=day&date=2026-12-15"), 200, "Team meeting")
		w.says(w.post("/hours/blocked", "kind", "blocked", "date", "2026-12-15", "until", "2026-12-14"), 422)
		w.says(w.goes(w.post("/hours/blocked", "kind", "blocked", "date", "2026-12-20", "until", "2026-12-22", "practitioner", petra), "/hours/blocked"), 200, "20 December 2026 – 22 December 2026")

		w.says(w.goes(w.post("/hours/holidays", "do", "copy", "region", "AU-VIC"), "/hours/holidays"), 200, "25 December 2026 Christmas Day", "2 November 2027 Melbourne Cup Day")
		w.says(w.get("/calendar?view=day&date=2026-12-25"), 200, "Christmas Day")
		entry := regexp.MustCompile(`name="entry" value="([^"]+)"`).FindStringSubmatch(w.get("/hours/holidays").body)[1]
		w.says(w.goes(w.post("/hours/holidays/work", "entry", entry, "works", "yes"), "/hours/holidays"), 200, "We are closed")
		w.goes(w.post("/hours/holidays", "do", "copy", "region", "AU-VIC"), "/hours/holidays")
		w.says(w.get("/hours/holidays"), 200, "We are closed") // copying again changes nothing that somebody edited
		w.says(w.post("/hours/holidays", "day", "2026-12-25", "name", "Christmas Day"), 422, "This holiday is on the list already")
		w.says(w.post("/hours/holidays", "do", "copy", "region", "XX"), 422, "There is no list of this region")

		w.says(w.goes(w.post("/hours/rooms", "location", string(w.one.location), "name", "Room 1"), "/hours/rooms"), 200, "Room 1")
		w.says(w.post("/hours/rooms", "location", string(w.one.location), "name", "Room 1"), 422, "There is a room of this name")
		found := regexp.MustCompile(`<option value="([^"]{20,})"[^>]*>Room 1<`).FindStringSubmatch(w.get("/appointments/new").body)
		if found == nil {
			w.Fatal("the form has no rooms")
		}
		liam := []string{"service", string(w.one.service), "practitioner", string(w.one.practitioners["Liam Nguyen"]), "date", "2026-12-03", "time", "10:00", "client", string(w.one.clients["Costa"]), "room", found[1]}
		w.says(w.goes(w.post("/appointments/new", liam...), "/appointments/"), 200, "Room 1")
		w.says(w.post("/appointments/new", append(liam, "practitioner", string(w.one.practitioners["Hēmi Ngata"]))...), 409, "This room is taken at that time")

		// Another practice's entries are not there, and a role that books does not change hours.
		other := w.as(w.two, "mere@example.org", guard.Owner)
		w.says(w.askAs(other, "POST", "/hours/remove", url.Values{"kind": {"holiday"}, "entry": {entry}}), 404)
		w.says(w.askAs(other, "POST", "/hours/rooms", url.Values{"do": {"archive"}, "entry": {found[1]}}), 404)
		w.says(w.goes(w.post("/hours/remove", "kind", "holiday", "entry", entry), "/hours/holidays"), 200, "Saved.")
		w.says(w.post("/hours/remove", "kind", "holiday", "entry", entry), 404)
	})
}

// A series is booked, moved and cancelled by its forms; what has no place is listed and left out; messages of what is gone are not planned.
func TestASeriesByItsForms(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.book(&w.one, "Brennan", "Petra Schäfer", "2026-12-17T10:00")
		slot := []string{"service", string(w.one.service), "practitioner", string(w.one.practitioners["Petra Schäfer"]), "date", "2026-12-03", "time", "10:00", "client", string(w.one.clients["Costa"]), "unit", "weeks", "every", "1"}
		w.says(w.post("/appointments/new", append(slot, "times", "400")...), 422, "Repeat 2 to 104 times in all")
		slot = append(slot, "times", "4")
		refused := w.post("/appointments/new", slot...)
		w.says(refused, 409, "Some of them have no place. Leave those out", "Thu 17 Dec, 10:00", "That time is taken.")
		if !strings.Contains(refused.body, `name="leave" value="2026-12-17" checked`) {
			w.Error("what has no place cannot be left out")
		}
		booked := w.goes(w.post("/appointments/new", append(slot, "leave", "2026-12-17")...), "/appointments/")
		w.says(booked, 200, "1 of 3, the last on Thu 24 Dec", "Undo")
		id := regexp.MustCompile(`/appointments/([0-9a-f-]{36})/move`).FindStringSubmatch(booked.body)[1]
		w.says(w.get("/calendar?date=2026-12-24&who=all"), 200, "Repeats: João Costa")
		w.says(w.get("/appointments/"+id+"/move"), 200, "This and the following")
		moved := w.goes(w.post("/appointments/"+id+"/move", "version", "1", "date", "2026-12-04", "time", "11:00", "scope", "all"), "/appointments/"+id)
		w.says(moved, 200, "Friday 4 December, 11:00", "the last on Fri 25 Dec", "Moved.")
		w.goes(w.post("/appointments/"+id+"/undo", "version", "2"), "/appointments/"+id)
		w.says(w.get("/calendar?date=2026-12-24&who=all"), 200, "Repeats: João Costa")
		cancelled := w.goes(w.post("/appointments/"+id+"/cancel", "version", "3", "by", "client", "scope", "following"), "/appointments/"+id)
		w.says(cancelled, 200, "cancelled")
		w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
			var series, gone, open int
			if err := tx.Row(ctx, `SELECT count(*), SUM(CASE WHEN booking = 'cancelled' THEN 1 ELSE 0 END) FROM appointment WHERE practice = $1 AND series <> ''`).Scan(&series, &gone); err != nil {
				return err
			}
			err := tx.Row(ctx, `SELECT count(*) FROM due d JOIN appointment a ON a.practice = $1 AND a.id = d.appointment WHERE d.practice = $1 AND a.series <> '' AND d.state = 'open' AND d.rule <> 'cancelled'`).Scan(&open)
			if series != 3 || gone != 3 || open != 0 {
				w.Errorf("%d booked in a series, %d cancelled, %d messages to come", series, gone, open)
			}
			return err
		})
	})
}
