package story

import (
	"slices"

	"letterhead/message"
	"letterhead/plan"
	"letterhead/web/ui"
)

// Fate is what became of a message, in a word, with its colour.
type Fate struct {
	Kind ui.Kind
	Key  string // of the word in the catalogue
}

// FateOf looks at a message's state and at what was learnt after it left.
func FateOf(m message.Message, steps []message.Step) Fate {
	has := func(step string) bool {
		return slices.ContainsFunc(steps, func(s message.Step) bool { return s.Step == step })
	}
	switch {
	case has(message.Bounced):
		return Fate{ui.Bad, "fate.bounced"}
	case has(message.Complained):
		return Fate{ui.Bad, "fate.complained"}
	case m.State == message.Sent && has(message.Delivered):
		return Fate{ui.Good, "fate.delivered"}
	}
	switch m.State {
	case message.Sent:
		return Fate{ui.Good, "fate.sent"}
	case message.Refused:
		return Fate{ui.Bad, "fate.refused"}
	case message.MaybeSent:
		return Fate{ui.Wait, "fate.maybe"}
	case message.Held:
		return Fate{ui.Wait, "fate.held"}
	case message.Dropped:
		return Fate{ui.Plain, "fate.dropped"}
	case message.Leaving:
		return Fate{ui.Info, "fate.leaving"}
	}
	if m.Attempts > 0 {
		return Fate{ui.Wait, "fate.again"}
	}
	return Fate{ui.Info, "fate.queued"}
}

// Message is a message on the timeline of its appointment: one dot, what became of it and why.
func (t Teller) Message(m message.Message, steps []message.Step, rules map[string]string) ui.Entry {
	fate := FateOf(m, steps)
	entry := ui.Entry{What: name(rules, m.Rule), How: t.how(string(m.Channel), m.Attendee, m.Client != m.Recipient)}
	entry.State = map[string]ui.State{"fate.bounced": ui.Failed, "fate.complained": ui.Failed, "fate.refused": ui.Failed, "fate.delivered": ui.Done,
		"fate.sent": ui.Done, "fate.maybe": ui.Doubt, "fate.dropped": ui.Never}[fate.Key]
	if entry.State == "" {
		entry.State = ui.Come
	}
	see := []ui.Link{{To: "/messages/" + string(m.ID), Say: t.Text.Say("story.see")}}
	entry.Lines = []ui.Line{{Say: t.become(m, fate, steps), Links: see}}
	for _, step := range steps {
		if step.Step == message.Replied {
			entry.Lines = append(entry.Lines, ui.Line{Say: t.Text.Say("become.replied", sentence(t.Reason(step.Reason)), t.moment(step.At))})
		}
	}
	return entry
}

// become is the sentence of a message's fate.
func (t Teller) become(m message.Message, fate Fate, steps []message.Step) string {
	at := t.moment(m.ChangedAt)
	last := message.Step{Reason: m.Reason, At: m.ChangedAt}
	for _, step := range steps {
		switch step.Step {
		case message.Delivered, message.Bounced, message.Complained, message.Deferred, string(message.Refused):
			last = step
		}
	}
	switch fate.Key {
	case "fate.sent":
		return t.Text.Say("become.sent", t.moment(later(m)))
	case "fate.delivered", "fate.complained":
		return t.Text.Say("become."+fate.Key[len("fate."):], t.moment(last.At))
	case "fate.bounced":
		return t.Text.Say("become.bounced", t.moment(last.At), t.detail(last))
	case "fate.refused":
		return t.Text.Say("become.refused", t.detail(last), at)
	case "fate.maybe":
		return t.Text.Say("become.maybe", t.Reason(m.Reason), at)
	case "fate.again":
		return t.Text.Say("become.again", t.detail(last), t.moment(m.Turn))
	case "fate.held", "fate.dropped":
		return t.Text.Say("become."+fate.Key[len("fate."):], t.Reason(m.Reason))
	case "fate.leaving":
		return t.Text.Say("become.leaving")
	}
	return t.Text.Say("become.queued", t.moment(m.Turn))
}

