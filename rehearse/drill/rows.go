package drill

import (
	"context"
	"errors"
	"time"

	"letterhead/rehearse/drill/stage"
	"letterhead/store"
)

var errNotTaken = errors.New("no courier took the suppressions over")

// onRows are attacks by whoever writes the rows of who gets what.
func onRows() []attack {
	return []attack{
		{name: "message-replayed", class: "A10", twice: true, do: messageReplayed, tries: "messages that were sent are queued again"},
		{name: "message-copied", class: "A10", twice: true, needs: []string{"budget"}, do: messageCopied, tries: "thirty copies of every message that was sent, with ids of their own"},
		{name: "history-deleted", class: "A10", twice: true, needs: []string{"budget"}, do: historyDeleted, tries: "the same, with every row of what was sent, of its steps and of what was due deleted: counters that rows could hold"},
		{name: "database-rolled-back", class: "A11", twice: true, lacks: "the journal does not know the last message that the database had", do: databaseRolledBack, tries: "the database as it was before today's reminders went, put back after they went: they fall due again"},
		{name: "message-moved", class: "A13", words: true, do: messageMoved, tries: "queued messages of the other practice, as ours, to its clients"},
		{name: "due-forged", class: "A10", twice: true, do: dueForged, tries: "due rows of reminders that went are opened again, under another generation"},
		{name: "client-moved", class: "A5", do: clientMoved, tries: "the other practice's sealed addresses in our clients' rows"},
		{name: "suppression-deleted", class: "A10", do: suppressionDeleted, tries: "the rows of addresses that complained are deleted"},
		{name: "freeze-deleted", class: "A7", do: freezeDeleted, tries: "the practice is stopped, and the row of the stop is deleted"},
		{name: "stop-of-all-deleted", class: "A7", halts: true, do: stopDeleted, tries: "everything is stopped, and the row of the stop is deleted"},
	}
}

func messageReplayed(ctx context.Context, w *world) error {
	if err := w.perDay(ctx); err != nil {
		return err
	}
	return w.exec(ctx, `UPDATE message SET state = 'queued', reason = '', claimed_by = '', claimed_until = 0, turn = $2, not_after = $3 WHERE practice = $1 AND state = 'sent'`,
		string(w.Victim), store.Micro(w.db.Now()), store.Micro(w.db.Now().Add(useful)))
}

// useful is how long forged messages say that they are of use.
const useful = 12 * time.Hour

// perDay bounds what the signed limits let each of those who had a reminder before have in a day.
func (w *world) perDay(ctx context.Context) error {
	l, err := w.limits(ctx, w.Victim)
	w.bound = stage.History * int(l.RecipientDay)
	return err
}

func messageCopied(ctx context.Context, w *world) error {
	if err := w.perDay(ctx); err != nil {
		return err
	}
	version, digest, _, err := w.signed(ctx, w.Victim)
	if err != nil {
		return err
	}
	return w.copies(ctx, 30, "rule", "reminder-2-days", version, digest)
}

func historyDeleted(ctx context.Context, w *world) error {
	if err := messageCopied(ctx, w); err != nil {
		return err
	}
	return w.rows(ctx, func(x *store.Wide) error {
		for _, statement := range []string{`DELETE FROM message_step WHERE practice = $1`, `DELETE FROM due WHERE practice = $1 AND state <> 'open'`, `DELETE FROM message WHERE practice = $1 AND state = 'sent'`} {
			if _, err := x.Exec(ctx, statement, string(w.Victim)); err != nil {
				return err
			}
		}
		return nil
	})
}

// databaseRolledBack: nothing of the chain has changed in the meantime, so that the database is not behind in what was signed.
func databaseRolledBack(ctx context.Context, w *world) error {
	old, err := w.keep(ctx)
	if err != nil {
		return err
	}
	if err := w.fall(ctx); err != nil {
		return err
	}
	if err := w.settle(ctx, &attack{}); err != nil {
		return err
	}
	if err := w.putBack(ctx, old); err != nil {
		return err
	}
	return w.fall(ctx)
}

