// Package incidents is the pages about incidents: which concern the practice, and of each what is known, what is stopped, what was decided and learnt, who does
// what next, and the drafts of what there is to tell.
//
// A practice sees its own figures, its own messages and its own decisions, and what the operator wrote for all. Whoever runs Letterhead has the command of that name.
// Another practice's incident is not found. Nothing here lifts a stop or sends anything: what goes to clients is a template or a message that people sign.
package incidents

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/incident/book"
	"letterhead/message"
	"letterhead/register"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
)

const home = "/incidents"

// row is an incident in the list.
type row struct {
	link        ui.Link
	when, state string
	look        ui.Kind
}

type list struct {
	frame    ui.Frame
	visit    *page.Visit
	rows     []row
	title    string
	problems []ui.Problem
	mayOpen  bool
}

var errElsewhere = fault.New(fault.NotFound, "incident.elsewhere", "incidents are kept where messages leave; ask whoever runs Letterhead")

// List is the page of those that concern the practice.
func List(v *page.Visit) (page.Answer, error) { return listed(v, "", nil) }

func listed(v *page.Visit, title string, wrong error) (page.Answer, error) {
	if v.Incidents == nil {
		return page.Answer{}, errElsewhere
	}
	found, err := v.Incidents.List(v.Context(), v.Practice.ID)
	if err != nil {
		return page.Answer{}, err
	}
	l := list{frame: v.Frame(v.Say("incident.title"), home), visit: v, title: title, mayOpen: v.May(guard.SendingStop)}
	for _, c := range found {
		r := row{link: ui.Link{To: home + "/" + c.ID, Say: c.Facts.Title}, when: v.Text.Moment(c.OpenedAt.In(v.Location), v.Now.In(v.Location)), state: v.Say("incident.closed"), look: ui.Plain}
		if c.Open() {
			r.state, r.look = v.Say("incident.open"), ui.Wait
		}
		l.rows = append(l.rows, r)
	}
	if wrong != nil {
		p := page.Problem(v.Text, wrong)
		if p == nil {
			return page.Answer{}, wrong
		}
		l.problems = []ui.Problem{*p}
		return page.Again(listPage(l), wrong)
	}
	return page.Show(listPage(l))
}

// Open stops what the practice sends, and opens an incident.
func Open(v *page.Visit) (page.Answer, error) {
	if v.Incidents == nil {
		return page.Answer{}, errElsewhere
	}
	title := v.Form("title")
	id, err := v.Incidents.Open(v.Context(), v.Actor, title, message.Stop{Practice: v.Practice.ID, Scope: message.StopPractice, Reason: title, Who: v.Actor.Who()})
	if err != nil {
		return listed(v, title, err)
	}
	return page.Go(home + "/" + id)
}

// group is some figures that are read together.
type group struct {
	title   string
	figures []figure
}

// figure is one of them. value is short and stands at the end of its line; long, below its name.
type figure struct{ name, value, long, note, shows string }

// groups are the figures' names, as they are read together.
var groups = []struct {
	key   string
	names []string
}{
	{"when", []string{"first_made_at", "first_bad_at", "last_bad_at", "detected_at", "contained_at", "detected_after_ms", "contained_after_ms"}},
	{"messages", []string{"messages", "messages_left", "messages_held", "messages_recalled", "messages_refused", "messages_waiting", "leaves", "honest_caught", "honest_released"}},
	{"people", []string{"clients", "personal_data_clients", "personal_data_fields", "fields_merged"}},
	{"how", []string{"versions", "rules", "orders", "link_hosts", "endpoints", "members", "sessions", "credentials", "addresses"}},
}

type shown struct {
	frame    ui.Frame
	visit    *page.Visit
	said     page.Incident
	id       string
	facts    []ui.Fact
	stops    []line
	groups   []group
	steps    []line
	written  []line // decisions, lessons, actions
	list     []entry
	problems []ui.Problem
	typed    map[string]string
}

// line is a line of a list.
type line struct{ when, what, more, who string }

// entry is a message of it.
type entry struct {
	id, when string
	fate     story.Fate
}

// Show is the page of one.
func Show(v *page.Visit) (page.Answer, error) { return show(v, nil) }

func show(v *page.Visit, wrong error) (page.Answer, error) {
	if v.Incidents == nil {
		return page.Answer{}, errElsewhere
	}
	said, err := v.Incidents.Show(v.Context(), v.Actor, v.Path("id"))
	if err != nil {
		return page.Answer{}, err
	}
	s := shown{visit: v, said: said, id: said.Case.ID, frame: v.Frame(said.Case.Facts.Title, home), typed: map[string]string{}}
	s.fill()
	if wrong != nil {
		p := page.Problem(v.Text, wrong)
		if p == nil {
			return page.Answer{}, wrong
		}
		s.problems = []ui.Problem{*p}
		for _, name := range []string{"what", "why", "owner", "due"} {
			s.typed[name] = v.Form(name)
		}
		return page.Again(showPage(s), wrong)
	}
	return page.Show(showPage(s))
}

func (s *shown) moment(at time.Time) string {
	return s.visit.Text.Moment(at.In(s.visit.Location), s.visit.Now.In(s.visit.Location))
}

