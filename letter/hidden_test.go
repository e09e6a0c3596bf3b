package letter_test

import (
	"context"
	"errors"
	"testing"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/store"
	"letterhead/vault"
)

// by runs as a member of practice a.
func (w *world) by(member store.MemberID, fn func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error) {
	w.Helper()
	w.Must(w.DB.Change(w.Context(), store.Actor{Practice: "a", Member: member}, func(tx *store.Tx) error {
		keys, err := w.Keeper.Keys(w.Context(), tx)
		if err != nil {
			return err
		}
		return fn(w.Context(), tx, keys)
	}))
}

// colleague is a member of practice a, to whom Jo is not: Jo is kept to the owner.
func (w *world) colleague() (m guard.Member) {
	w.Change("a", func(tx *store.Tx) (err error) {
		if m, err = guard.AddMember(w.Context(), tx, guard.Member{Email: "liam@a.example", Name: "Liam", Role: guard.FrontDesk}); err != nil {
			return err
		}
		return client.KeepTo(w.Context(), tx, "jo", []store.MemberID{w.owners["a"]})
	})
	return m
}

// Whoever gives some other client the number of one who is kept from them reads nothing of that one's answers.
func TestAnswersOfAClientWhoIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		liam := w.colleague()
		w.by("", func(ctx context.Context, tx *store.Tx, _ *vault.Keys) error {
			return letter.Texts{Keeper: w.Keeper}.Keep(ctx, tx, message.Message{Intent: message.Intent{ID: "m", Client: "jo"}}, "texts 1", mobile, "About my results")
		})
		w.by(liam.ID, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
			ann, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Ann", LastName: "Lee", Mobile: client.Address{Written: mobile}})
			if err != nil {
				return err
			}
			if thread, err := letter.Answers(ctx, tx, keys, ann); err != nil || len(thread) != 0 {
				t.Errorf("they read %+v, %v", thread, err)
			}
			all, err := letter.Unseen(ctx, tx, keys)
			if len(all) != 0 {
				t.Errorf("they read %+v", all)
			}
			return err
		})
	})
}

// That somebody is kept to some does not take the text messages of numbers that nobody knows from everybody.
func TestAnUnknownNumberWhereSomebodyIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		liam := w.colleague()
		w.by("", func(ctx context.Context, tx *store.Tx, _ *vault.Keys) error {
			texts := letter.Texts{Keeper: w.Keeper}
			return errors.Join(texts.Keep(ctx, tx, message.Message{}, "texts 1", "+61491570110", "Who is this?"), texts.Keep(ctx, tx, message.Message{}, "texts 2", mobile, "It is Jo"))
		})
		for member, want := range map[store.MemberID]int{w.owners["a"]: 2, liam.ID: 1} { // Jo's own number tells who wrote
			w.by(member, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
				all, err := letter.Unseen(ctx, tx, keys)
				if err != nil || len(all) != want {
					t.Errorf("%s: %+v", member, all)
				}
				for _, a := range all {
					if _, err := letter.Said(ctx, tx, keys, a.ID); err != nil {
						t.Errorf("%s: %s is not found", member, a.Text)
					}
				}
				return err
			})
		}
	})
}
