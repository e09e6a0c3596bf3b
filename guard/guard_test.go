package guard_test

import (
	"context"
	"errors"
	"testing"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/testkit"
)

func TestRolesAreSetsOfPermissions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		role guard.Role
		may  guard.Permission
		want bool
	}{
		{guard.Owner, guard.SettingsChange, true},
		{guard.FrontDesk, guard.CalendarChange, true},
		{guard.FrontDesk, guard.SettingsChange, false},
		{guard.Bookkeeper, guard.ClientRead, false},
		{guard.ReadOnly, guard.CalendarChange, false},
		{"", guard.CalendarRead, false},
		{guard.Owner, "", false},
	} {
		if got := c.role.May(c.may); got != c.want {
			t.Errorf("%q may %q: %v", c.role, c.may, got)
		}
	}
}

func TestMembersBelongToTheirPractice(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, b := store.Actor{Practice: "a"}, store.Actor{Practice: "b"}
		var owner guard.Member
		err := db.Change(ctx, a, func(tx *store.Tx) (err error) {
			owner, err = guard.AddMember(ctx, tx, guard.Member{Email: " Petra@Example.com ", Name: "Petra", Role: guard.Owner})
			return err
		})
		if err != nil || owner.Email != "petra@example.com" {
			t.Fatalf("%+v %v", owner, err)
		}
		for _, bad := range []guard.Member{{Email: "petra", Role: guard.Owner}, {Email: "P <p@example.com>", Role: guard.Owner}, {Email: "p@example.com", Role: "admin"}} {
			if err := db.Change(ctx, a, func(tx *store.Tx) error {
				_, err := guard.AddMember(ctx, tx, bad)
				return err
			}); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if err := db.Change(ctx, b, func(tx *store.Tx) error { return guard.End(ctx, tx, owner.ID, tx.Now) }); !errors.Is(err, store.ErrNone) {
			t.Errorf("the other practice ended a member: %v", err)
		}
		if err := db.Change(ctx, a, func(tx *store.Tx) error {
			if found, err := guard.OwnerOf(ctx, tx); err != nil || found != owner {
				t.Errorf("%+v %v", found, err)
			}
			if err := guard.End(ctx, tx, owner.ID, tx.Now); err != nil {
				return err
			}
			left, err := guard.Members(ctx, tx)
			if len(left) != 0 {
				t.Errorf("%+v", left)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}
