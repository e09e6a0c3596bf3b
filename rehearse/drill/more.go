package drill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterhead/approval"
	"letterhead/client"
	"letterhead/guard"
	"letterhead/rehearse"
	"letterhead/rehearse/drill/caller"
	"letterhead/rehearse/drill/people"
	"letterhead/rehearse/drill/siege"
	"letterhead/rehearse/drill/stage"
	"letterhead/store"
	"letterhead/testkit/key"
	"letterhead/testkit/owner"
	"letterhead/transfer"
	"letterhead/wording"
)

// withMore are attacks by whoever has more: an import, a key, many keys.
func withMore() []attack {
	return []attack{
		{name: "names-as-payload", class: "A2", words: true, silent: true, do: namesAsPayload, tries: "clients whose names are links, markup, lines and the words of 2024 are imported"},
		{name: "strangers-imported", class: "A1", only: "@stranger.example", needs: []string{"budget"}, do: strangers, tries: "thousands of strangers are imported as clients with appointments, to be reminded"},
		{name: "addresses-swapped", class: "A5", only: "@stranger.example", needs: []string{"budget"}, do: addressesSwapped, tries: "code in serve, where the courier is a process of its own, with every row and the keys that seal them: a stranger's address in the place of each client's"},
		{name: "session-with-key", class: "A6", keyed: true, bound: 20, needs: []string{"budget"}, do: sessionWithKey, tries: "the owner's session and signing key: the words of 2024, signed at the desk, to every client; a colleague stops it within the quarter of an hour"},
		{name: "session-with-key-unseen", class: "A6", keyed: true, needs: []string{"budget"}, do: unnoticed, tries: "the same, and nobody looks for 24 hours"},
		{name: "session-with-key-link", class: "A6", keyed: true, words: true, do: withLink, tries: "one of two members' session and key: the words of 2024 with a button to the attacker's host, all that waits at the desk signed, the host too, and nobody looks for 24 hours"},
		{name: "many-keys", class: "A6", keyed: true, bound: 200, herd: true, needs: []string{"budget", "breaker"}, do: manyKeys, tries: "the same with the keys of many practices at once, with one text, and nobody looks for 24 hours"},
	}
}

// hostileNames are what the incidents of reference put into fields. None may come out as more than the name that it is not.
var hostileNames = [][2]string{
	{`<a href="https://` + evil + `">` + mark + `</a>`, "Smith"}, {"Jo", "https://" + evil + "/"}, {evil, "Award"}, {"Jo\r\nBcc: all@" + evil, "Smith"}, {"You have won the prize draw", "claim at " + evil},
	{"{appointment.day}", evil}, {"J\u202eo", mark + " +61 400 000 000"}, {"Jo", "<script>" + mark + "</script>"}, {"www." + evil, "x"}, {"Your award is ready", "call 0400 000 000"},
}

func namesAsPayload(ctx context.Context, w *world) error {
	all := make([]people.Person, len(hostileNames))
	for i, n := range hostileNames {
		all[i] = people.Person{First: n[0], Last: n[1], Email: fmt.Sprintf("h%d@wattle.example", i)}
	}
	report, err := w.yesterday(ctx, 700_000, all)
	if err != nil {
		return err
	}
	w.Answers.Add(fmt.Sprintf("%d of %d imported, with remarks", report.Clients.Created, len(all)), 1)
	return nil
}

// yesterday imports clients whose reminders fell due today.
func (w *world) yesterday(ctx context.Context, first int, all []people.Person) (report *transfer.Report, err error) {
	err = w.At(ctx, w.Home(), w.Noon.Ten.AddDate(0, 0, -1), func(o rehearse.Opened) (err error) {
		report, err = w.Bring(ctx, o, w.Victim, first, all)
		return err
	})
	return report, err
}

func strangers(ctx context.Context, w *world) error {
	l, err := w.Limits(ctx, w.Victim)
	if err != nil {
		return err
	}
	w.Bound = int(l.NewDay) // addresses never written to before
	count := 2000
	if w.Full {
		count = 50_000
	}
	all := make([]people.Person, count)
	for i := range all {
		all[i] = people.Person{First: "Jo", Last: "Stranger " + people.Letters(i), Email: fmt.Sprintf("s%d@stranger.example", i)}
	}
	report, err := w.yesterday(ctx, 800_000, all)
	if err == nil && report.Appointments.Created != count {
		err = fmt.Errorf("%d strangers imported instead of %d", report.Appointments.Created, count)
	}
	return err
}

// addressesSwapped: what is sealed says nothing of who sealed it.
func addressesSwapped(ctx context.Context, w *world) error {
	l, err := w.Limits(ctx, w.Victim)
	if err != nil {
		return err
	}
	w.Bound = int(l.NewDay)
	all := make([]people.Person, w.Bound+stage.Clients) // more than may be new in a day
	for i := range all {
		all[i] = people.Person{First: "Jo", Last: "Client " + people.Letters(1000+i), Email: fmt.Sprintf("k%d@wattle.example", i)}
	}
	return w.Offline(func() error {
		if _, err := w.yesterday(ctx, 800_000, all); err != nil {
			return err
		}
		clients, err := w.people(w.Victim).Clients(ctx)
		if err != nil {
			return err
		}
		return w.DB.Change(ctx, store.Actor{Practice: w.Victim, Agent: "drill"}, func(tx *store.Tx) error {
			keys, err := w.Open.Keeper().Keys(ctx, tx)
			for i, id := range clients {
				if err != nil {
					return err
				}
				stranger := client.Address{Written: fmt.Sprintf("s%d@stranger.example", i), Normal: fmt.Sprintf("s%d@stranger.example", i), State: client.Good}
				d := client.Details{Email: stranger}
				_, err = tx.Exec(ctx, `UPDATE client SET version = 1, sealed = $3, email_index = $4 WHERE practice = $1 AND id = $2`, string(id), client.Seal(keys, id, 1, d), client.IndexesOf(keys, d).Email)
			}
			return err
		})
	})
}

