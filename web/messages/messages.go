// Package messages is the log of what was sent in the practice's name, with its fate, and the timeline of each message.
//
// The list shows to whom by the client's name, and opens nothing. A message's own page shows what it said: made again from the version that was
// sent and the values sealed with it, an e-mail's HTML in a frame in which nothing is loaded and nothing runs, and it says what could not be
// merged as it was given. It also answers what exactly was sent: the message is made again to the last byte, its hash is compared with what the leaf in the
// ledger commits to, and the leaf's place in the log is proved. Whatever was changed since, values, version, row or leaf, is said.
package messages

import (
	"context"
	"net/url"
	"slices"
	"time"

	"letterhead/calendar"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
)

// group is a filter of the list: fates that belong together.
type group struct {
	name   string
	states []message.State
}

var groups = []group{
	{"all", nil},
	{"failed", []message.State{message.Refused, message.MaybeSent}},
	{"waiting", []message.State{message.Queued, message.Leaving, message.Held}},
	{"sent", []message.State{message.Sent}},
	{"dropped", []message.State{message.Dropped}},
}

// line is a row of the log.
type line struct {
	id, when, to, toLink, what, channel string
	fate                                story.Fate
	why                                 string
}

type list struct {
	frame   ui.Frame
	visit   *page.Visit
	tabs    []ui.Tab
	group   string
	channel string
	lines   []line
	older   ui.Link
	first   bool
	signing string  // how many wait for a signature, in words; "" for none
	desk    ui.Link // where that is done
}

// List is the log, the newest first. ?state= and ?channel= narrow it, ?after= goes on.
func List(v *page.Visit) (page.Answer, error) {
	l := list{visit: v, group: "all", first: v.Query("after") == ""}
	filter := message.Filter{}
	for _, g := range groups {
		if g.name == v.Query("state") {
			l.group, filter.States = g.name, g.states
		}
	}
	if channel := message.Channel(v.Query("channel")); channel == message.Email || channel == message.SMS {
		filter.Channel, l.channel = channel, string(channel)
	}
	var found []message.Message
	var steps map[message.ID][]message.Step
	var about map[calendar.ID]calendar.Entry
	var rules map[string]string
	var next string
	var unsigned int
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		var err error
		if found, next, err = message.List(ctx, tx, filter, message.Page{After: v.Query("after")}); err != nil {
			return err
		}
		if unsigned, err = message.CountHeld(ctx, tx, message.ReasonUnsigned); err != nil {
			return err
		}
		steps, about, rules, err = around(ctx, tx, found)
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	teller := story.Teller{Text: v.Text, Now: v.Now, Location: v.Location}
	for _, m := range found {
		l.lines = append(l.lines, l.line(teller, m, steps[m.ID], about, rules))
	}
	if unsigned > 0 {
		l.signing = v.Count("messages.unsigned", unsigned)
		if v.Desk != "" {
			l.desk = ui.Link{To: v.Desk + "/p/" + string(v.Practice.ID), Say: v.Say("messages.desk")}
		}
	}
	l.tabs = l.views()
	if next != "" {
		l.older = ui.Link{To: l.address(l.group, next), Say: v.Say("messages.older")}
	}
	l.frame = v.Frame(v.Say("place.messages"), "/messages")
	return page.Show(show(l))
}

// around reads what a list of messages needs: steps, the appointments they are about, and the names of automatic messages.
func around(ctx context.Context, tx *store.Tx, found []message.Message) (map[message.ID][]message.Step, map[calendar.ID]calendar.Entry, map[string]string, error) {
	var ids []message.ID
	var appointments []calendar.ID
	for _, m := range found {
		ids = append(ids, m.ID)
		if id := calendar.ID(m.Appointment); id != "" && !slices.Contains(appointments, id) {
			appointments = append(appointments, id)
		}
	}
	steps, err := message.Steps(ctx, tx, ids...)
	if err != nil {
		return nil, nil, nil, err
	}
	about, err := calendar.Entries(ctx, tx, appointments)
	if err != nil {
		return nil, nil, nil, err
	}
	all, err := plan.Rules(ctx, tx)
	rules := make(map[string]string, len(all))
	for _, rule := range all {
		rules[rule.Key] = rule.Name
	}
	return steps, about, rules, err
}

func (l list) line(t story.Teller, m message.Message, steps []message.Step, about map[calendar.ID]calendar.Entry, rules map[string]string) line {
	v := l.visit
	row := line{id: string(m.ID), when: v.Text.Moment(m.CreatedAt.In(v.Location), v.Now.In(v.Location)), what: what(v, m, rules),
		channel: v.Say("channel." + string(m.Channel)), fate: story.FateOf(m, steps), to: recipient(v, m, about)}
	if _, known := about[calendar.ID(m.Appointment)]; known {
		row.toLink = "/appointments/" + m.Appointment
	}
	if m.Reason != "" && m.State != message.Sent {
		row.why = t.Reason(m.Reason)
	}
	return row
}

