package approval_test

import (
	"context"
	"errors"
	"testing"

	"letterhead/approval"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/key"
)

func change(t *testing.T, db *store.DB, practice store.PracticeID, do func(ctx context.Context, tx *store.Tx) error) error {
	t.Helper()
	ctx := context.Background()
	return db.Change(ctx, store.Actor{Practice: practice, Agent: "test"}, func(tx *store.Tx) error { return do(ctx, tx) })
}

func TestAChainIsStoredOnceAndInOrder(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		c, root := found(t)
		for i := range 250 {
			sign(t, c, root, wording(c, "w", byte(i), anna))
		}
		for _, e := range c.Entries {
			if err := change(t, db, clinic, func(ctx context.Context, tx *store.Tx) error { return approval.Append(ctx, tx, e) }); err != nil {
				t.Fatal(err)
			}
		}
		for name, e := range map[string]*approval.Entry{"again": c.Entries[7], "the last again": c.Entries[250], "not the next": other(t, 300)} {
			if err := change(t, db, clinic, func(ctx context.Context, tx *store.Tx) error { return approval.Append(ctx, tx, e) }); !errors.Is(err, approval.ErrMoved) {
				t.Errorf("%s: %v", name, err)
			}
		}
		err := change(t, db, "another", func(ctx context.Context, tx *store.Tx) error { return approval.Append(ctx, tx, c.Entries[0]) })
		refused(t, err, approval.OtherPractice)
		err = change(t, db, clinic, func(ctx context.Context, tx *store.Tx) error {
			head, err := approval.LastHead(ctx, tx)
			if err != nil || head != c.State.Head() {
				t.Errorf("head %+v %v", head, err)
			}
			all, err := approval.ListAll(ctx, tx, 0)
			if err != nil || len(all) != 251 {
				t.Fatalf("%d %v", len(all), err)
			}
			for i := range all {
				all[i].Seen = c.Entries[i].Seen
			}
			s, err := approval.Fold(c.Anchor, all)
			if err != nil || s.Head() != head {
				t.Errorf("%v", err)
			}
			tail, more, err := approval.List(ctx, tx, 249)
			if err != nil || more || len(tail) != 2 {
				t.Errorf("%d %v %v", len(tail), more, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = change(t, db, "another", func(ctx context.Context, tx *store.Tx) error {
			head, err := approval.LastHead(ctx, tx)
			if err != nil || head != (approval.Head{}) {
				t.Errorf("another practice sees %+v %v", head, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// other is a later entry of another chain of the same practice.
func other(t *testing.T, position int64) *approval.Entry {
	t.Helper()
	c, root := found(t)
	signing, err := c.State.Prepare(c.Now, wording(c, "w", 1, anna))
	if err != nil {
		t.Fatal(err)
	}
	e, err := signing.Entry(approval.Head{Position: position - 1, Hash: digest(9)}, root.Sign(signing.Challenge))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var _ = key.Desk
