package story

import (
	"strings"
	"testing"
	"time"

	"letterhead/message"
	"letterhead/plan"
	"letterhead/web/ui"
	"letterhead/web/ui/text"
	"letterhead/zone"
)

var now = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

func teller() Teller {
	return Teller{Text: text.For("en"), Now: now, Location: time.UTC, Clients: true}
}

func line(rule string, verdict plan.Verdict, reason plan.Reason, at time.Time) plan.Line {
	return plan.Line{Rule: rule, Attendee: "a", Client: "c", Recipient: "c", Channel: plan.Email, Verdict: verdict, Reason: reason, Due: at, Next: at}
}

func sent(id message.ID, state message.State, at time.Time) message.Message {
	return message.Message{Intent: message.Intent{ID: id, Channel: message.Email, Rule: "booked", Attendee: "a", Client: "c", Recipient: "c", Turn: at}, State: state, CreatedAt: at, ChangedAt: at}
}

// What was stands before what comes, and what has no instant at the end; what became a message is told once.
func TestTimelineIsInItsOrder(t *testing.T) {
	t.Parallel()
	told := Told{Rules: map[string]string{"booked": "Booking confirmation"}, Messages: []message.Message{sent("m", message.Sent, now.Add(-48*time.Hour))}, Lines: []plan.Line{
		line("changed", plan.Skip, plan.Imported, time.Time{}), line("later", plan.Send, plan.Planned, now.Add(48*time.Hour)),
		line("soon", plan.Send, plan.Earlier, now.Add(time.Hour)), line("booked", plan.Send, plan.AlreadySent, now.Add(-48*time.Hour))}}
	var names, says []string
	for _, entry := range teller().Timeline(told) {
		names = append(names, entry.What+"/"+string(entry.State))
		says = append(says, entry.Lines[0].Say)
	}
	if have := strings.Join(names, ", "); have != "Booking confirmation/done, soon/come, later/come, changed/never" {
		t.Error(have)
	}
	if says[1] != "Will be sent Tue 1 Dec, 10:00. That is the last minute before quiet hours." || says[3] != "Will not be sent: it was imported, and the time of booking is not known." {
		t.Errorf("%q", says)
	}
}

// Quiet hours are the recipient's: where their clock shows another time it is said too.
func TestTheRecipientsOwnTime(t *testing.T) {
	t.Parallel()
	perth, melbourne := load(t, "Australia/Perth"), load(t, "Australia/Melbourne")
	for _, c := range []struct {
		home    *time.Location
		verdict plan.Verdict
		reason  plan.Reason
		want    string
	}{
		{perth, plan.Send, plan.Earlier, "Will be sent Tue 1 Dec, 22:59 (Tue 1 Dec, 19:59 in Perth, where the recipient is). That is the last minute before quiet hours."},
		{melbourne, plan.Send, plan.Earlier, "Will be sent Tue 1 Dec, 22:59. That is the last minute before quiet hours."},
		{nil, plan.Send, plan.Planned, "Will be sent Tue 1 Dec, 22:59"},
		{perth, plan.Skip, plan.QuietPast, "Will not be sent: quiet hours would put it into the past (Tue 1 Dec, 19:59 in Perth, where the recipient is)."},
		{perth, plan.Skip, plan.Cancelled, "Will not be sent: the appointment is cancelled."},
	} {
		l := line("r", c.verdict, c.reason, time.Date(2026, 12, 1, 22, 59, 0, 0, melbourne))
		l.Home = c.home
		at := teller()
		at.Location = melbourne
		if have := at.line(l, nil).Lines[0].Say; have != c.want {
			t.Errorf("%q, want %q", have, c.want)
		}
	}
}

