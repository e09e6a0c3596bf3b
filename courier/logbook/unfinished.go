package logbook

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"letterhead/courier/journal"
	"letterhead/courier/kept"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/store"
	"letterhead/vault"
)

// Try is one message's attempt.
type Try struct {
	Practice store.PracticeID
	ID       message.ID
	Attempt  int64
}

// wanted are the leaves that are looked for in one practice's name, or in the platform's: by what they commit to of the recipient.
type wanted struct {
	since int64
	of    map[ledger.Hash]Try
}

// mostLeaves bounds the leaves that are looked at for the messages of a dead courier, of one practice.
const mostLeaves = 200_000

// Unfinished finds the leaves of messages that another courier was letting go when it died, by what is sealed with them: each attempt's salt is its
// leaf's alone. A message whose values cannot be opened any more is not in the answer: the ledger then has no outcome of it.
func (l *Logbook) Unfinished(ctx context.Context, keeper *vault.Keeper, list []message.Message) (map[Try]uint64, error) {
	out, of := map[Try]uint64{}, map[store.PracticeID][]message.Message{}
	for _, m := range list {
		of[m.Practice] = append(of[m.Practice], m)
	}
	if err := l.Look(ctx, slices.Collect(maps.Keys(of))); err != nil { // what becomes of them needs their labels
		return nil, err
	}
	looked := map[store.PracticeID]*wanted{}
	for practice, messages := range of {
		if err := l.salts(ctx, keeper, practice, messages, looked); err != nil {
			return nil, err
		}
	}
	for practice, want := range looked {
		err := l.db.WholeView(ctx, "leaves of a dead courier's messages", func(w *store.Wide) error {
			return ledger.Since(ctx, w, practice, want.since, mostLeaves, func(s ledger.Stored, x *leaf.Leaf) error {
				if m, is := x.Body.(*leaf.Message); is {
					if try, is := want.of[m.Recipient]; is {
						out[try] = s.Sequence
					}
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, store.ErrNone) {
			return nil, err
		}
	}
	return out, nil
}

func (l *Logbook) salts(ctx context.Context, keeper *vault.Keeper, practice store.PracticeID, messages []message.Message, into map[store.PracticeID]*wanted) error {
	err := l.db.View(ctx, store.Actor{Practice: practice, Agent: "courier"}, func(tx *store.Tx) error {
		keys, err := keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		for i := range messages {
			m := &messages[i]
			sealed, err := message.Sealed(ctx, tx, m.ID)
			if err != nil {
				return err
			}
			table, row, column, version := m.Place()
			raw, err := keys.Open(tx, vault.Of{Client: m.Client, Fields: "message"}, vault.Place{Table: table, Row: row, Column: column, Version: version}, sealed)
			if err != nil {
				continue
			}
			r, err := kept.Parse(raw)
			if err != nil || len(r.Salt) != len(leaf.Salt{}) {
				continue
			}
			name := m.Practice
			if m.Kind == message.System {
				name = ""
			}
			want := into[name]
			if want == nil {
				want = &wanted{since: store.Micro(m.ChangedAt), of: map[ledger.Hash]Try{}}
				into[name] = want
			}
			want.since = min(want.since, store.Micro(m.ChangedAt))
			want.of[r.Recipient(channelOf(m.Channel))] = Try{m.Practice, m.ID, m.Attempts}
		}
		return nil
	})
	if errors.Is(err, vault.ErrNoKeys) || errors.Is(err, vault.ErrWrongKEK) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the leaves of a dead courier's messages: %w", err)
	}
	return nil
}

// Fate is what became of a message that a dead courier was letting go.
func Fate(m message.Message, r journal.Remains) message.Outcome {
	out := message.Outcome{Practice: m.Practice, ID: m.ID}
	try, known := r.Tries[journal.Key{Practice: m.Practice, ID: string(m.ID)}]
	known = known && try.Attempt == m.Attempts
	switch {
	case known && try.Answer != nil:
		a := try.Answer
		out.State, out.Reason, out.Detail, out.OutsideID, out.Turn, out.LeftAt = message.State(a.State), a.Reason, a.Detail, a.OutsideID, a.Turn, try.At
		if out.State == message.Queued && out.Reason != "" {
			out.Step = message.Deferred
		}
	case known:
		out.State, out.Reason, out.LeftAt = message.MaybeSent, message.ReasonInterrupted, try.At
	case r.Damaged:
		out.State, out.Reason = message.MaybeSent, message.ReasonNotRecorded
	default:
		out.State, out.Reason = message.Queued, message.ReasonInterrupted
	}
	return out
}
