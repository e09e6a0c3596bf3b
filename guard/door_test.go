package guard_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/guard/secret"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/softkey"
	"letterhead/vault"
)

const origin = "https://letterhead.example"

var ctx = context.Background()

// house is two practices with the same ids, and a door.
type house struct {
	*testing.T
	db    *store.DB
	clock *testkit.Clock
	door  *guard.Door
}

func newHouse(t *testing.T, engine testkit.Engine) *house {
	t.Helper()
	h := &house{T: t, clock: testkit.NewClock(t, "2026-11-21T22:00:00Z")}
	h.db = testkit.Open(t, engine, h.clock)
	h.door = h.newDoor()
	return h
}

func (h *house) newDoor() *guard.Door {
	h.Helper()
	keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		h.Fatal(err)
	}
	door, err := guard.NewDoor(h.db, keeper, "letterhead.example", origin)
	if err != nil {
		h.Fatal(err)
	}
	return door
}

func eachHouse(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(newHouse(t, engine))
		})
	}
}

func (h *house) in(practice store.PracticeID, fn func(tx *store.Tx) error) error {
	return h.db.Change(ctx, store.Actor{Practice: practice, Agent: "test"}, fn)
}

func (h *house) invited(practice store.PracticeID, email string, role guard.Role) (guard.Member, string) {
	h.Helper()
	var m guard.Member
	var token string
	err := h.in(practice, func(tx *store.Tx) (err error) {
		if m, err = guard.AddMember(ctx, tx, guard.Member{Email: email, Name: email, Role: role}); err != nil {
			return err
		}
		token, err = h.door.Invite(ctx, tx, m.ID)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return m, token
}

func (h *house) browser() guard.Browser {
	return h.door.Browser("", "192.0.2.1", "Firefox/140 Windows")
}

// joined is a member with a passkey, who has signed in from a browser.
func (h *house) joined(practice store.PracticeID, email string, role guard.Role) (guard.Member, *softkey.Key, guard.Browser) {
	h.Helper()
	m, token := h.invited(practice, email, role)
	b, key := h.browser(), softkey.New(h.T, origin)
	i, err := h.door.Invitation(ctx, b, token)
	if err != nil {
		h.Fatal(err)
	}
	c := h.door.AskJoin(b, i)
	p, err := h.door.JoinWithPasskey(ctx, b, token, c.State, key.Create(h.T, c.Options), "Laptop")
	if err != nil {
		h.Fatal(err)
	}
	m.Person = p.Person
	return m, key, h.door.Remembered(b, email)
}

const good = "four words at random"

// withPassword is a member with a password and one-time codes.
func (h *house) withPassword(practice store.PracticeID, email string) (guard.Member, []byte, []string, guard.Browser) {
	h.Helper()
	m, token := h.invited(practice, email, guard.FrontDesk)
	b := h.browser()
	i, err := h.door.Invitation(ctx, b, token)
	if err != nil {
		h.Fatal(err)
	}
	setup := h.door.NewCodes(b, i.ID, email)
	key := codeSecret(h.T, setup.Text)
	_, codes, err := h.door.JoinWithPassword(ctx, b, token, setup.State, good, secret.Code(key, h.clock.Now()))
	if err != nil {
		h.Fatal(err)
	}
	h.clock.Pass(time.Minute)
	return m, key, codes, h.door.Remembered(b, email)
}

func codeSecret(t *testing.T, text string) []byte {
	t.Helper()
	key, err := base32Plain(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (h *house) passkey(b guard.Browser, key *softkey.Key) (guard.Proof, error) {
	c := h.door.AskPasskey(b, nil)
	return h.door.Passkey(ctx, b, nil, c.State, key.Get(h.T, c.Options))
}

func (h *house) entered(b guard.Browser, key *softkey.Key, practice store.PracticeID) (string, guard.Session) {
	h.Helper()
	p, err := h.passkey(b, key)
	if err != nil {
		h.Fatal(err)
	}
	token, err := h.door.Enter(ctx, p, practice, b, "")
	if err != nil {
		h.Fatal(err)
	}
	s, err := h.door.Visit(ctx, token, b)
	if err != nil {
		h.Fatal(err)
	}
	return token, s
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestAPersonIsInvitedAndSignsIn(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		m, key, b := h.joined("a", "petra@example.org", guard.Owner)
		_, s := h.entered(b, key, "a")
		if s.Member.ID != m.ID || s.Practice != "a" || s.Login != "petra@example.org" || s.Way != guard.ByPasskey || !s.Fresh(h.clock.Now()) || s.Label != "Firefox · Windows" {
			h.Errorf("%+v", s)
		}
		if _, err := h.door.Enter(ctx, guard.Proof{Person: s.Person}, "b", b, ""); !errors.Is(err, store.ErrNone) {
			h.Errorf("a practice that she does not work at: %v", err)
		}
		ways, err := h.door.Ways(ctx, s.Person)
		if err != nil || len(ways.Passkeys) != 1 || ways.Password || ways.Passkeys[0].UsedAt.IsZero() {
			h.Errorf("%+v %v", ways, err)
		}
		is(h.T, "the only way to sign in is removed", h.door.RemovePasskey(ctx, s, ways.Passkeys[0].ID), fault.New(fault.Conflict, "guard.last_way", ""))
	})
}

func TestAnInvitationWorksOnce(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		gone := fault.New(fault.NotFound, "guard.invitation", "")
		m, first := h.invited("a", "liam@example.org", guard.FrontDesk)
		var second string
		if err := h.in("a", func(tx *store.Tx) (err error) { second, err = h.door.Invite(ctx, tx, m.ID); return err }); err != nil {
			h.Fatal(err)
		}
		b, key := h.browser(), softkey.New(h.T, origin)
		_, err := h.door.Invitation(ctx, b, first)
		is(h.T, "one that was replaced", err, gone)
		i, err := h.door.Invitation(ctx, b, second)
		if err != nil {
			h.Fatal(err)
		}
		c := h.door.AskJoin(b, i)
		answer := key.Create(h.T, c.Options)
		// Somebody else's browser cannot use what was asked in this one.
		_, err = h.door.JoinWithPasskey(ctx, h.browser(), second, c.State, answer, "")
		is(h.T, "another device", err, secret.ErrState)
		if _, err := h.door.JoinWithPasskey(ctx, b, second, c.State, answer, ""); err != nil {
			h.Fatal(err)
		}
		_, err = h.door.JoinWithPasskey(ctx, b, second, c.State, answer, "")
		is(h.T, "used", err, gone)
		err = h.in("a", func(tx *store.Tx) error { _, err := h.door.Invite(ctx, tx, m.ID); return err })
		is(h.T, "an accepted member is invited again", err, fault.New(fault.Conflict, "guard.accepted", ""))

		_, late := h.invited("a", "late@example.org", guard.FrontDesk)
		h.clock.Pass(guard.InvitationLife)
		_, err = h.door.Invitation(ctx, b, late)
		is(h.T, "expired", err, gone)
		ended, token := h.invited("a", "ended@example.org", guard.FrontDesk)
		if err := h.in("a", func(tx *store.Tx) error { return guard.End(ctx, tx, ended.ID, tx.Now) }); err != nil {
			h.Fatal(err)
		}
		_, err = h.door.Invitation(ctx, b, token)
		is(h.T, "of a member who was ended", err, gone)
		for _, bad := range []string{"", "x", strings.Repeat("A", 43), token[:42] + "'"} {
			_, err = h.door.Invitation(ctx, h.door.Browser("", fmt.Sprintf("198.51.100.%d", len(bad)), ""), bad)
			is(h.T, "nobody's", err, gone)
		}
	})
}

// Whoever invites an address at their own practice gets nothing of the person who has it elsewhere.
func TestAnInvitationDoesNotTakeSomebodyOver(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		victim, key, b := h.joined("a", "petra@example.org", guard.Owner)
		_, token := h.invited("b", "petra@example.org", guard.Owner)
		thief, mine := h.browser(), softkey.New(h.T, origin)
		i, err := h.door.Invitation(ctx, thief, token)
		if err != nil {
			h.Fatal(err)
		}
		c := h.door.AskJoin(thief, i)
		_, err = h.door.JoinWithPasskey(ctx, thief, token, c.State, mine.Create(h.T, c.Options), "")
		is(h.T, "an address that signs in already", err, fault.New(fault.Conflict, "guard.has_sign_in", ""))
		if _, err := h.passkey(thief, mine); err == nil {
			h.Error("the thief's key signs in")
		}
		// She accepts it herself, and is then at both.
		_, s := h.entered(b, key, "a")
		if _, err := h.door.JoinAs(ctx, b, token, s); err != nil {
			h.Fatal(err)
		}
		at, err := h.door.Memberships(ctx, victim.Person)
		if err != nil || len(at) != 2 {
			h.Errorf("%+v %v", at, err)
		}
		_, there := h.entered(b, key, "b")
		if there.Practice != "b" || there.Member.ID == s.Member.ID {
			h.Errorf("%+v", there)
		}
		_, again := h.invited("b", "second@example.org", guard.FrontDesk)
		_, err = h.door.JoinAs(ctx, b, again, s)
		is(h.T, "twice in one team", err, guard.ErrMember)
	})
}