func load(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := zone.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestFixes(t *testing.T) {
	t.Parallel()
	for reason, want := range map[plan.Reason]string{plan.NoEmail: "Add it", plan.BadMobile: "Correct it", plan.WantsEmail: "Change", plan.Withdrawn: "Change", plan.Cancelled: "", plan.TooLate: ""} {
		have := ""
		for _, link := range teller().fix(reason, "c", false) {
			have = link.Say
			if link.To != "/clients/c/reach" {
				t.Errorf("%s leads to %s", reason, link.To)
			}
		}
		if have != want {
			t.Errorf("%s: %q, want %q", reason, have, want)
		}
	}
	noRight := teller()
	noRight.Clients = false
	if noRight.fix(plan.NoEmail, "c", false) != nil || teller().fix(plan.NoEmail, "c", true) != nil {
		t.Error("a fix is offered to who cannot do it, or for a contact")
	}
}

func TestFates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state    message.State
		attempts int64
		steps    []string
		key      string
		dot      ui.State
	}{
		{message.Queued, 0, nil, "fate.queued", ui.Come}, {message.Queued, 2, []string{message.Deferred}, "fate.again", ui.Come}, {message.Leaving, 1, nil, "fate.leaving", ui.Come},
		{message.Sent, 1, nil, "fate.sent", ui.Done}, {message.Sent, 1, []string{message.Delivered}, "fate.delivered", ui.Done}, {message.Sent, 1, []string{message.Delivered, message.Bounced}, "fate.bounced", ui.Failed},
		{message.Sent, 1, []string{message.Complained}, "fate.complained", ui.Failed}, {message.Refused, 3, nil, "fate.refused", ui.Failed}, {message.MaybeSent, 1, nil, "fate.maybe", ui.Doubt},
		{message.Held, 0, nil, "fate.held", ui.Come}, {message.Dropped, 0, nil, "fate.dropped", ui.Never},
	} {
		m := sent("m", c.state, now)
		m.Attempts = c.attempts
		var steps []message.Step
		for i, step := range c.steps {
			steps = append(steps, message.Step{Number: int64(i + 1), Step: step, At: now, Reason: message.ReasonRelay, Detail: "552 full"})
		}
		fate, entry := FateOf(m, steps), teller().Message(m, steps, nil)
		if fate.Key != c.key || entry.State != c.dot || !text.For("en").Known(fate.Key) {
			t.Errorf("%s %v: %s, dot %s", c.state, c.steps, fate.Key, entry.State)
		}
		if say := entry.Lines[0].Say; say == "" || strings.Contains(say, "%!") || strings.Contains(say, "become.") {
			t.Errorf("%s says %q", c.state, say)
		}
	}
}

func TestWhoIsNotReached(t *testing.T) {
	t.Parallel()
	refused, fine := sent("r", message.Refused, now.Add(-2*time.Hour)), sent("s", message.Sent, now.Add(-time.Hour))
	for name, c := range map[string]struct {
		told Told
		key  string
	}{
		"nothing to say":                 {Told{}, ""},
		"refused":                        {Told{Messages: []message.Message{refused}}, "today.not-delivered"},
		"refused, then sent":             {Told{Messages: []message.Message{refused, fine}}, ""},
		"sent, then bounced":             {Told{Messages: []message.Message{fine}, Steps: map[message.ID][]message.Step{"s": {{Step: message.Bounced}}}}, "today.not-delivered"},
		"no address":                     {Told{Lines: []plan.Line{line("x", plan.Skip, plan.NoEmail, now)}}, "today.no-way"},
		"no address, but one comes":      {Told{Lines: []plan.Line{line("x", plan.Skip, plan.NoEmail, now), line("y", plan.Send, plan.Planned, now)}}, ""},
		"no mobile, but e-mail was":      {Told{Lines: []plan.Line{line("x", plan.Skip, plan.NoMobile, now)}, Messages: []message.Message{fine}}, ""},
		"asked for none":                 {Told{Lines: []plan.Line{line("x", plan.Skip, plan.WantsNone, now)}}, ""},
		"another attendee's was refused": {Told{Messages: []message.Message{func() message.Message { m := refused; m.Attendee = "b"; return m }()}}, ""},
	} {
		key := ""
		for _, u := range teller().Reached(c.told, []string{"a"}) {
			key = u.Key
		}
		if key != c.key {
			t.Errorf("%s: %q, want %q", name, key, c.key)
		}
	}
}