// copies queues messages like those that were sent, each so many times under ids of their own.
func (w *world) copies(ctx context.Context, count int, kind, rule, version, digest string) error {
	return w.rows(ctx, func(x *store.Wide) error {
		rows, err := x.Query(ctx, `SELECT id FROM message WHERE practice = $1 AND state = 'sent'`, string(w.Victim))
		ids, err := store.Collect(rows, err, func(r *store.Rows) (id string, err error) { return id, r.Scan(&id) })
		if err != nil {
			return err
		}
		for range count {
			for _, id := range ids {
				err := touch(ctx, x, `INSERT INTO message (practice, id, kind, channel, purpose, language, appointment, attendee, generation, client, recipient, basis, created_at, changed_at,
					subject, wording_version, digest, turn, not_after)
					SELECT practice, $3, $4, channel, purpose, language, appointment, attendee, generation, client, recipient, basis, created_at, changed_at, $5, $6, $7, $8, $9
					FROM message WHERE practice = $1 AND id = $2`,
					string(w.Victim), id, store.NewID[string](), kind, rule, version, digest, store.Micro(x.Now), store.Micro(x.Now.Add(useful)))
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func messageMoved(ctx context.Context, w *world) error {
	return w.queue(ctx, func(x *store.Wide) error {
		return touch(ctx, x, `INSERT INTO message (practice, id, kind, channel, purpose, language, appointment, attendee, generation, client, recipient, basis, created_at, changed_at,
			subject, wording_version, digest, turn, not_after)
			SELECT $2, 'moved ' || id, kind, channel, purpose, language, appointment, attendee, generation, client, recipient, basis, created_at, changed_at,
			subject, wording_version, digest, turn, not_after FROM message WHERE practice = $1 AND state = 'queued'`, string(w.Other), string(w.Victim))
	})
}

func dueForged(ctx context.Context, w *world) error {
	return w.exec(ctx, `UPDATE due SET state = 'open', message = '', generation = generation + 1, due_at = $2 WHERE practice = $1 AND state = 'sent'`,
		string(w.Victim), store.Micro(w.Noon.Ten))
}

func clientMoved(ctx context.Context, w *world) error {
	return w.rows(ctx, func(x *store.Wide) error {
		var sealed []byte
		var index string
		if err := x.Row(ctx, `SELECT sealed, email_index FROM client WHERE practice = $1 ORDER BY id LIMIT 1`, string(w.Other)).Scan(&sealed, &index); err != nil {
			return err
		}
		return touch(ctx, x, `UPDATE client SET sealed = $2, email_index = $3 WHERE practice = $1`, string(w.Victim), sealed, index)
	})
}

func suppressionDeleted(ctx context.Context, w *world) error {
	err := w.exec(ctx, `INSERT INTO suppression (practice, channel, address_index, purpose, reason, at)
		SELECT DISTINCT practice, 'email', email_index, 'all', 'complaint', $2 FROM client WHERE practice = $1`, string(w.Victim), store.Micro(w.db.Now()))
	if err != nil {
		return err
	}
	if err := w.takenOver(ctx); err != nil {
		return err
	}
	return w.exec(ctx, `DELETE FROM suppression WHERE practice = $1`, string(w.Victim))
}

// takenOver waits until a courier has what was learnt in its journal, as it does within a second.
func (w *world) takenOver(ctx context.Context) error {
	for end := time.Now().Add(settlesIn); time.Now().Before(end); {
		left := 0
		err := w.db.WholeView(ctx, "drill: what was learnt", func(x *store.Wide) error {
			return x.Row(ctx, `SELECT COUNT(*) FROM suppression WHERE noted = 0`).Scan(&left)
		})
		if err != nil || left == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errNotTaken
}

func freezeDeleted(ctx context.Context, w *world) error {
	return w.stopAndDelete(ctx, "--practice", string(w.Victim))
}

func stopDeleted(ctx context.Context, w *world) error { return w.stopAndDelete(ctx) }

func (w *world) stopAndDelete(ctx context.Context, which ...string) error {
	if out, err := w.run(ctx, append([]string{"stop", "--reason", "drill"}, which...)...); err != nil {
		return commandError("stop", out, err)
	}
	if err := w.sees(ctx); err != nil {
		return err
	}
	return w.exec(ctx, `DELETE FROM freeze_entry`)
}
