// Package story tells what was sent about an appointment, what will be and what will not, each with its reason in plain words and the fix
// as a link: the timeline of pages. It puts together the plan's lines and the messages with their steps.
//
// It says what plan and message say and decides nothing; it opens nothing that is sealed. A reason that it has no sentence for is shown by
// its key, and a test finds it.
package story

import (
	"context"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/web/ui"
	"letterhead/web/ui/text"
	"letterhead/zone"
)

// Told is what there is to say about one appointment.
type Told struct {
	Lines    []plan.Line
	Messages []message.Message
	Steps    map[message.ID][]message.Step
	Rules    map[string]string // names of automatic messages by key
}

// Of reads what there is to say about appointments, in a number of statements that does not grow with theirs. Of a client whom the actor does not see it
// says nothing.
func Of(ctx context.Context, tx *store.Tx, ids ...calendar.ID) (map[calendar.ID]Told, error) {
	facts, err := plan.Load(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	rules, err := plan.Rules(ctx, tx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(rules))
	for _, rule := range rules {
		names[rule.Key] = rule.Name
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = string(id)
	}
	messages, err := message.OfAppointments(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	var sent []message.ID
	var who []client.ID
	lines := map[calendar.ID][]plan.Line{}
	for i := range facts {
		id := calendar.ID(facts[i].Appointment.ID)
		lines[id] = plan.Plan(facts[i], tx.Now)
		for _, l := range lines[id] {
			who = append(who, client.ID(l.Client))
		}
	}
	for _, list := range messages {
		for _, m := range list {
			sent, who = append(sent, m.ID), append(who, client.ID(m.Client))
		}
	}
	hidden, err := client.Hidden(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	steps, err := message.Steps(ctx, tx, sent...)
	if err != nil {
		return nil, err
	}
	out := make(map[calendar.ID]Told, len(ids))
	for _, id := range ids {
		out[id] = Told{Steps: steps, Rules: names,
			Messages: slices.DeleteFunc(messages[string(id)], func(m message.Message) bool { return hidden[client.ID(m.Client)] }),
			Lines:    slices.DeleteFunc(lines[id], func(l plan.Line) bool { return hidden[client.ID(l.Client)] })}
	}
	return out, nil
}

// Teller turns facts into sentences.
type Teller struct {
	Text     *text.Catalogue
	Now      time.Time
	Location *time.Location    // in which times are written
	People   map[string]string // names of attendees, by id; said when there are several
	Clients  bool              // link to where a client's addresses and wishes are changed
}

type placed struct {
	at    time.Time
	later bool // no instant: stands at the end
	entry ui.Entry
}

// Timeline puts everything about one appointment in its order: what was, what comes, what will not.
func (t Teller) Timeline(told Told) []ui.Entry {
	var all []placed
	for _, m := range told.Messages {
		all = append(all, placed{at: m.CreatedAt, entry: t.Message(m, told.Steps[m.ID], told.Rules)})
	}
	for _, line := range told.Lines {
		if line.Reason == plan.AlreadySent {
			continue
		}
		at := line.Due
		if line.Verdict == plan.Send && !line.Next.IsZero() {
			at = line.Next
		}
		all = append(all, placed{at: at, later: at.IsZero(), entry: t.line(line, told.Rules)})
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		if a.later != b.later {
			if a.later {
				return 1
			}
			return -1
		}
		return a.at.Compare(b.at)
	})
	entries := make([]ui.Entry, len(all))
	for i := range all {
		entries[i] = all[i].entry
	}
	return entries
}

func (t Teller) line(line plan.Line, rules map[string]string) ui.Entry {
	entry := ui.Entry{State: ui.Come, What: name(rules, line.Rule), How: t.how(string(line.Channel), line.Attendee, line.Client != line.Recipient)}
	if line.Verdict == plan.Send {
		say := t.Text.Say("story.will", t.moment(line.Next)) + t.there(line, line.Next)
		if detail := t.Text.Say("plan." + string(line.Reason)); line.Reason != plan.Planned && t.Text.Known("plan."+string(line.Reason)) {
			say += ". " + detail
		}
		entry.Lines = []ui.Line{{Say: say}}
		return entry
	}
	entry.State = ui.Never
	why := t.Reason(string(line.Reason))
	switch line.Reason {
	case plan.QuietBefore, plan.QuietPast, plan.QuietTooLate:
		why += t.there(line, line.Due)
	}
	entry.Lines = []ui.Line{{Say: t.Text.Say("story.wont", why), Links: t.fix(line.Reason, line.Client, line.Client != line.Recipient)}}
	return entry
}

// there adds an instant by the recipient's clock where that shows another time: quiet hours are the recipient's.
func (t Teller) there(line plan.Line, at time.Time) string {
	if line.Home == nil || at.IsZero() {
		return ""
	}
	if here, there := zone.WallOf(at.In(t.Location)), zone.WallOf(at.In(line.Home)); here == there {
		return ""
	}
	return t.Text.Say("story.there", t.Text.Moment(at.In(line.Home), t.Now.In(line.Home)), t.Text.Place(line.Home.String()))
}

// Reason is the plain words of a reason of plan or message.
func (t Teller) Reason(key string) string {
	if t.Text.Known("reason." + key) {
		return t.Text.Say("reason." + key)
	}
	return key
}

// fix is what somebody can do about a reason, as a link; none where nothing can be done on a page.
func (t Teller) fix(reason plan.Reason, who string, contact bool) []ui.Link {
	if !t.Clients || contact || who == "" {
		return nil
	}
	to := "/clients/" + who + "/reach"
	switch reason {
	case plan.NoEmail, plan.NoMobile:
		return []ui.Link{{To: to, Say: t.Text.Say("fix.add")}}
	case plan.BadEmail, plan.BadMobile:
		return []ui.Link{{To: to, Say: t.Text.Say("fix.correct")}}
	case plan.WantsNone, plan.WantsEmail, plan.WantsSMS, plan.Withdrawn:
		return []ui.Link{{To: to, Say: t.Text.Say("fix.change")}}
	}
	return nil
}

func (t Teller) how(channel, attendee string, contact bool) string {
	how := t.Text.Say("channel.by-" + channel)
	if contact {
		how += " " + t.Text.Say("story.contact")
	}
	if name := t.People[attendee]; len(t.People) > 1 && name != "" {
		how += " " + t.Text.Say("story.for", name)
	}
	return how
}

func (t Teller) moment(at time.Time) string {
	return t.Text.Moment(at.In(t.Location), t.Now.In(t.Location))
}

func name(rules map[string]string, key string) string {
	if rules[key] != "" {
		return rules[key]
	}
	return key
}

// later is when a message was sent: when its first byte left, or when that was noted.
func later(m message.Message) time.Time {
	if m.LeftAt.IsZero() {
		return m.ChangedAt
	}
	return m.LeftAt
}

// sentence begins with a capital.
func sentence(say string) string {
	first, size := utf8.DecodeRuneInString(say)
	return string(unicode.ToUpper(first)) + say[size:]
}
