package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"letterhead/approval"
	"letterhead/message"
	"letterhead/rehearse"
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
	if w.second, err = sink.ListenSMTP(sink.SMTPOptions{}); err != nil {
		return err
	}
	return w.queue(ctx, func(x *store.Wide) error {
		return touch(ctx, x, `UPDATE message SET relay = $2, outside_id = $2, basis = basis WHERE practice = $1 AND state = 'queued'`, string(w.Victim), w.second.Address())
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
	old = filepath.Join(w.folder(), "old.db")
	return old, w.db.Backup(ctx, old)
}

// putBack puts a copy in the place of the database while the program does not run.
func (w *world) putBack(ctx context.Context, old string) error {
	file := filepath.Join(w.folder(), "letterhead.db")
	if err := errors.Join(w.stop(), w.leave()); err != nil {
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
	if err := w.join(ctx); err != nil {
		return err
	}
	return w.start()
}

// rollBack is the same where the database is not a file: what came since is taken out.
func (w *world) rollBack(ctx context.Context) error {
	if err := wordingWithdrawnOnly(ctx, w); err != nil {
		return err
	}
	return w.exec(ctx, `DELETE FROM approval WHERE practice = $1 AND position = (SELECT max(position) FROM approval WHERE practice = $1)`, string(w.Victim))
}

// wordingWithdrawnOnly has the owner withdraw the reminder's wording.
func wordingWithdrawnOnly(ctx context.Context, w *world) error {
	_, digest, subject, err := w.signed(ctx, w.Victim)
	if err != nil {
		return err
	}
	sum, err := approval.ParseDigest(digest)
	if err != nil {
		return err
	}
	var standing *approval.Standing
	err = w.chain(ctx, w.Victim, func(_ context.Context, tx *store.Tx, s *approval.State) (err error) {
		standing, err = s.Allows(approval.KindWording, subject, sum, tx.Now)
		return err
	})
	if err != nil {
		return err
	}
	return w.sign(ctx, w.Victim, func(s *approval.State, o *owner.Owner) *approval.Statement {
		return s.Draft(approval.KindWithdraw, standing.Digest.String(), o.Member)
	})
}

// doesNotServe starts the program, which has to refuse, or to say that nothing is sent.
func (w *world) doesNotServe(ctx context.Context) error {
	if err := w.fall(ctx); err != nil {
		return err
	}
	out, err := w.run(ctx, "tick")
	said := lastLine(out)
	if err == nil {
		w.wrong("tick ran: %s", said)
	}
	w.answers.Add(strings.ReplaceAll(said, w.folder(), "…"), 1)
	if err := w.start(); err != nil {
		w.serving = nil // it refuses even the pages
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
	if err := w.stop(); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(w.courierFolder(), "journal")); err != nil {
		return err
	}
	return w.doesNotServe(ctx)
}

func trustRemoved(ctx context.Context, w *world) error {
	if err := errors.Join(w.stop(), os.Remove(filepath.Join(w.courierFolder(), "trust.json"))); err != nil {
		return err
	}
	return w.doesNotServe(ctx)
}

func journalOfAnother(ctx context.Context, w *world) error {
	if err := w.stop(); err != nil {
		return err
	}
	another := filepath.Join(w.folder(), "another")
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
	mine := filepath.Join(w.courierFolder(), "journal")
	if err := errors.Join(os.RemoveAll(mine), os.Rename(filepath.Join(another, "courier", "journal"), mine)); err != nil {
		return err
	}
	return w.doesNotServe(ctx)
}

// sees waits until the courier has a stop in its journal.
func (w *world) sees(ctx context.Context) error {
	var id string
	err := w.db.WholeView(ctx, "drill: the stop", func(x *store.Wide) error {
		return x.Row(ctx, `SELECT id FROM freeze_entry WHERE lifted_at = 0 ORDER BY at DESC LIMIT 1`).Scan(&id)
	})
	if err != nil {
		return err
	}
	for end := time.Now().Add(settlesIn); time.Now().Before(end); {
		files, err := filepath.Glob(filepath.Join(w.courierFolder(), "journal", "*"))
		if err != nil {
			return err
		}
		for _, file := range files {
			if raw, err := os.ReadFile(file); err == nil && bytes.Contains(raw, []byte(id)) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errors.New("the journal does not note a stop")
}

// shadowPractice: a new practice is anybody's to make; its sender is not.
func shadowPractice(ctx context.Context, w *world) error {
	var id store.PracticeID
	// Made a day ago, so that it is not for being new that it is stopped.
	err := w.At(ctx, w.folder(), w.Noon.Ten.AddDate(0, 0, -1), func(o rehearse.Opened) (err error) {
		id, err = w.AddPractice(ctx, w.folder(), o, "Wattle Street Physiotherapy", "shadow", stage.Clients)
		return err
	})
	if err != nil {
		return err
	}
	content, _, _, err := w.forge(ctx, w.Victim, w.Victim, nil) // with the victim's sender in it
	if err != nil {
		return err
	}
	v, _, err := wording.DecodeCanonical(content)
	if err != nil {
		return err
	}
	raw, digest, subject, err := w.forge(ctx, id, id, func(mine *wording.Version) { mine.Sender = v.Sender })
	if err != nil {
		return err
	}
	if err := w.plant(ctx, id, subject, raw, digest); err != nil {
		return err
	}
	err = w.sign(ctx, id, func(s *approval.State, o *owner.Owner) *approval.Statement {
		x := s.Draft(approval.KindWording, subject, o.Member)
		x.Digest, x.Body.Wording = digest, &approval.WordingBody{Purpose: string(message.Appointments)}
		return x
	})
	if err != nil {
		return err
	}
	err = w.sign(ctx, id, func(s *approval.State, o *owner.Owner) *approval.Statement {
		x := s.Draft(approval.KindSender, "email", o.Member)
		x.Body.Sender = &approval.SenderBody{Address: v.Sender.Local + "@" + v.Sender.Domain, Channel: "email", Name: v.Sender.Name}
		return x
	})
	if err != nil {
		return err
	}
	if err := w.exec(ctx, `UPDATE practice SET domain = $2, sender_local = $3 WHERE practice = $1`, string(id), v.Sender.Domain, v.Sender.Local); err != nil {
		return err
	}
	w.aside() // it goes on with its own
	return w.fall(ctx, id)
}
