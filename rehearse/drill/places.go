package drill

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"letterhead/approval"
	"letterhead/message"
	"letterhead/rehearse"
	"letterhead/rehearse/drill/siege"
	"letterhead/rehearse/drill/stage"
	"letterhead/store"
	"letterhead/testkit/owner"
	"letterhead/testkit/sink"
	"letterhead/wording"
)

// onPlaces are attacks on what lies around the database: relays, folders, backups.
func onPlaces() []attack {
	return []attack{
		{name: "relay-in-rows", class: "A8", words: true, silent: true, do: relayInRows, tries: "every row that can name a relay names the attacker's"},
		{name: "database-restored", class: "A11", do: databaseRestored, tries: "the database as it was before the owner withdrew the wording, put back"},
		{name: "journal-removed", class: "A15", halts: true, do: journalRemoved, tries: "the courier's journal is removed, and the program started again"},
		{name: "trust-removed", class: "A4", halts: true, do: trustRemoved, tries: "the trust file is removed, and the program started again"},
		{name: "journal-of-another", class: "A11", halts: true, do: journalOfAnother, tries: "a journal of another installation, fresh, in the place of ours"},
		{name: "shadow-practice", class: "A8", do: shadowPractice, tries: "a new practice of the attacker's with the victim's name and sender, everything of it signed with its own key"},
	}
}

// relayInRows also shows that no table has a column for a relay's address.
func relayInRows(ctx context.Context, w *world) (err error) {
	if w.Elsewhere, err = sink.ListenSMTP(sink.SMTPOptions{}); err != nil {
		return err
	}
	return w.queue(ctx, func(x *store.Wide) error {
		return siege.Touch(ctx, x, `UPDATE message SET relay = $2, outside_id = $2, basis = basis WHERE practice = $1 AND state = 'queued'`, string(w.Victim), w.Elsewhere.Address())
	})
}

func databaseRestored(ctx context.Context, w *world) error {
	if w.Database != "" {
		return w.rollBack(ctx)
	}
	old, err := w.keep(ctx)
	if err != nil {
		return err
	}
	// The courier has seen the withdrawal before the old file takes the place of the new one.
	if err := wordingWithdrawnOnly(ctx, w); err != nil {
		return err
	}
	return w.putBack(ctx, old)
}

// keep copies the database, a file, as it is.
func (w *world) keep(ctx context.Context) (old string, err error) {
	old = filepath.Join(w.Home(), "old.db")
	return old, w.DB.Backup(ctx, old)
}

// putBack puts a copy in the place of the database while the program does not run.
func (w *world) putBack(ctx context.Context, old string) error {
	file := filepath.Join(w.Home(), "letterhead.db")
	if err := errors.Join(w.Stop(), w.Leave()); err != nil {
		return err
	}
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Remove(file + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(old, file); err != nil {
		return err
	}
	if err := w.Join(ctx); err != nil {
		return err
	}
	return w.Start()
}

// rollBack is the same where the database is not a file: what came since is taken out.
func (w *world) rollBack(ctx context.Context) error {
	if err := wordingWithdrawnOnly(ctx, w); err != nil {
		return err
	}
	return w.Exec(ctx, `DELETE FROM approval WHERE practice = $1 AND position = (SELECT max(position) FROM approval WHERE practice = $1)`, string(w.Victim))
}

// wordingWithdrawnOnly has the owner withdraw the reminder's wording.
func wordingWithdrawnOnly(ctx context.Context, w *world) error {
	_, digest, subject, err := w.SignedReminder(ctx, w.Victim)
	if err != nil {
		return err
	}
	sum, err := approval.ParseDigest(digest)
	if err != nil {
		return err
	}
	var standing *approval.Standing
	err = w.Chain(ctx, w.Victim, func(_ context.Context, tx *store.Tx, s *approval.State) (err error) {
		standing, err = s.Allows(approval.KindWording, subject, sum, tx.Now)
		return err
	})
	if err != nil {
		return err
	}
	return w.Sign(ctx, w.Victim, func(s *approval.State, o *owner.Owner) *approval.Statement {
		return s.Draft(approval.KindWithdraw, standing.Digest.String(), o.Member)
	})
}

// doesNotServe starts the program, which has to refuse, or to say that nothing is sent.
func (w *world) doesNotServe(ctx context.Context) error {
	if err := w.Fall(ctx); err != nil {
		return err
	}
	out, err := w.Command(ctx, "tick")
	said := lastLine(out)
	if err == nil {
		w.Wrong("tick ran: %s", said)
	}
	w.Answers.Add(strings.ReplaceAll(said, w.Home(), "…"), 1)
	if err := w.Start(); err != nil {
		w.Serving = nil // it refuses even the pages
	}
	return nil // else what it sends is seen at the sink
}

func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

func commandError(name, out string, err error) error {
	return fmt.Errorf("letterhead %s: %w: %s", name, err, lastLine(out))
}

func journalRemoved(ctx context.Context, w *world) error {
	if err := w.Stop(); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(w.CourierFolder(), "journal")); err != nil {
		return err
	}
	return w.doesNotServe(ctx)
}

