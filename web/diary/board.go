package diary

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"letterhead/calendar"
	"letterhead/calendar/open"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
	"letterhead/zone"
)

// The hours that a grid shows even when nobody is booked, the days of a week, and the minutes of a free slot.
const (
	opens  = 9 * 60
	closes = 17 * 60
	days   = 7
	slots  = 30
)

// The two views of the calendar.
const (
	byDay  = "day"
	byWeek = "week"
)

// everybody is the choice that is no practitioner's id.
const everybody = "all"

// board is a day with its practitioners in columns, or a week with its days in columns.
type board struct {
	frame  ui.Frame
	visit  *page.Visit
	view   string
	date   zone.Date
	today  zone.Date
	from   zone.Date // the first day shown
	days   int
	who    practice.PractitionerID // "" is everybody
	place  practice.LocationID     // "" is everywhere
	people []practice.Practitioner
	places []practice.Location
	booked []calendar.Entry
	at     calendar.Entry // to which something has just been done
	told   map[calendar.ID]story.Told
	alerts map[client.ID]string
	hours  open.Schedule
	pulse  string
	grid   ui.Day
	list   bool
	paper  bool // it is read for paper, which shows no hours and does not change
	may    bool
}

// Board is the calendar. ?view= is day or week, ?date= a day in it, ?who= and ?place= what it is narrowed to, ?list=yes one under the other; ?did=
// and ?at= say what has just been done to which appointment.
func Board(v *page.Visit) (page.Answer, error) {
	b := asked(v)
	if err := v.View(b.read); err != nil {
		return page.Answer{}, err
	}
	b.fill()
	b.frame = v.Frame(v.Say("place.calendar"), "/calendar")
	b.frame.Keys = b.keys()
	b.frame.Flash = b.flash()
	return page.Show(showBoard(b))
}

// flash says what was done to the appointment of ?at=, with the way back while there is one.
func (b *board) flash() *ui.Flash {
	if b.at.ID == "" {
		return nil
	}
	flash := done(b.visit, b.at, slices.ContainsFunc(b.told[b.at.ID].Lines, func(l plan.Line) bool { return l.Verdict == plan.Send }))
	if flash == nil {
		return nil
	}
	flash.Toast = true
	if flash.Values != nil {
		flash.Values["back"] = b.address()
	}
	return flash
}

// Changes answers the calendar that asks for itself: with nothing while nothing has changed, else with the grid anew.
func Changes(v *page.Visit) (page.Answer, error) {
	b := asked(v)
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		b.pulse, err = b.beat(ctx, tx)
		return err
	})
	if err != nil || b.pulse == v.Query("since") {
		return page.Answer{Status: http.StatusNoContent}, err
	}
	if err := v.View(b.read); err != nil {
		return page.Answer{}, err
	}
	b.fill()
	return page.Show(grid(b))
}

// List is the day on paper: who comes when to whom.
func List(v *page.Visit) (page.Answer, error) {
	b := asked(v)
	b.view, b.from, b.days, b.paper = byDay, b.date, 1, true
	if err := v.View(b.read); err != nil {
		return page.Answer{}, err
	}
	slices.SortStableFunc(b.booked, func(x, y calendar.Entry) int { return x.Wall.Minute - y.Wall.Minute })
	b.frame = v.Frame(v.Text.LongDay(noon(b.date), v.Now.In(v.Location)), "/calendar")
	return page.Show(dayList(b))
}

// asked reads which part of the calendar is wanted; what makes no sense is today's.
func asked(v *page.Visit) *board {
	today := zone.DateOf(v.Now.In(v.Location))
	b := &board{visit: v, view: byWeek, date: today, today: today, who: practice.PractitionerID(v.Query("who")), place: practice.LocationID(v.Query("place")),
		list: v.Query("list") == "yes", may: v.May(guard.CalendarChange)}
	if wanted, err := zone.ParseDate(v.Query("date")); err == nil && wanted.Year >= 1900 && wanted.Year <= today.Year+calendar.MaxYears {
		b.date = wanted
	}
	b.from, b.days = mondayOf(b.date), days
	if v.Query("view") == byDay {
		b.view, b.from, b.days = byDay, b.date, 1
	}
	return b
}

func (b *board) last() zone.Date { return b.from.Add(b.days - 1) }

func mondayOf(d zone.Date) zone.Date {
	since := (int(d.Weekday()) + 6) % 7 // Sunday is the last day
	return d.Add(-since)
}