func (s *shown) fill() {
	v, c := s.visit, s.said.Case
	state := v.Say("incident.closed")
	if c.Open() {
		state = v.Say("incident.open")
	}
	s.facts = []ui.Fact{{Name: v.Say("incident.state"), Value: state}, {Name: v.Say("incident.opened"), Value: s.moment(c.OpenedAt)}}
	if !c.MeasuredAt.IsZero() {
		s.facts = append(s.facts, ui.Fact{Name: v.Say("incident.measured"), Value: s.moment(c.MeasuredAt)})
	}
	for _, x := range s.said.Stops {
		l := line{when: s.moment(x.At), what: short(x.Words()), more: v.Say("incident.stopped")}
		if !x.LiftedAt.IsZero() {
			l.more = v.Say("incident.lifted", s.moment(x.LiftedAt))
		}
		s.stops = append(s.stops, l)
	}
	s.figure()
	for _, e := range s.said.Entries {
		l := line{when: s.moment(e.At), what: short(e.What), more: e.Why, who: cmp.Or(s.said.Names[e.Who], e.Who)}
		switch e.Kind {
		case book.Step:
			l.more = ""
			s.steps = append(s.steps, l)
			continue
		case book.Action:
			l.more = strings.TrimSuffix(e.Owner+", "+e.Due, ", ")
		case book.Decision, book.Lesson:
		}
		l.what = v.Say("incident.kind."+string(e.Kind)) + ": " + l.what
		s.written = append(s.written, l)
	}
	for _, m := range s.said.List {
		l := entry{id: string(m.ID), when: v.Say("incident.not-left"), fate: story.FateOf(message.Message{State: m.State}, nil)}
		if !m.LeftAt.IsZero() {
			l.when = s.moment(m.LeftAt)
		}
		s.list = append(s.list, l)
	}
}

// figure puts what was measured into groups.
func (s *shown) figure() {
	known := map[string]book.Figure{}
	for _, f := range s.said.Figures {
		known[f.Name] = f
	}
	for _, of := range groups {
		g := group{title: s.visit.Say("incident.group." + of.key)}
		for _, name := range of.names {
			if f, is := known[name]; is {
				g.figures = append(g.figures, s.say(f))
			}
		}
		if len(g.figures) > 0 {
			s.groups = append(s.groups, g)
		}
	}
}

// say writes a figure: of a list its items, of what is not known that.
func (s *shown) say(f book.Figure) figure {
	v := s.visit
	out := figure{name: v.Say("incident.figure." + f.Name), note: f.Note, shows: short(strings.Join(f.Evidence, "; "))}
	switch {
	case f.State == register.None:
		out.value = v.Say("incident.none")
	case f.State == register.Unknown:
		out.value = v.Say("incident.unknown")
	case !f.At.IsZero():
		out.value = s.moment(f.At)
	case f.State == register.Estimate:
		out.value = v.Say("incident.estimate", v.Text.Number(int(f.Low)), v.Text.Number(int(f.High)))
	case len(f.Items) > 0:
		items := make([]string, 0, mostItems)
		for _, item := range f.Items[:min(len(f.Items), mostItems)] {
			items = append(items, short(cmp.Or(s.said.Names[item], item)))
		}
		out.value, out.long = v.Text.Number(int(f.Number)), strings.Join(items, ", ")
	case strings.HasSuffix(f.Name, "_ms"):
		out.value = v.Say("incident.seconds", strconv.FormatFloat(float64(f.Number)/1000, 'f', 1, 64))
		if f.Number >= time.Hour.Milliseconds() {
			out.value = v.Text.Minutes(int(f.Number / time.Minute.Milliseconds()))
		}
	default:
		out.value = v.Text.Number(int(f.Number))
	}
	return out
}

// mostItems bounds the items of a figure that are shown; its number counts all.
const mostItems = 10

// longHash is a digest, of which a person compares the beginning.
var longHash = regexp.MustCompile(`\b([0-9a-f]{12})[0-9a-f]{28,}\b`)

func short(text string) string { return longHash.ReplaceAllString(text, "$1…") }

func (s *shown) errorOf(field string) string {
	for _, p := range s.problems {
		if p.Field == field {
			return p.Say
		}
	}
	return ""
}

// Change notes a decision, lesson or action of the practice, or publishes its correction.
func Change(v *page.Visit) (page.Answer, error) {
	if v.Incidents == nil {
		return page.Answer{}, errElsewhere
	}
	id, err := v.Path("id"), error(nil)
	switch do := v.Form("do"); do {
	case "correct", "take back":
		err = v.Incidents.Correct(v.Context(), v.Actor, id, do == "correct")
	case string(book.Decision), string(book.Lesson), string(book.Action):
		err = v.Incidents.Note(v.Context(), v.Actor, id, book.Entry{Kind: book.EntryKind(do), What: v.Form("what"), Why: v.Form("why"), Owner: v.Form("owner"), Due: v.Form("due")})
	default:
		err = fault.Field("do", "incident.do", "choose what it is: a decision, a lesson or an action")
	}
	if err != nil {
		return show(v, err)
	}
	return page.Go(home + "/" + id)
}