func TestAChallengeIsForOnePurposeOneDeviceAndOnce(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		_, key, b := h.joined("a", "petra@example.org", guard.Owner)
		_, s := h.entered(b, key, "a")
		c := h.door.AskPasskey(b, nil)
		answer := key.Get(h.T, c.Options)
		_, err := h.door.Passkey(ctx, h.browser(), nil, c.State, answer)
		is(h.T, "on another device", err, secret.ErrState)
		_, err = h.door.Passkey(ctx, b, &s, c.State, answer)
		is(h.T, "a sign-in as a proof", err, secret.ErrState)
		is(h.T, "a sign-in as an enrolment", h.door.Enrol(ctx, b, s, c.State, key.Create(h.T, c.Options), ""), secret.ErrState)
		swapped := h.door.AskPasskey(b, nil)
		_, err = h.door.Passkey(ctx, b, nil, swapped.State, answer)
		if fault.KindOf(err) != fault.Denied {
			h.Errorf("with another challenge's state: %v", err)
		}
		if _, err := h.door.Passkey(ctx, b, nil, c.State, answer); err != nil {
			h.Fatal(err)
		}
		_, err = h.door.Passkey(ctx, b, nil, c.State, answer)
		is(h.T, "replayed", err, secret.ErrState)
		_, err = h.newDoor().Passkey(ctx, b, nil, c.State, answer)
		is(h.T, "replayed at another process", err, secret.ErrState)
		// Deleting the rows brings nothing back to the process that saw it.
		if err := h.db.Whole(ctx, "test", func(w *store.Wide) error { _, err := w.Exec(ctx, `DELETE FROM spent`); return err }); err != nil {
			h.Fatal(err)
		}
		_, err = h.door.Passkey(ctx, b, nil, c.State, answer)
		is(h.T, "replayed after its row was deleted", err, secret.ErrState)
		late := h.door.AskPasskey(b, nil)
		h.clock.Pass(6 * time.Minute)
		_, err = h.door.Passkey(ctx, b, nil, late.State, key.Get(h.T, late.Options))
		is(h.T, "late", err, secret.ErrState)
		// A proof asked for one session is none for another of the same person.
		_, other := h.entered(b, key, "a")
		proof := h.door.AskPasskey(b, &s)
		_, err = h.door.Passkey(ctx, b, &other, proof.State, key.Get(h.T, proof.Options))
		is(h.T, "another session's proof", err, secret.ErrState)
		// Nor is somebody else's key a proof of this session's person.
		_, strangersKey, _ := h.joined("a", "liam@example.org", guard.FrontDesk)
		mine := h.door.AskPasskey(b, &s)
		if _, err := h.door.Passkey(ctx, b, &s, mine.State, strangersKey.Get(h.T, mine.Options)); fault.KindOf(err) != fault.Denied {
			h.Errorf("somebody else's key: %v", err)
		}
	})
}

