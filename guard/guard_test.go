package guard_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

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
		{guard.FrontDesk, guard.Approve, false},
		{guard.Practitioner, guard.TeamChange, false},
		{guard.Manager, guard.PracticeOwn, false},
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

func TestARoleGivesNoMoreThanItHas(t *testing.T) {
	t.Parallel()
	for _, role := range guard.Roles() {
		if !guard.Owner.Covers(role) || !role.May(guard.Self) {
			t.Errorf("the owner does not cover %s, or it has nothing of its own", role)
		}
		if role != guard.Owner && role.Covers(guard.Owner) {
			t.Errorf("%s covers the owner", role)
		}
	}
	if guard.FrontDesk.Covers(guard.Manager) || guard.Owner.Covers("admin") {
		t.Error("covers too much")
	}
	eachHouse(t, func(h *house) {
		owner, _, _ := h.joined("a", "petra@example.org", guard.Owner)
		manager, _, _ := h.joined("a", "liam@example.org", guard.Manager)
		desk, _, _ := h.joined("a", "aoife@example.org", guard.FrontDesk)
		theirs, _, _ := h.joined("b", "mere@example.org", guard.Owner)
		set := func(by guard.Member, id store.MemberID, role guard.Role) error {
			return h.in("a", func(tx *store.Tx) error { return guard.SetRole(ctx, tx, by, id, role, guard.SeesAll) })
		}
		is(h.T, "a manager makes themself owner", set(manager, manager.ID, guard.Owner), guard.ErrOver)
		is(h.T, "a manager makes the owner a front desk", set(manager, owner.ID, guard.FrontDesk), guard.ErrOver)
		is(h.T, "a front desk makes themself manager", set(desk, desk.ID, guard.Manager), guard.ErrOver)
		is(h.T, "a role that there is not", set(owner, desk.ID, "admin"), guard.ErrOver)
		is(h.T, "the last owner steps down", set(owner, owner.ID, guard.Manager), guard.ErrLastOwner)
		is(h.T, "the other practice's member", set(owner, theirs.ID, guard.ReadOnly), store.ErrNone)
		if err := set(manager, desk.ID, guard.Practitioner); err != nil {
			h.Error(err)
		}
		end := func(by guard.Member, id store.MemberID) error {
			return h.in("a", func(tx *store.Tx) error { return guard.EndBy(ctx, tx, by, id) })
		}
		is(h.T, "a manager ends the owner", end(manager, owner.ID), guard.ErrOver)
		is(h.T, "the last owner leaves", end(owner, owner.ID), guard.ErrLastOwner)
		is(h.T, "the other practice's member is ended", end(owner, theirs.ID), store.ErrNone)
		if err := end(manager, desk.ID); err != nil {
			h.Error(err)
		}
		is(h.T, "twice", end(manager, desk.ID), store.ErrNone)
	})
}

