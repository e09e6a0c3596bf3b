package drill

import (
	"context"
	"fmt"
	"time"

	"letterhead/approval"
	"letterhead/rehearse"
	"letterhead/store"
	"letterhead/testkit/owner"
	"letterhead/transfer"
)

// withMore are attacks by whoever has more: an import, a key, many keys.
func withMore() []attack {
	return []attack{
		{name: "names-as-payload", class: "A2", words: true, silent: true, do: namesAsPayload, tries: "clients whose names are links, markup, lines and the words of 2024 are imported"},
		{name: "strangers-imported", class: "A1", only: "@stranger.example", needs: []string{"budget"}, do: strangers, tries: "thousands of strangers are imported as clients with appointments, to be reminded"},
		{name: "session-with-key", class: "A6", keyed: true, bound: 20, needs: []string{"budget", "breaker"}, do: sessionWithKey, tries: "the owner's session and signing key: the words of 2024, signed, to every client"},
		{name: "many-keys", class: "A6", keyed: true, bound: 200, herd: true, needs: []string{"budget", "breaker"}, do: manyKeys, tries: "the same with the keys of many practices at once, with one text"},
	}
}

// hostileNames are what the incidents of reference put into fields. None may come out as more than the name that it is not.
var hostileNames = [][2]string{
	{`<a href="https://` + evil + `">` + mark + `</a>`, "Smith"}, {"Jo", "https://" + evil + "/"}, {evil, "Award"}, {"Jo\r\nBcc: all@" + evil, "Smith"}, {"You have won the prize draw", "claim at " + evil},
	{"{appointment.day}", evil}, {"J\u202eo", mark + " +61 400 000 000"}, {"Jo", "<script>" + mark + "</script>"}, {"www." + evil, "x"}, {"Your award is ready", "call 0400 000 000"},
}

func namesAsPayload(ctx context.Context, w *world) error {
	people := make([]person, len(hostileNames))
	for i, n := range hostileNames {
		people[i] = person{first: n[0], last: n[1], email: fmt.Sprintf("h%d@wattle.example", i)}
	}
	report, err := w.yesterday(ctx, 700_000, people)
	if err != nil {
		return err
	}
	w.answers.add(fmt.Sprintf("%d of %d imported, with remarks", report.Clients.Created, len(people)), 1)
	return nil
}

// yesterday imports clients whose reminders fell due today.
func (w *world) yesterday(ctx context.Context, first int, people []person) (report *transfer.Report, err error) {
	err = w.at(ctx, w.folder(), w.noon.Ten.AddDate(0, 0, -1), func(o rehearse.Opened) (err error) {
		report, err = w.bring(ctx, o, w.victim, first, people)
		return err
	})
	return report, err
}

func strangers(ctx context.Context, w *world) error {
	l, err := w.limits(ctx, w.victim)
	if err != nil {
		return err
	}
	w.bound = int(l.NewDay) // addresses never written to before
	count := 2000
	if w.Full {
		count = 50_000
	}
	people := make([]person, count)
	for i := range people {
		people[i] = person{first: "Jo", last: "Stranger " + letters(i), email: fmt.Sprintf("s%d@stranger.example", i)}
	}
	report, err := w.yesterday(ctx, 800_000, people)
	if err == nil && report.Appointments.Created != count {
		err = fmt.Errorf("%d strangers imported instead of %d", report.Appointments.Created, count)
	}
	return err
}

// spread signs the words of 2024 with the owner's key for each practice, and lets its reminders fall due.
func (w *world) spread(ctx context.Context, practices ...store.PracticeID) error {
	for _, id := range practices {
		content, digest, subject, err := w.forge(ctx, id, id, nil)
		if err != nil {
			return err
		}
		if err := w.plant(ctx, id, subject, content, digest); err != nil {
			return err
		}
		err = w.sign(ctx, id, func(s *approval.State, o *owner.Owner) *approval.Statement {
			x := s.Draft(approval.KindWording, subject, o.Member)
			x.Digest, x.Body.Wording = digest, &approval.WordingBody{Purpose: "appointments"}
			return x
		})
		if err != nil {
			return err
		}
	}
	w.began = time.Now() // from here on messages can leave
	return w.fall(ctx, practices...)
}

func sessionWithKey(ctx context.Context, w *world) error { return w.spread(ctx, w.victim) }

func manyKeys(ctx context.Context, w *world) error {
	w.aside() // the victim of other attacks is not among them
	return w.spread(ctx, w.site.herd...)
}
