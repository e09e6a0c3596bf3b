// Package diary is the pages of one appointment: what it is, what was and will be sent about it and why not, and booking, moving,
// cancelling and undoing.
//
// Every change plans again in its own transaction. A form that is refused keeps what was typed, names the field and, where a time is
// taken, says by whom until when and what is free next. Names are posted, never put into an address.
package diary

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"letterhead/calendar"
	"letterhead/calendar/room"
	"letterhead/guard"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
	"letterhead/web/ui/text"
	"letterhead/zone"
)

// detail is what the page of one appointment shows.
type detail struct {
	frame    ui.Frame
	visit    *page.Visit
	entry    calendar.Entry
	title    string
	line     string
	facts    []ui.Fact
	timeline []ui.Entry
	may      bool
}

// Show is the page of an appointment. ?did= says what has just been done to it.
func Show(v *page.Visit) (page.Answer, error) {
	d := detail{visit: v, may: v.May(guard.CalendarChange)}
	var told story.Told
	var series []calendar.Appointment
	inside := ""
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		var err error
		if d.entry, err = find(ctx, tx, calendar.ID(v.Path("id"))); err != nil {
			return err
		}
		if series, err = calendar.OfSeries(ctx, tx, d.entry.Appointment); err != nil {
			return err
		}
		if d.entry.Room != "" {
			r, err := room.Find(ctx, tx, d.entry.Room)
			if err != nil {
				return err
			}
			inside = r.Name
		}
		all, err := story.Of(ctx, tx, d.entry.ID)
		told = all[d.entry.ID]
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	local := v.Location
	if l, err := zone.Load(d.entry.Zone); err == nil {
		local = l
	}
	teller := story.Teller{Text: v.Text, Now: v.Now, Location: local, People: page.Attendees(d.entry), Clients: v.May(guard.ClientChange)}
	d.timeline = teller.Timeline(told)
	d.title = page.Names(v.Text, d.entry)
	d.line = when(v, d.entry)
	d.facts = facts(v, d.entry)
	if inside != "" {
		d.facts = append(d.facts, ui.Fact{Name: v.Say("form.room"), Value: inside})
	}
	if place := placeIn(v, series, d.entry.ID); place != "" {
		d.facts = append(d.facts, ui.Fact{Name: v.Say("series.repeat"), Value: place})
	}
	d.frame = v.Frame(d.title, "/")
	d.frame.Flash = done(v, d.entry, slices.ContainsFunc(told.Lines, func(l plan.Line) bool { return l.Verdict == plan.Send }))
	return page.Show(show(d))
}

func find(ctx context.Context, tx *store.Tx, id calendar.ID) (calendar.Entry, error) {
	found, err := calendar.Entries(ctx, tx, []calendar.ID{id})
	if err != nil {
		return calendar.Entry{}, err
	}
	entry, ok := found[id]
	if !ok {
		return calendar.Entry{}, calendar.ErrNotFound
	}
	return entry, nil
}

// when says the day and time of an appointment; its zone is said where it is not the practice's, and which of two where the clocks go back.
func when(v *page.Visit, e calendar.Entry) string {
	begin, end := page.Clock(e.Wall), page.Clock(ends(e))
	if l, err := zone.Load(e.Zone); err == nil {
		if _, fit, _, _ := zone.Resolve(e.Wall, l); fit == zone.Twice || e.Starts.In(l).Format("-07") != e.Ends.In(l).Format("-07") {
			begin, end = begin+" "+e.Starts.In(l).Format("MST"), end+" "+e.Ends.In(l).Format("MST")
		}
	}
	say := fmt.Sprintf("%s, %s–%s", v.Text.LongDay(noon(e.Wall.Date), v.Now.In(v.Location)), begin, end)
	if e.Zone != v.Practice.Zone {
		say += " " + v.Say("diary.in-zone", v.Text.Place(e.Zone))
	}
	return say
}

func noon(d zone.Date) time.Time { return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC) }

// ends is the wall time of an appointment's end.
func ends(e calendar.Entry) zone.Wall {
	if l, err := zone.Load(e.Zone); err == nil {
		return zone.WallOf(e.Ends.In(l))
	}
	return zone.Wall{Date: e.Wall.Date, Minute: (e.Wall.Minute + e.Minutes) % (24 * 60)}
}