func (b *board) read(ctx context.Context, tx *store.Tx) (err error) {
	if b.people, err = practice.EveryPractitioner(ctx, tx); err != nil {
		return err
	}
	if b.places, err = practice.Locations(ctx, tx); err != nil {
		return err
	}
	b.choose()
	if b.pulse, err = b.beat(ctx, tx); err != nil {
		return err
	}
	if !b.paper && (b.view == byDay || b.who != "") { // a week of everybody shows nobody's hours
		if b.hours, err = open.Load(ctx, tx, b.who, b.from, b.last()); err != nil {
			return err
		}
	}
	if b.booked, err = calendar.Walls(ctx, tx, b.from, b.last(), b.visit.Location, b.who, b.shown); err != nil {
		return err
	}
	var ids []calendar.ID
	var who []client.ID
	for _, e := range b.booked {
		ids = append(ids, e.ID)
		for _, p := range e.People {
			if !p.Hidden {
				who = append(who, p.Client)
			}
		}
	}
	slices.Sort(who)
	who = slices.Compact(who)
	if err = b.findAt(ctx, tx); err != nil {
		return err
	}
	if b.at.ID != "" && !slices.Contains(ids, b.at.ID) {
		ids = append(ids, b.at.ID)
	}
	if b.told, err = story.Of(ctx, tx, ids...); err != nil || len(who) == 0 || !b.visit.May(guard.ClientRead) {
		return err
	}
	keys, err := b.visit.Keys(ctx, tx)
	if err == nil {
		b.alerts, err = client.Alerts(ctx, tx, keys, who)
	}
	return err
}

// beat is another text whenever something on the board is.
func (b *board) beat(ctx context.Context, tx *store.Tx) (string, error) {
	from, until := calendar.Around(b.from, b.last(), b.visit.Location)
	return calendar.Pulse(ctx, tx, from, until)
}

