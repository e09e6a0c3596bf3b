package drill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterhead/rehearse/drill/forged"
	"letterhead/rehearse/drill/siege"
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
		{name: "suppression-forged-away", class: "A10", do: suppressionForged, tries: "the rows of addresses that complained say that they asked for messages again, with a proof made up"},
		{name: "freeze-deleted", class: "A7", do: freezeDeleted, tries: "the practice is stopped, and the row of the stop is deleted"},
		{name: "freeze-lifted", class: "A7", do: freezeLifted, tries: "the practice is stopped, and the row of the stop says that somebody lifted it"},
		{name: "stop-of-all-deleted", class: "A7", halts: true, do: stopDeleted, tries: "everything is stopped, and the row of the stop is deleted"},
	}
}

func messageReplayed(ctx context.Context, w *world) error {
	if err := w.perDay(ctx); err != nil {
		return err
	}
	return w.Exec(ctx, `UPDATE message SET state = 'queued', reason = '', claimed_by = '', claimed_until = 0, turn = $2, not_after = $3 WHERE practice = $1 AND state = 'sent'`,
		string(w.Victim), store.Micro(w.DB.Now()), store.Micro(w.DB.Now().Add(forged.Useful)))
}

// perDay bounds what the signed limits let each of those who had a reminder before have in a day.
func (w *world) perDay(ctx context.Context) error {
	l, err := w.Limits(ctx, w.Victim)
	w.Bound = stage.History * int(l.RecipientDay)
	return err
}

func messageCopied(ctx context.Context, w *world) error {
	if err := w.perDay(ctx); err != nil {
		return err
	}
	version, digest, _, err := w.SignedReminder(ctx, w.Victim)
	if err != nil {
		return err
	}
	return w.copies(ctx, 30, "rule", "reminder-2-days", version, digest)
}

func historyDeleted(ctx context.Context, w *world) error {
	if err := messageCopied(ctx, w); err != nil {
		return err
	}
	return w.Rows(ctx, func(x *store.Wide) error {
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
	if err := w.Fall(ctx); err != nil {
		return err
	}
	if err := w.settle(ctx, &attack{}); err != nil {
		return err
	}
	if err := w.putBack(ctx, old); err != nil {
		return err
	}
	return w.Fall(ctx)
}

// copies queues messages like those that were sent, each so many times under ids of their own.
func (w *world) copies(ctx context.Context, count int, kind, rule, version, digest string) error {
	return w.Rows(ctx, func(x *store.Wide) error {
		rows, err := x.Query(ctx, `SELECT id FROM message WHERE practice = $1 AND state = 'sent'`, string(w.Victim))
		ids, err := store.Collect(rows, err, func(r *store.Rows) (id string, err error) { return id, r.Scan(&id) })
		if err != nil {
			return err
		}
		for range count {
			for _, id := range ids {
				err := siege.Touch(ctx, x, `INSERT INTO message (practice, id, kind, channel, purpose, language, appointment, attendee, generation, client, recipient, basis, created_at, changed_at,
					subject, wording_version, digest, turn, not_after)
					SELECT practice, $3, $4, channel, purpose, language, appointment, attendee, generation, client, recipient, basis, created_at, changed_at, $5, $6, $7, $8, $9
					FROM message WHERE practice = $1 AND id = $2`,
					string(w.Victim), id, store.NewID[string](), kind, rule, version, digest, store.Micro(x.Now), store.Micro(x.Now.Add(forged.Useful)))
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
		return siege.Touch(ctx, x, `INSERT INTO message (practice, id, kind, channel, purpose, language, appointment, attendee, generation, client, recipient, basis, created_at, changed_at,
			subject, wording_version, digest, turn, not_after)
			SELECT $2, 'moved ' || id, kind, channel, purpose, language, appointment, attendee, generation, client, recipient, basis, created_at, changed_at,
			subject, wording_version, digest, turn, not_after FROM message WHERE practice = $1 AND state = 'queued'`, string(w.Other), string(w.Victim))
	})
}

func dueForged(ctx context.Context, w *world) error {
	return w.Exec(ctx, `UPDATE due SET state = 'open', message = '', generation = generation + 1, due_at = $2 WHERE practice = $1 AND state = 'sent'`,
		string(w.Victim), store.Micro(w.Noon.Ten))
}

func clientMoved(ctx context.Context, w *world) error {
	return w.Rows(ctx, func(x *store.Wide) error {
		var sealed []byte
		var index string
		if err := x.Row(ctx, `SELECT sealed, email_index FROM client WHERE practice = $1 ORDER BY id LIMIT 1`, string(w.Other)).Scan(&sealed, &index); err != nil {
			return err
		}
		return siege.Touch(ctx, x, `UPDATE client SET sealed = $2, email_index = $3 WHERE practice = $1`, string(w.Victim), sealed, index)
	})
}

func suppressionDeleted(ctx context.Context, w *world) error {
	if err := w.complained(ctx); err != nil {
		return err
	}
	return w.Exec(ctx, `DELETE FROM suppression WHERE practice = $1`, string(w.Victim))
}

func suppressionForged(ctx context.Context, w *world) error {
	if err := w.complained(ctx); err != nil {
		return err
	}
	return w.Exec(ctx, `UPDATE suppression SET noted = 0, reason = 'asked again', proof = $2 || '.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' WHERE practice = $1`, string(w.Victim), fmt.Sprint(store.Micro(w.DB.Now())))
}

// complained has every address of the victim's clients complain, and waits until a courier knows.
func (w *world) complained(ctx context.Context) error {
	err := w.Exec(ctx, `INSERT INTO suppression (practice, channel, address_index, purpose, reason, at)
		SELECT DISTINCT practice, 'email', email_index, 'all', 'complaint', CAST($2 AS BIGINT) FROM client WHERE practice = $1`, string(w.Victim), store.Micro(w.DB.Now()))
	if err != nil {
		return err
	}
	return w.takenOver(ctx)
}

// takenOver waits until a courier has what was learnt in its journal, as it does within a second.
func (w *world) takenOver(ctx context.Context) error {
	for end := time.Now().Add(siege.SettlesIn); time.Now().Before(end); {
		left := 0
		err := w.DB.WholeView(ctx, "drill: what was learnt", func(x *store.Wide) error {
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

const deleteStops = `DELETE FROM freeze_entry`

func freezeDeleted(ctx context.Context, w *world) error {
	return w.stopAnd(ctx, deleteStops, "--practice", string(w.Victim))
}

func freezeLifted(ctx context.Context, w *world) error {
	return w.stopAnd(ctx, `UPDATE freeze_entry SET lifted_at = at + 1, lifted_by = who`, "--practice", string(w.Victim))
}

func stopDeleted(ctx context.Context, w *world) error { return w.stopAnd(ctx, deleteStops) }

// stopAnd has somebody stop what they name, and changes the row once a courier has seen it.
func (w *world) stopAnd(ctx context.Context, change string, which ...string) error {
	if out, err := w.Command(ctx, append([]string{"stop", "--reason", "drill"}, which...)...); err != nil {
		return commandError("stop", out, err)
	}
	if err := w.StopSeen(ctx); err != nil {
		return err
	}
	return w.Exec(ctx, change)
}