func facts(v *page.Visit, e calendar.Entry) []ui.Fact {
	facts := []ui.Fact{
		{Name: v.Say("form.service"), Value: e.ServiceName + ", " + v.Text.Minutes(e.Minutes)},
		{Name: v.Say("form.practitioner"), Value: e.PractitionerName},
		{Name: v.Say("form.location"), Value: e.LocationName},
		{Name: v.Say("form.mode"), Value: v.Say("mode." + string(e.Mode))},
	}
	moment := func(at time.Time) string { return v.Text.Moment(at.In(v.Location), v.Now.In(v.Location)) }
	if e.BookedAt.IsZero() {
		facts = append(facts, ui.Fact{Name: v.Say("diary.booked"), Value: v.Say("diary.imported")})
	} else {
		facts = append(facts, ui.Fact{Name: v.Say("diary.booked"), Value: moment(e.BookedAt)})
	}
	if !e.MovedAt.IsZero() {
		facts = append(facts, ui.Fact{Name: v.Say("diary.moved"), Value: moment(e.MovedAt)})
	}
	if e.Booking == calendar.Cancelled && !e.CancelledAt.IsZero() {
		value := moment(e.CancelledAt) + ", " + v.Say("by."+string(e.CancelledBy))
		if e.CancelReason != "" {
			value += ": " + v.Say("why."+e.CancelReason)
		}
		if e.CancelLate {
			value += " (" + v.Say("diary.late") + ")"
		}
		facts = append(facts, ui.Fact{Name: v.Say("diary.cancelled"), Value: value})
	}
	if e.Overbooked {
		facts = append(facts, ui.Fact{Name: v.Say("diary.overbooked"), Value: v.Say("diary.overbooked-say")})
	}
	return facts
}

// undoable says whether the last thing done can still be taken back: a move or cancellation by calendar's own word, a booking by its age.
func undoable(now time.Time, e calendar.Entry) bool {
	return e.Undoable || calendar.Fresh(e.Appointment, now)
}

// done says what has just been done and whether a message will follow, with the way back while there is one.
func done(v *page.Visit, e calendar.Entry, follows bool) *ui.Flash {
	did := v.Query("did")
	if !v.Text.Known("did." + did) {
		did = ""
	}
	switch {
	case undoable(v.Now, e) && v.May(guard.CalendarChange):
		key := "undo.booked"
		switch {
		case e.Booking == calendar.Cancelled:
			key = "undo.cancelled"
		case e.Undoable && e.MovedAt.Equal(e.ChangedAt):
			key = "undo.moved"
		}
		switch {
		case follows:
		case e.Booking == calendar.Booked && e.Starts.Before(v.Now):
			key += "-past"
		default:
			key += "-silent"
		}
		leaves := e.ChangedAt.Add(calendar.UndoDelay)
		return &ui.Flash{Kind: ui.Good, Say: v.Say(key, v.Text.Clock(leaves.In(v.Location))), Undo: "/appointments/" + string(e.ID) + "/undo", Action: v.Say("undo.do"),
			Values: map[string]string{"version": strconv.FormatInt(e.Version, 10)}}
	case did != "":
		return &ui.Flash{Kind: ui.Good, Say: v.Say("did." + did)}
	}
	return nil
}

// change runs one change of an appointment and plans it again, in one transaction.
func change(v *page.Visit, fn func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error)) (calendar.Appointment, error) {
	var changed calendar.Appointment
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		var err error
		if changed, err = fn(ctx, tx); err != nil {
			return err
		}
		return plan.Refresh(ctx, tx, changed.ID)
	})
	return changed, story.Named(v, "appointment", err)
}

func address(id calendar.ID, did string) string { return "/appointments/" + string(id) + "?did=" + did }

// version is the reading that a form was made from.
func version(v *page.Visit) int64 {
	n, err := strconv.ParseInt(v.Form("version"), 10, 64)
	if err != nil {
		return -1 // no reading has this number: the change is refused as one on an old reading
	}
	return n
}

// Undo takes back what was done last, while nothing has left.
func Undo(v *page.Visit) (page.Answer, error) {
	id := calendar.ID(v.Path("id"))
	a, err := changeAll(v, id, func(ctx context.Context, tx *store.Tx) ([]calendar.Appointment, error) {
		return calendar.UndoSeries(ctx, tx, id, version(v))
	})
	if err != nil {
		return page.Answer{}, err
	}
	return went(v, a.ID, "undone")
}

// Restore books a cancelled appointment again.
func Restore(v *page.Visit) (page.Answer, error) {
	a, err := change(v, func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
		return calendar.Uncancel(ctx, tx, calendar.ID(v.Path("id")), version(v), false)
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go(address(a.ID, "restored"))
}

// Mark records what attendees answered or did.
func Mark(v *page.Visit) (page.Answer, error) {
	mark := calendar.Mark{ID: calendar.ID(v.Path("id")), Attendee: calendar.AttendeeID(v.Form("attendee")), Version: version(v)}
	a, err := change(v, func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
		switch v.Form("what") {
		case "confirm":
			return calendar.Confirm(ctx, tx, mark)
		case "arrive":
			return calendar.Arrive(ctx, tx, mark)
		case "miss":
			return calendar.Miss(ctx, tx, mark)
		case "begin":
			return calendar.Attend(ctx, tx, mark, calendar.InSession)
		case "attend":
			return calendar.Attend(ctx, tx, mark, calendar.Attended)
		case "expect":
			return takenBack(mark)(calendar.Attend(ctx, tx, mark, calendar.Expected))
		case "unconfirm":
			return takenBack(mark)(calendar.Unconfirm(ctx, tx, mark))
		}
		return calendar.Appointment{}, errWhat
	})
	if err != nil {
		return page.Answer{}, err
	}
	return went(v, a.ID, "marked")
}