func TestASessionEnds(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		m, key, b := h.joined("a", "petra@example.org", guard.Owner)
		token, s := h.entered(b, key, "a")
		ended := func(what, token string) {
			h.Helper()
			_, err := h.door.Visit(ctx, token, b)
			is(h.T, what, err, guard.ErrNoSession)
		}
		for h.clock.Now().Add(50 * time.Minute).Before(s.EndsAt) { // used, it lives to its total limit
			h.clock.Pass(50 * time.Minute)
			if _, err := h.door.Visit(ctx, token, b); err != nil {
				h.Fatal(err)
			}
		}
		h.clock.Set(s.EndsAt)
		ended("after a day", token)
		token, _ = h.entered(b, key, "a")
		h.clock.Pass(guard.IdleLimit)
		ended("not used for an hour", token)
		// A cookie that is carried to another device opens nothing there, and then nothing here: somebody has it.
		token, _ = h.entered(b, key, "a")
		_, err := h.door.Visit(ctx, token, h.browser())
		is(h.T, "from another device", err, guard.ErrNoSession)
		ended("after it was seen elsewhere", token)
		// Signing in gives a new token whatever was there (fixation), and ends the old one.
		token, _ = h.entered(b, key, "a")
		p, err := h.passkey(b, key)
		if err != nil {
			h.Fatal(err)
		}
		next, err := h.door.Enter(ctx, p, "a", b, token)
		if err != nil || next == token {
			h.Fatalf("%v", err)
		}
		ended("replaced by a later one", token)
		if err := h.door.Leave(ctx, next); err != nil {
			h.Fatal(err)
		}
		ended("signed out", next)
		one, first := h.entered(b, key, "a")
		two, second := h.entered(b, key, "a")
		if list, err := h.door.Sessions(ctx, first.Person); err != nil || len(list) != 2 {
			h.Errorf("%d sessions, %v", len(list), err)
		}
		stranger, _, _ := h.joined("b", "thief@example.org", guard.Owner)
		is(h.T, "somebody else's session is ended", h.door.EndSession(ctx, stranger.Person, first.ID, ""), store.ErrNone)
		if err := h.door.EndSession(ctx, first.Person, "", second.ID); err != nil {
			h.Fatal(err)
		}
		ended("with all others", one)
		if _, err := h.door.Visit(ctx, two, b); err != nil {
			h.Error(err)
		}
		if err := h.in("a", func(tx *store.Tx) error { return guard.End(ctx, tx, m.ID, tx.Now) }); err != nil {
			h.Fatal(err)
		}
		ended("the member's access ended", two)
		for _, bad := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 100_000)} {
			ended("nobody's", bad)
		}
	})
}