func TestAProgramHasAKey(t *testing.T) {
	t.Parallel()
	for _, p := range []guard.Permission{guard.Approve, guard.TeamChange, guard.CredentialChange, guard.PracticeOwn, guard.Self, guard.MessageWrite, guard.SettingsChange, "", "everything"} {
		if _, err := guard.ScopeOf(p); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a program may have %q", p)
		}
	}
	eachHouse(t, func(h *house) {
		owner, _, b := h.joined("a", "petra@example.org", guard.Owner)
		desk, _, _ := h.joined("a", "liam@example.org", guard.FrontDesk)
		export, _ := guard.ScopeOf(guard.DataExport)
		read, _ := guard.ScopeOf(guard.CalendarRead)
		make := func(by guard.Member, name string, until time.Time, scopes ...guard.Scope) (key string, c guard.Credential, err error) {
			err = h.in("a", func(tx *store.Tx) error {
				key, c, err = h.door.AddCredential(ctx, tx, by, name, scopes, until)
				return err
			})
			return key, c, err
		}
		year := h.clock.Now().AddDate(1, 0, 0)
		_, _, err := make(desk, "x", year, export)
		is(h.T, "more than its maker may", err, guard.ErrOver)
		for _, bad := range []error{second(make(owner, "", year, read)), second(make(owner, "x", year)), second(make(owner, "x", h.clock.Now(), read)), second(make(owner, "x", year.AddDate(1, 0, 0), read))} {
			if fault.KindOf(bad) != fault.Invalid {
				h.Errorf("%v", bad)
			}
		}
		key, c, err := make(owner, "Website", year, read, export)
		if err != nil || len(key) != 46 || c.Prefix != key[:11] {
			h.Fatalf("%s %+v %v", key, c, err)
		}
		found, err := h.door.Program(ctx, b, key)
		if err != nil || found.Practice != "a" || !found.May(guard.CalendarRead) || found.May(guard.ClientRead) || found.May(guard.Approve) || found.May("") || found.Actor().Member != "" {
			h.Errorf("%+v %v", found, err)
		}
		// Its row is given what no program may have: it has not got it.
		err = h.db.Whole(ctx, "test", func(w *store.Wide) error {
			_, err := w.Exec(ctx, `UPDATE credential SET scopes = 'approve team.change calendar.read practice.own'`)
			return err
		})
		if found, _ := h.door.Program(ctx, b, key); err != nil || len(found.Scopes) != 1 || found.May(guard.Approve) {
			h.Errorf("%+v %v", found, err)
		}
		for _, bad := range []string{"", key[:45], key + "A", "lh_" + key[4:] + "A", key[3:]} {
			_, err := h.door.Program(ctx, b, bad)
			is(h.T, "a key of nobody", err, guard.ErrNoCredential)
		}
		// The maker's role shrinks, and the key with it.
		if err := h.in("a", func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE credential SET scopes = 'calendar.read data.export' WHERE practice = $1`); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `UPDATE member SET role = 'bookkeeper' WHERE practice = $1 AND id = $2`, string(owner.ID))
			return err
		}); err != nil {
			h.Fatal(err)
		}
		if found, err := h.door.Program(ctx, b, key); err != nil || found.May(guard.DataExport) || !found.May(guard.CalendarRead) {
			h.Errorf("%+v %v", found, err)
		}
		other := h.in("b", func(tx *store.Tx) error { return guard.EndCredential(ctx, tx, c.ID) })
		is(h.T, "the other practice takes it back", other, store.ErrNone)
		if err := h.in("a", func(tx *store.Tx) error {
			list, err := guard.Credentials(ctx, tx)
			if err != nil || len(list) != 1 || list[0].UsedAt.IsZero() {
				h.Errorf("%+v", list)
			}
			return guard.EndCredential(ctx, tx, c.ID)
		}); err != nil {
			h.Error(err)
		}
		_, err = h.door.Program(ctx, b, key)
		is(h.T, "taken back", err, guard.ErrNoCredential)
		key, _, _ = make(guard.Member{ID: desk.ID, Role: guard.FrontDesk}, "short", h.clock.Now().Add(time.Hour), read)
		h.clock.Pass(time.Hour)
		_, err = h.door.Program(ctx, b, key)
		is(h.T, "expired", err, guard.ErrNoCredential)
	})
}

func second(_ string, _ guard.Credential, err error) error { return err }

// A team has a bound: whoever stood behind it would be on no list, and nobody would take their access away.
func TestATeamHasABound(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		err := h.in("a", func(tx *store.Tx) error {
			for i := range guard.MostMembers {
				if _, err := guard.AddMember(ctx, tx, guard.Member{Email: fmt.Sprintf("m%d@example.org", i), Role: guard.FrontDesk}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			h.Fatal(err)
		}
		add := func(practice store.PracticeID) error {
			return h.in(practice, func(tx *store.Tx) error {
				_, err := guard.AddMember(ctx, tx, guard.Member{Email: "hidden@example.org", Role: guard.Owner})
				return err
			})
		}
		is(h.T, "one more", add("a"), guard.ErrMembers)
		is(h.T, "at another practice", add("b"), nil)
		if err := h.in("a", func(tx *store.Tx) error {
			all, err := guard.Members(ctx, tx)
			if err == nil {
				err = guard.End(ctx, tx, all[0].ID, tx.Now)
			}
			return err
		}); err != nil {
			h.Fatal(err)
		}
		is(h.T, "in the place of one who left", add("a"), nil)
	})
}