// findAt finds the appointment to which something was done, wherever it is now.
func (b *board) findAt(ctx context.Context, tx *store.Tx) (err error) {
	at := calendar.ID(b.visit.Query("at"))
	if at == "" || b.visit.Query("did") == "" {
		return nil
	}
	for _, e := range b.booked {
		if e.ID == at && !e.Hidden {
			b.at = e
			return nil
		}
	}
	if b.at, err = find(ctx, tx, at); fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// shown says whether an appointment belongs on the board.
func (b *board) shown(e calendar.Entry) bool {
	return e.Booking != calendar.EnteredInError && e.Booking != calendar.Rescheduled && (b.place == "" || e.Location == b.place)
}

// choose shows one practitioner's week where nobody was asked for: their own, who looks, or the first. A day is everybody's.
func (b *board) choose() {
	b.people = slices.DeleteFunc(b.people, func(p practice.Practitioner) bool { return !p.ArchivedAt.IsZero() && p.ID != b.who })
	switch {
	case b.who == everybody, b.view == byDay && b.who == "":
		b.who = ""
	case b.who == "" && len(b.people) > 0:
		b.who = b.people[0].ID
		for _, p := range b.people {
			if p.Member == b.visit.Member.ID {
				b.who = p.ID
			}
		}
	}
}

func (b *board) fill() {
	v := b.visit
	b.grid = ui.Day{Start: opens, End: closes, List: b.list, Label: v.Say("week.grid"), Moves: b.may}
	if b.may {
		b.grid.Slots = slots
	}
	if b.view == byDay {
		b.grid.Label = v.Say("today.day")
		if b.date == b.today {
			now := v.Now.In(v.Location)
			b.grid.Now, b.grid.NowSay = ui.Minute(now), v.Say("day.now", v.Text.Clock(now))
		}
		b.fillDay()
		return
	}
	b.fillWeek()
}

// closed are the parts of a column in which nobody is to be booked, with the reason where somebody gave one; the grid grows to hold the hours.
func (b *board) closed(who practice.PractitionerID, day zone.Date) []ui.Item {
	places := []practice.LocationID{b.place}
	if b.place == "" {
		places = nil
		for _, l := range b.places {
			places = append(places, l.ID)
		}
	}
	if who == "" || len(places) == 0 {
		return nil
	}
	free := b.hours.Anywhere(who, places, day)
	var items []ui.Item
	shut := func(from, until int) {
		if from >= until {
			return
		}
		answer := b.hours.Of(who, places[0], zone.Wall{Date: day, Minute: from}, zone.Wall{Date: day, Minute: from + 1})
		items = append(items, ui.Item{From: from, Until: until, Block: true, Title: answer.Note})
	}
	begin := 0
	for _, span := range free {
		if b.hours.Known(who) && span != (open.Span{From: 0, To: 24 * 60}) {
			b.grid.Start, b.grid.End = min(b.grid.Start, span.From), max(b.grid.End, span.To)
		}
		shut(begin, span.From)
		begin = span.To
	}
	shut(begin, 24*60)
	return items
}

func (b *board) fillWeek() {
	v := b.visit
	items := map[zone.Date][]ui.Item{}
	for _, e := range b.booked {
		items[e.Wall.Date] = append(items[e.Wall.Date], b.item(e))
	}
	for i := range days {
		d := b.from.Add(i)
		column := ui.Column{Name: v.Text.ShortDay(noon(d), v.Now.In(v.Location)), Link: b.to(byWeek, d, b.chosen()), All: b.to(byDay, d, b.chosen()) + "&list=yes",
			Items: append(b.closed(b.who, d), items[d]...), Chosen: d == b.date, Date: d.String(), Who: string(b.who)}
		if d == b.today {
			column.Name = v.Say("week.today", d.Day)
		}
		if b.may {
			column.Book = b.book(d, string(b.who))
		}
		b.grid.Columns = append(b.grid.Columns, column)
	}
}

func (b *board) fillDay() {
	items := map[practice.PractitionerID][]ui.Item{}
	for _, e := range b.booked {
		items[e.Practitioner] = append(items[e.Practitioner], b.item(e))
	}
	for _, p := range b.people {
		if b.who != "" && p.ID != b.who {
			continue
		}
		column := ui.Column{Name: p.Name, Link: b.to(byDay, b.date, string(p.ID)), All: b.to(byDay, b.date, string(p.ID)) + "&list=yes",
			Items: append(b.closed(p.ID, b.date), items[p.ID]...), Chosen: p.ID == b.who || b.who == "" && len(b.grid.Columns) == 0, Date: b.date.String(), Who: string(p.ID)}
		if b.may {
			column.Book = b.book(b.date, string(p.ID))
		}
		b.grid.Columns = append(b.grid.Columns, column)
	}
}

func (b *board) item(e calendar.Entry) ui.Item {
	v, state := b.visit, page.StateOf(e)
	item := ui.Item{From: e.Wall.Minute, Until: e.Wall.Minute + e.Minutes, Kind: state.Kind, Off: e.Booking == calendar.Cancelled, Title: page.Names(v.Text, e), To: "/appointments/" + string(e.ID),
		Current: v.Query("at") == string(e.ID), Marks: b.marks(e)}
	if b.may && e.Booking == calendar.Booked && !e.Hidden {
		item.ID, item.Version = string(e.ID), number(e.Version)
	}
	item.Detail, item.More = page.Clock(e.Wall)+" "+v.Say(state.Key), e.ServiceName
	if b.view == byWeek && b.who == "" { // whose time it is comes before what it is for
		item.Detail, item.More = page.Clock(e.Wall)+" "+e.PractitionerName, v.Say(state.Key)
	}
	if e.Mode != practice.InPerson {
		item.More += " · " + v.Say("mode."+string(e.Mode))
	}
	return item
}

// marks are what a front desk wants to know of an appointment before it comes.
func (b *board) marks(e calendar.Entry) []ui.Mark {
	if e.Booking != calendar.Booked {
		return nil
	}
	v := b.visit
	var out []ui.Mark
	if b.unreached(e) {
		out = append(out, ui.Mark{Kind: ui.Bad, Sign: "×", Say: v.Say("board.unreached")})
	}
	if slices.ContainsFunc(e.People, func(p calendar.Person) bool { return p.FirstVisit }) {
		out = append(out, ui.Mark{Kind: ui.Info, Sign: "1", Say: v.Say("today.first-visit")})
	}
	for _, p := range e.People {
		if alert := b.alerts[p.Client]; alert != "" && !p.Hidden {
			out = append(out, ui.Mark{Kind: ui.Wait, Sign: "!", Say: alert})
			break
		}
	}
	if e.Series != "" {
		out = append(out, ui.Mark{Kind: ui.Plain, Sign: "↻", Say: v.Say("series.mark")})
	}
	return out
}

func (b *board) unreached(e calendar.Entry) bool {
	if e.Ends.Before(b.visit.Now) {
		return false
	}
	var open []string
	for _, p := range e.People {
		if p.Confirmation != calendar.Confirmed && p.Attendance == calendar.Expected {
			open = append(open, string(p.ID))
		}
	}
	teller := story.Teller{Text: b.visit.Text, Now: b.visit.Now, Location: b.visit.Location}
	return len(teller.Reached(b.told[e.ID], open)) > 0
}

// chosen is the value of the choice that is marked.
func (b *board) chosen() string {
	if b.who == "" {
		return everybody
	}
	return string(b.who)
}

// to is the board of another view, day or practitioner; the rest stays.
func (b *board) to(view string, d zone.Date, who string) string {
	to := "/calendar?view=" + view + "&date=" + d.String() + "&who=" + url.QueryEscape(who)
	if b.place != "" {
		to += "&place=" + url.QueryEscape(string(b.place))
	}
	if b.list {
		to += "&list=yes"
	}
	return to
}

// address is this very board's.
func (b *board) address() string { return b.to(b.view, b.date, b.chosen()) }

// before and after are as many days away as are shown.
func (b *board) before() string { return b.to(b.view, b.date.Add(-b.days), b.chosen()) }
func (b *board) after() string  { return b.to(b.view, b.date.Add(b.days), b.chosen()) }

// other is the same day in the other view.
func (b *board) other(view string) string {
	who := b.chosen()
	if view == byWeek && who == everybody {
		who = "" // a week of one is read more easily
	}
	return b.to(view, b.date, who)
}

// book is the address that books in a column; the time comes behind it.
func (b *board) book(d zone.Date, who string) string {
	to := "/appointments/new?from=" + b.view + "&date=" + d.String()
	if who != "" {
		to += "&who=" + url.QueryEscape(who)
	}
	if b.place != "" {
		to += "&place=" + url.QueryEscape(string(b.place))
	}
	return to
}

// changes is where the board asks whether it is still so.
func (b *board) changes() string {
	return "/calendar/changes?" + b.address()[len("/calendar?"):] + "&since=" + b.pulse
}

func (b *board) onPaper() string { return "/calendar/list?" + b.address()[len("/calendar?"):] }

// count says how many are booked, and whose times these are.
func (b *board) count() string {
	n := 0
	for _, e := range b.booked {
		if e.Booking == calendar.Booked {
			n++
		}
	}
	return b.visit.Count("week.booked", n) + " · " + b.visit.Say("frame.times-in", b.visit.Text.Place(b.visit.Practice.Zone))
}

func (b *board) line() string {
	v := b.visit
	now := v.Now.In(v.Location)
	span := v.Text.LongDay(noon(b.date), now)
	if b.view == byWeek {
		span = v.Say("week.line", v.Text.ShortDay(noon(b.from), now), v.Text.ShortDay(noon(b.from.Add(days-1)), now))
	}
	return span + " · " + b.count()
}

func (b *board) options() []ui.Option {
	options := []ui.Option{{Value: everybody, Say: b.visit.Say("week.everybody")}}
	for _, p := range b.people {
		options = append(options, ui.Option{Value: string(p.ID), Say: p.Name})
	}
	return options
}

func (b *board) locations() []ui.Option {
	options := []ui.Option{{Say: b.visit.Say("board.everywhere")}}
	for _, l := range b.places {
		options = append(options, ui.Option{Value: string(l.ID), Say: l.Name})
	}
	return options
}

// keys are those that mark the appointment under the cursor, and what they do.
func (b *board) keys() []ui.Key {
	keys := []ui.Key{{Key: "← ↑ → ↓", Say: b.visit.Say("board.key-arrows")}}
	if !b.may {
		return keys
	}
	for _, k := range []string{"n", "m", "x", "c", "a", "s", "d", "o", "e"} {
		keys = append(keys, ui.Key{Key: k, Say: b.visit.Say("board.key-" + k)})
	}
	return keys
}

// said is what signs mean, one after the other.
func said(signs []ui.Mark) string {
	words := make([]string, len(signs))
	for i, sign := range signs {
		words[i] = sign.Say
	}
	return strings.Join(words, " · ")
}

// legend explains the signs of marks.
func (b *board) legend() []ui.Mark {
	v := b.visit
	return []ui.Mark{{Kind: ui.Bad, Sign: "×", Say: v.Say("board.unreached")}, {Kind: ui.Info, Sign: "1", Say: v.Say("today.first-visit")}, {Kind: ui.Wait, Sign: "!", Say: v.Say("board.alert")}, {Kind: ui.Plain, Sign: "↻", Say: v.Say("series.mark")}}
}