func trustRemoved(ctx context.Context, w *world) error {
	if err := errors.Join(w.Stop(), os.Remove(filepath.Join(w.CourierFolder(), "trust.json"))); err != nil {
		return err
	}
	return w.doesNotServe(ctx)
}

func journalOfAnother(ctx context.Context, w *world) error {
	if err := w.Stop(); err != nil {
		return err
	}
	another := filepath.Join(w.Home(), "another")
	if err := os.MkdirAll(another, 0o700); err != nil {
		return err
	}
	if err := stage.Configure(another, "", ""); err != nil {
		return err
	}
	// Its journal is whole, and knows nothing of what was revoked or withdrawn here.
	if err := w.Program.Make(ctx, another); err != nil {
		return err
	}
	mine := filepath.Join(w.CourierFolder(), "journal")
	if err := errors.Join(os.RemoveAll(mine), os.Rename(filepath.Join(another, "courier", "journal"), mine)); err != nil {
		return err
	}
	return w.doesNotServe(ctx)
}

// shadowPractice: a new practice is anybody's to make; its sender is not. It is made while the program does not run: with a sender of its own, before it
// takes the victim's, it would be a practice like any other, whose reminders may go.
func shadowPractice(ctx context.Context, w *world) error {
	w.Aside() // the victim goes on with its own
	return w.Offline(func() error { return w.shadow(ctx) })
}

func (w *world) shadow(ctx context.Context) error {
	var id store.PracticeID
	// Made a day ago, so that it is not for being new that it is stopped.
	err := w.At(ctx, w.Home(), w.Noon.Ten.AddDate(0, 0, -1), func(o rehearse.Opened) (err error) {
		id, err = w.AddPractice(ctx, w.Home(), o, "Wattle Street Physiotherapy", "shadow", stage.Clients)
		return err
	})
	if err != nil {
		return err
	}
	content, _, _, err := w.Forge(ctx, w.Victim, w.Victim, nil) // with the victim's sender in it
	if err != nil {
		return err
	}
	v, _, err := wording.DecodeCanonical(content)
	if err != nil {
		return err
	}
	raw, digest, subject, err := w.Forge(ctx, id, id, func(mine *wording.Version) { mine.Sender = v.Sender })
	if err != nil {
		return err
	}
	if err := w.Plant(ctx, id, subject, raw, digest); err != nil {
		return err
	}
	err = w.Sign(ctx, id, func(s *approval.State, o *owner.Owner) *approval.Statement {
		x := s.Draft(approval.KindWording, subject, o.Member)
		x.Digest, x.Body.Wording = digest, &approval.WordingBody{Purpose: string(message.Appointments)}
		return x
	})
	if err != nil {
		return err
	}
	err = w.Sign(ctx, id, func(s *approval.State, o *owner.Owner) *approval.Statement {
		x := s.Draft(approval.KindSender, "email", o.Member)
		x.Body.Sender = &approval.SenderBody{Address: v.Sender.Local + "@" + v.Sender.Domain, Channel: "email", Name: v.Sender.Name}
		return x
	})
	if err != nil {
		return err
	}
	if err := w.Exec(ctx, `UPDATE practice SET domain = $2, sender_local = $3 WHERE practice = $1`, string(id), v.Sender.Domain, v.Sender.Local); err != nil {
		return err
	}
	return w.Fall(ctx, id)
}