// Whoever writes rows, without the installation's key, makes no session that works.
func TestARowAloneIsNoSession(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		_, key, b := h.joined("a", "petra@example.org", guard.Owner)
		token, s := h.entered(b, key, "a")
		err := h.db.Whole(ctx, "test", func(w *store.Wide) error {
			var hash string
			if err := w.Row(ctx, `SELECT hash FROM session WHERE id = $1`, s.ID).Scan(&hash); err != nil {
				return err
			}
			if strings.Contains(hash, token) {
				h.Error("the token is kept")
			}
			sum := fmt.Sprintf("%x", sha([]byte("forged")))
			_, err := w.Exec(ctx, `UPDATE session SET hash = $1 WHERE id = $2`, sum, s.ID)
			return err
		})
		if err != nil {
			h.Fatal(err)
		}
		_, err = h.door.Visit(ctx, base64.RawURLEncoding.EncodeToString([]byte("forged forged forged forged forged ")[:32]), b)
		is(h.T, "forged", err, guard.ErrNoSession)
	})
}

// Who has lost every way in is invited again, by whoever may; their old keys are then nobody's.
func TestSomebodyWhoLostTheirKeys(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		owner, ownersKey, b := h.joined("a", "petra@example.org", guard.Owner)
		manager, _, _ := h.joined("a", "liam@example.org", guard.Manager)
		lost, oldKey, theirs := h.joined("a", "aoife@example.org", guard.FrontDesk)
		oldToken, _ := h.entered(theirs, oldKey, "a")
		detach := func(by guard.Member, id store.MemberID) (token string, err error) {
			err = h.in("a", func(tx *store.Tx) error {
				if err := guard.Detach(ctx, tx, by, id); err != nil {
					return err
				}
				token, err = h.door.Invite(ctx, tx, id)
				return err
			})
			return token, err
		}
		_, err := detach(manager, owner.ID)
		is(h.T, "a manager takes the owner's sign-in", err, guard.ErrOver)
		_, err = detach(owner, owner.ID)
		is(h.T, "the only owner's", err, guard.ErrLastOwner)
		token, err := detach(manager, lost.ID)
		if err != nil {
			h.Fatal(err)
		}
		_, err = h.door.Visit(ctx, oldToken, theirs)
		is(h.T, "the old session", err, guard.ErrNoSession)
		fresh, key := h.browser(), softkey.New(h.T, origin)
		i, err := h.door.Invitation(ctx, fresh, token)
		if err != nil {
			h.Fatal(err)
		}
		c := h.door.AskJoin(fresh, i)
		if _, err := h.door.JoinWithPasskey(ctx, fresh, token, c.State, key.Create(h.T, c.Options), ""); err != nil {
			h.Fatal(err)
		}
		if _, err := h.passkey(theirs, oldKey); fault.KindOf(err) != fault.Denied {
			h.Errorf("the lost key: %v", err)
		}
		h.entered(fresh, key, "a")
		h.entered(b, ownersKey, "a")
		// The only owner is helped from the command line.
		if _, err := detach(guard.Member{}, owner.ID); err != nil {
			h.Error(err)
		}
	})
}