// draft puts the words of 2024 into the version that a practice edits, as whoever edits its templates may: nothing of it is signed.
func (w *world) draft(ctx context.Context, practice store.PracticeID, change func(*wording.Version)) error {
	content, digest, subject, err := w.Forge(ctx, practice, practice, change)
	if err != nil {
		return err
	}
	before, _, _, err := w.SignedReminder(ctx, practice)
	if err != nil {
		return err
	}
	if err := w.Plant(ctx, practice, subject, content, digest); err != nil {
		return err
	}
	return w.Exec(ctx, `UPDATE wording SET signed = $3 WHERE practice = $1 AND id = $2`, string(practice), subject, before)
}

// atTheDesk signs all that waits, with the owner's key and by HTTP alone.
func (w *world) atTheDesk(ctx context.Context, practice store.PracticeID) error {
	o, err := w.Signer(ctx, practice)
	if err != nil {
		return err
	}
	d := &caller.Desk{Home: w.Serving.Desk + "/p/" + string(practice), Key: o.Key}
	if err := d.Unlock(ctx); err != nil {
		return err
	}
	items, err := d.Waits(ctx)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return errors.New("nothing waits at the desk: the attack would show nothing")
	}
	return d.Sign(ctx, items...)
}

// spread has the words of 2024 signed at the desk of each practice, and lets its reminders fall due.
func (w *world) spread(ctx context.Context, practices ...store.PracticeID) error {
	for _, id := range practices {
		if err := errors.Join(w.draft(ctx, id, nil), w.atTheDesk(ctx, id)); err != nil {
			return err
		}
	}
	w.Began = time.Now() // from here on messages can leave
	return w.Fall(ctx, practices...)
}

// sessionWithKey: somebody reads the notice, and stops the practice from their own browser before the quarter of an hour is over.
func sessionWithKey(ctx context.Context, w *world) error {
	owner, err := w.OwnerOf(ctx, w.Victim)
	if err != nil {
		return err
	}
	if err := w.sessionTries(ctx, owner.ID); err != nil {
		return err
	}
	second, err := w.Member(ctx, w.Victim, guard.Manager)
	if err != nil {
		return err
	}
	b, err := w.Browser(ctx, w.Victim, second.ID)
	if err != nil {
		return err
	}
	if err := w.spread(ctx, w.Victim); err != nil {
		return err
	}
	return w.After(ctx, siege.DayLong, func() error {
		_, err := b.Post(ctx, "/stop", "what", "practice", "reason", "nobody here wrote that")
		return err
	})
}

// sessionTries is what the session alone gives.
func (w *world) sessionTries(ctx context.Context, owner store.MemberID) error {
	cookies, err := w.Session(ctx, w.Victim, owner)
	if err != nil {
		return err
	}
	return w.TrySending(ctx, cookies, nil)
}

func unnoticed(ctx context.Context, w *world) error {
	w.Bound = stage.Clients
	if err := w.spread(ctx, w.Victim); err != nil {
		return err
	}
	return w.After(ctx, siege.DayLong, func() error { return nil })
}

// withLink: where two hold keys, a host takes both.
func withLink(ctx context.Context, w *world) error {
	o, err := w.Signer(ctx, w.Victim)
	if err != nil {
		return err
	}
	second, err := w.Member(ctx, w.Victim, guard.Owner)
	if err != nil {
		return err
	}
	theirs := key.New(o.Key.Party)
	err = w.Sign(ctx, w.Victim, func(s *approval.State, o *owner.Owner) *approval.Statement {
		x := s.Draft(approval.KindMember, string(second.ID), o.Member)
		x.Body.Member = &approval.MemberBody{Role: approval.Owner}
		return x
	})
	if err != nil {
		return err
	}
	err = w.Sign(ctx, w.Victim, func(s *approval.State, o *owner.Owner) *approval.Statement {
		x := s.Draft(approval.KindKey, theirs.Subject(), o.Member)
		x.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: second.ID, PublicKey: theirs.COSE, Proof: approval.Bytes{}}
		return x
	})
	if err != nil {
		return err
	}
	if err := w.draft(ctx, w.Victim, leads); err != nil {
		return err
	}
	if err := w.atTheDesk(ctx, w.Victim); err != nil {
		return err
	}
	w.Began = time.Now()
	if err := w.Fall(ctx, w.Victim); err != nil {
		return err
	}
	return w.After(ctx, siege.DayLong, func() error { return nil })
}

func manyKeys(ctx context.Context, w *world) error {
	w.Aside() // the victim of other attacks is not among them
	if err := w.spread(ctx, w.Site.Herd...); err != nil {
		return err
	}
	return w.After(ctx, siege.DayLong, func() error { return nil })
}
