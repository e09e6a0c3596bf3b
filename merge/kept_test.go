package merge

import (
	"errors"
	"testing"

	"letterhead/client"
	"letterhead/store"
	"letterhead/vault"
)

// Who sees a file sees what was made one with it, and nobody else does: names, address and letters of the file that went stay in it.
func TestAKeptFileKeepsWhatWasMergedIntoIt(t *testing.T) {
	t.Parallel()
	each(t, func(c *clinic) {
		c.do(func(tx *store.Tx, _ *vault.Keys) error {
			for _, id := range []string{"m1", "m2"} {
				if _, err := tx.Exec(ctx, `INSERT INTO member (practice, id, email, name, role, created_at, ended_at, person, sees) VALUES ($1, $2, $3, '', 'manager', 0, 0, '', 'all')`, id, id+"@example.org"); err != nil {
					return err
				}
			}
			return nil
		})
		m := c.merge()
		sees := func(who store.MemberID, id client.ID) bool {
			c.Helper()
			err := c.as(one, who, func(tx *store.Tx, keys *vault.Keys) error {
				_, err := client.Find(ctx, tx, keys, id)
				return err
			})
			if err != nil && !errors.Is(err, client.ErrNotFound) {
				c.Fatal(err)
			}
			return err == nil
		}
		keep := func(id client.ID, to ...store.MemberID) error {
			return c.as(one, "m1", func(tx *store.Tx, _ *vault.Keys) error { return client.KeepTo(ctx, tx, id, to) })
		}
		if c.must(keep(c.kept.ID, "m1")); sees("m2", c.kept.ID) || sees("m2", c.gone.ID) {
			t.Errorf("m2 sees the file %v, what was merged into it %v", sees("m2", c.kept.ID), sees("m2", c.gone.ID))
		}
		if !sees("m1", c.kept.ID) || !sees("m1", c.gone.ID) {
			t.Error("who it is kept to does not see it")
		}
		if err := keep(c.gone.ID); !errors.Is(err, client.ErrMerged) {
			t.Errorf("the file that went is opened by itself: %v", err)
		}
		if c.must(keep(c.kept.ID)); !sees("m2", c.kept.ID) || !sees("m2", c.gone.ID) {
			t.Error("it is not everybody's again")
		}
		c.must(keep(c.kept.ID, "m1"))
		c.apart(m)
		if sees("m2", c.gone.ID) {
			t.Error("taken apart, it is everybody's")
		}
		if c.must(keep(c.gone.ID)); !sees("m2", c.gone.ID) || sees("m2", c.kept.ID) {
			t.Error("taken apart, each is kept by itself")
		}
	})
}