func what(v *page.Visit, m message.Message, rules map[string]string) string {
	if name := rules[m.Rule]; name != "" {
		return name
	}
	if m.Rule != "" {
		return m.Rule
	}
	return v.Say("kind." + string(m.Kind))
}

// recipient is the client's name as the appointment has it; a contact is said to be one.
func recipient(v *page.Visit, m message.Message, about map[calendar.ID]calendar.Entry) string {
	for _, p := range about[calendar.ID(m.Appointment)].People {
		if string(p.ID) == m.Attendee || m.Attendee == "" && string(p.Client) == m.Client {
			if m.Recipient != m.Client {
				return v.Say("messages.contact-of", page.Name(p))
			}
			return page.Name(p)
		}
	}
	return v.Say("messages.somebody")
}

func (l list) views() []ui.Tab {
	var tabs []ui.Tab
	for _, g := range groups {
		tabs = append(tabs, ui.Tab{To: l.address(g.name, ""), Say: l.visit.Say("messages.group-" + g.name), Current: g.name == l.group})
	}
	return tabs
}

func (l list) address(group, after string) string {
	query := url.Values{}
	if group != "all" {
		query.Set("state", group)
	}
	if l.channel != "" {
		query.Set("channel", l.channel)
	}
	if after != "" {
		query.Set("after", after)
	}
	if len(query) == 0 {
		return "/messages"
	}
	return "/messages?" + query.Encode()
}

type one struct {
	frame    ui.Frame
	visit    *page.Visit
	title    string
	fate     story.Fate
	facts    []ui.Fact
	timeline []ui.Entry
	id       string
	words    *words
	silent   string  // why there are no words
	view     string  // "html" or "text"
	other    ui.Link // the other view
	replaced []string
	stops    []ui.Link
	proof    *proof // nil: it has not left
	source   string // where its source is; "" where there is none
}

// Show is one message: what it is, what it said and every step of its way. ?view=text shows an e-mail's text part.
func Show(v *page.Visit) (page.Answer, error) {
	var m message.Message
	var steps map[message.ID][]message.Step
	var about map[calendar.ID]calendar.Entry
	var rules map[string]string
	var spoken words
	var unsaid error
	var leads []ui.Link
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		var err error
		if m, err = message.Find(ctx, tx, message.ID(v.Path("id"))); err != nil {
			return err
		}
		if steps, about, rules, err = around(ctx, tx, []message.Message{m}); err != nil {
			return err
		}
		leads = stops(ctx, tx, v, m)
		keys, err := v.Keys(ctx, tx)
		if err == nil {
			spoken, err = said(ctx, tx, keys, m)
		}
		if unsaid = err; silent(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	teller := story.Teller{Text: v.Text, Now: v.Now, Location: v.Location}
	o := one{visit: v, id: string(m.ID), title: what(v, m, rules), fate: story.FateOf(m, steps[m.ID]), timeline: teller.Steps(m, steps[m.ID]), stops: leads}
	to := ui.Fact{Name: v.Say("messages.to"), Value: recipient(v, m, about)}
	if e, known := about[calendar.ID(m.Appointment)]; known {
		to.Link = ui.Link{To: "/appointments/" + m.Appointment, Say: v.Say("messages.appointment", v.Text.ShortDay(e.Starts.In(v.Location), v.Now.In(v.Location)), page.Clock(e.Wall))}
	}
	moment := func(at time.Time) string { return v.Text.Moment(at.In(v.Location), v.Now.In(v.Location)) }
	o.facts = []ui.Fact{to, {Name: v.Say("messages.channel"), Value: v.Say("channel." + string(m.Channel))}, {Name: v.Say("messages.made"), Value: moment(m.CreatedAt)},
		{Name: v.Say("messages.not-after"), Value: moment(m.NotAfter)}, {Name: v.Say("messages.tries"), Value: v.Text.Number(int(m.Attempts))}}
	o.show(m, spoken, unsaid)
	if o.proof, err = prove(v, m, spoken, unsaid); err != nil {
		return page.Answer{}, err
	}
	o.frame = v.Frame(o.title, "/messages")
	return page.Show(showOne(o))
}

func heads(l list) []ui.Head {
	say := l.visit.Say
	return []ui.Head{{Say: say("messages.made")}, {Say: say("messages.to")}, {Say: say("messages.what")}, {Say: say("messages.channel")}, {Say: say("messages.fate")}}
}

// newest leads back to the beginning of the list.
func newest(l list) ui.Link {
	if l.first {
		return ui.Link{}
	}
	return ui.Link{To: l.address(l.group, ""), Say: l.visit.Say("messages.newest")}
}