// takenBack refuses to say "Noted" where there was nothing to take back.
func takenBack(m calendar.Mark) func(calendar.Appointment, error) (calendar.Appointment, error) {
	return func(a calendar.Appointment, err error) (calendar.Appointment, error) {
		if err == nil && a.Version == m.Version {
			err = errNothing
		}
		return a, err
	}
}

// mark is a button of the page.
type mark struct{ what, say, look string }

// marks are what can be recorded of an attendee now.
func (d detail) marks(p calendar.Person) []mark {
	if !d.may || d.entry.Booking != calendar.Booked {
		return nil
	}
	now := d.visit.Now
	var out []mark
	if p.Attendance != calendar.Expected {
		return []mark{{"expect", d.visit.Say("mark.expect"), "quiet"}}
	}
	if p.Confirmation != calendar.Confirmed && now.Before(d.entry.Ends) {
		out = append(out, mark{"confirm", d.visit.Say("mark.confirm"), ""})
	}
	if now.After(d.entry.Starts.Add(-12 * time.Hour)) {
		out = append(out, mark{"arrive", d.visit.Say("mark.arrive"), ""})
	}
	if now.After(d.entry.Starts) {
		out = append(out, mark{"miss", d.visit.Say("mark.miss"), ""})
	}
	if (p.Confirmation == calendar.Confirmed || p.Confirmation == calendar.Declined) && now.Before(d.entry.Ends) {
		out = append(out, mark{"unconfirm", d.visit.Say("mark.unconfirm"), "quiet"})
	}
	return out
}

// movable says whether it can be moved or cancelled: booked, and nobody has come.
func (d detail) movable() bool {
	if !d.may || d.entry.Booking != calendar.Booked {
		return false
	}
	for _, p := range d.entry.People {
		if p.Attendance != calendar.Expected {
			return false
		}
	}
	return true
}

// personState is an attendee's own state.
func personState(e calendar.Entry, p calendar.Person) page.State {
	e.People = []calendar.Person{p}
	return page.StateOf(e)
}

// answered says who told whether they come, and when; "" where nobody did.
func (d detail) answered(p calendar.Person) string {
	if p.AnsweredBy == "" {
		return ""
	}
	by := d.visit.Say("answer.by-team")
	if p.AnsweredBy == calendar.ByLink || p.AnsweredBy == calendar.ByReply {
		by = d.visit.Say("answer.by-" + p.AnsweredBy)
	}
	if p.Confirmation == calendar.Confirmed {
		return d.visit.Say("answer.confirmed", d.visit.Text.Moment(p.ConfirmedAt.In(d.visit.Location), d.visit.Now.In(d.visit.Location)), by)
	}
	return d.visit.Say("answer."+string(p.Confirmation), by)
}

// explain makes of a taken time a sentence that names who has it: "Petra Schäfer is with João Costa until 13:45. Next free: 14:00."
func explain(ctx context.Context, tx *store.Tx, t *text.Catalogue, err error, at wanted) (say string, next zone.Wall) {
	var taken calendar.Taken
	if !errors.Is(err, calendar.ErrTaken) || !errors.As(err, &taken) {
		return "", zone.Wall{}
	}
	l, zoneErr := zone.Load(taken.Zone)
	if zoneErr != nil {
		return "", zone.Wall{}
	}
	who, found := "", false
	taking, listErr := calendar.Day(ctx, tx, at.starts(l).Add(-calendar.MaxMinutes*time.Minute), taken.Until, func(e calendar.Entry) bool {
		first := !found && string(e.Practitioner) == at.practitioner && e.Booking == calendar.Booked && e.ID != at.but && e.Ends.After(at.starts(l))
		found = found || first
		return first
	})
	if listErr != nil {
		return "", zone.Wall{}
	}
	if len(taking) > 0 {
		who = page.Names(t, taking[0])
	}
	until := zone.WallOf(taken.Until.In(l))
	if taken.Next.IsZero() {
		return t.Say("taken.never", who, page.Clock(until)), zone.Wall{}
	}
	next = zone.WallOf(taken.Next.In(l))
	if next.Date != at.wall.Date {
		return t.Say("taken.later-day", who, page.Clock(until), t.ShortDay(noon(next.Date), noon(at.wall.Date)), page.Clock(next)), next
	}
	return t.Say("taken.later", who, page.Clock(until), page.Clock(next)), next
}

// wanted is the time that somebody asked for.
type wanted struct {
	wall         zone.Wall
	turn         calendar.Turn
	practitioner string
	but          calendar.ID // the appointment that is being moved
}

func (w wanted) starts(l *time.Location) time.Time {
	if at := zone.Instants(w.wall, l); len(at) == 2 && w.turn == calendar.Second {
		return at[1]
	}
	return zone.At(w.wall, l)
}