// detail is a reason with the other server's reply, where it gave one.
func (t Teller) detail(step message.Step) string {
	say := t.Reason(step.Reason)
	if step.Detail != "" {
		say += " (" + step.Detail + ")"
	}
	return say
}

// Steps is one message's own timeline: every step with its time and reason.
func (t Teller) Steps(m message.Message, steps []message.Step) []ui.Entry {
	entries := make([]ui.Entry, 0, len(steps))
	for _, step := range steps {
		entry := ui.Entry{State: ui.Done, What: t.Text.Say("step." + step.Step), How: t.moment(step.At)}
		switch step.Step {
		case message.Bounced, message.Complained, string(message.Refused):
			entry.State = ui.Failed
		case string(message.MaybeSent), message.Deferred, string(message.Held):
			entry.State = ui.Doubt
		case string(message.Dropped):
			entry.State = ui.Never
		}
		if step.Reason != "" {
			entry.Lines = append(entry.Lines, ui.Line{Say: sentence(t.detail(step))})
		}
		entries = append(entries, entry)
	}
	if m.State == message.Queued {
		entries = append(entries, ui.Entry{State: ui.Come, What: t.Text.Say("step.next"), How: t.moment(m.Turn), Lines: []ui.Line{{Say: t.Text.Say("story.until", t.moment(m.NotAfter))}}})
	}
	return entries
}

// Unreached says that an attendee could not be reached, and why; Kind is "" when there is nothing to say.
type Unreached struct {
	Kind   ui.Kind
	Key    string // "today.not-delivered", "today.no-way"
	Say    string
	Fix    []ui.Link
	Person string // the attendee's id
}

// unreachable are the reasons that mean: there is no way to reach this person.
var unreachable = []plan.Reason{plan.NoEmail, plan.BadEmail, plan.NoMobile, plan.BadMobile}

// Reached looks at each attendee of one appointment: who got nothing although something should have reached them.
func (t Teller) Reached(told Told, attendees []string) []Unreached {
	var out []Unreached
	for _, attendee := range attendees {
		if u := t.reached(told, attendee); u.Kind != "" {
			out = append(out, u)
		}
	}
	return out
}

func (t Teller) reached(told Told, attendee string) Unreached {
	var failed *message.Message
	for i, m := range told.Messages {
		if m.Attendee != attendee {
			continue
		}
		switch FateOf(m, told.Steps[m.ID]).Kind {
		case ui.Bad:
			failed = &told.Messages[i]
		case ui.Good:
			failed = nil
		}
	}
	if failed != nil {
		steps := told.Steps[failed.ID]
		return Unreached{Kind: ui.Bad, Key: "today.not-delivered", Say: t.become(*failed, FateOf(*failed, steps), steps), Person: attendee,
			Fix: t.look(*failed)}
	}
	var blocked *plan.Line
	for i, line := range told.Lines {
		if line.Attendee != attendee {
			continue
		}
		if line.Verdict == plan.Send {
			return Unreached{}
		}
		if slices.Contains(unreachable, line.Reason) && blocked == nil {
			blocked = &told.Lines[i]
		}
	}
	if blocked == nil || slices.ContainsFunc(told.Messages, func(m message.Message) bool { return m.Attendee == attendee && m.State == message.Sent }) {
		return Unreached{}
	}
	return Unreached{Kind: ui.Wait, Key: "today.no-way", Say: sentence(t.Reason(string(blocked.Reason))), Person: attendee,
		Fix: t.fix(blocked.Reason, blocked.Client, blocked.Client != blocked.Recipient)}
}

// look leads to the address that a message could not be delivered to.
func (t Teller) look(m message.Message) []ui.Link {
	if !t.Clients || m.Client == "" || m.Client != m.Recipient {
		return nil
	}
	return []ui.Link{{To: "/clients/" + m.Client + "/reach", Say: t.Text.Say("fix.look")}}
}
