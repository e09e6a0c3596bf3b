package guard_test

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/guard/secret"
	"letterhead/store"
	"letterhead/testkit"
)

func base32Plain(text string) ([]byte, error) {
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(text, " ", ""))
}

func sha(b []byte) [32]byte { return sha256.Sum256(b) }

var (
	wrong     = fault.New(fault.Invalid, "guard.wrong", "")
	wrongCode = fault.New(fault.Invalid, "guard.wrong_code", "")
	tooMany   = fault.New(fault.TooMany, "guard.too_many", "")
)

func TestAPasswordWithItsCode(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		_, key, codes, b := h.withPassword("a", "liam@example.org")
		halfway, err := h.door.Password(ctx, b, nil, " Liam@example.org ", good)
		if err != nil {
			h.Fatal(err)
		}
		_, err = h.door.Password(ctx, b, nil, "liam@example.org", good+" ")
		is(h.T, "a wrong password", err, wrong)
		now := secret.Code(key, h.clock.Now())
		_, err = h.door.Code(ctx, h.browser(), nil, halfway, now)
		is(h.T, "the half of another device", err, secret.ErrState)
		_, err = h.door.Code(ctx, b, nil, "", now)
		is(h.T, "a code without a password", err, secret.ErrState)
		p, err := h.door.Code(ctx, b, nil, halfway, now)
		if err != nil || p.Way != guard.ByPassword {
			h.Fatalf("%+v %v", p, err)
		}
		// Somebody who saw the code being typed has 30 seconds, and the password.
		halfway, err = h.door.Password(ctx, b, nil, "liam@example.org", good)
		if err != nil {
			h.Fatal(err)
		}
		_, err = h.door.Code(ctx, b, nil, halfway, now)
		is(h.T, "the same code again", err, wrongCode)
		if p, err = h.door.Code(ctx, b, nil, halfway, strings.ToLower(codes[3])); err != nil || p.Way != guard.ByRecovery {
			h.Errorf("a recovery code: %+v %v", p, err)
		}
		h.clock.Pass(time.Hour)
		halfway, err = h.door.Password(ctx, b, nil, "liam@example.org", good)
		if err != nil {
			h.Fatal(err)
		}
		_, err = h.door.Code(ctx, b, nil, halfway, codes[3])
		is(h.T, "the same recovery code again", err, wrongCode)
		h.clock.Pass(6 * time.Minute)
		_, err = h.door.Code(ctx, b, nil, halfway, secret.Code(key, h.clock.Now()))
		is(h.T, "a late half", err, secret.ErrState)
	})
}

// An address that nobody has is answered as a wrong password is, also when there were too many tries.
func TestNobodyLearnsWhoSignsInHere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite)
	h.withPassword("a", "liam@example.org")
	h.joined("a", "petra@example.org", guard.Owner) // has no password
	thief := h.browser()
	answers := map[string][]string{}
	for _, email := range []string{"liam@example.org", "petra@example.org", "nobody@example.org"} {
		for range 14 {
			_, err := h.door.Password(ctx, h.door.Browser(h.door.DeviceCookie(thief), fmt.Sprint("198.51.100.", len(answers[email])), ""), nil, email, "wrong words entirely")
			answers[email] = append(answers[email], fault.As(err).Key)
		}
	}
	if fmt.Sprint(answers["liam@example.org"]) != fmt.Sprint(answers["nobody@example.org"]) || fmt.Sprint(answers["petra@example.org"]) != fmt.Sprint(answers["nobody@example.org"]) {
		t.Errorf("%v", answers)
	}
	if last := answers["liam@example.org"]; last[0] != "guard.wrong" || last[13] != "guard.too_many" {
		t.Errorf("%v", last)
	}
}

// However hard strangers try, from however many addresses: the person signs in from a device that they have used, and with a passkey from any.
func TestAVictimOfGuessingStillSignsIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite)
	_, key, _, mine := h.withPassword("a", "liam@example.org")
	_, passkey, theirs := h.joined("a", "petra@example.org", guard.Owner)
	stopped := 0
	for i := range 40 {
		thief := h.door.Browser("", fmt.Sprintf("198.51.100.%d", i), "")
		if _, err := h.door.Password(ctx, thief, nil, "liam@example.org", "guess number "+fmt.Sprint(i)); fault.KindOf(err) == fault.TooMany {
			stopped++
		}
	}
	if stopped < 25 {
		t.Errorf("%d of 40 guesses were stopped", stopped)
	}
	_, err := h.door.Password(ctx, h.browser(), nil, "liam@example.org", good)
	is(t, "from a device that nobody knows", err, tooMany)
	halfway, err := h.door.Password(ctx, mine, nil, "liam@example.org", good)
	if err != nil {
		t.Fatalf("from his own device: %v", err)
	}
	if _, err := h.door.Code(ctx, mine, nil, halfway, secret.Code(key, h.clock.Now())); err != nil {
		t.Errorf("from his own device: %v", err)
	}
	if _, err := h.passkey(h.browser(), passkey); err != nil {
		t.Errorf("with a passkey from a new device: %v", err)
	}
	// Nor does a flood of passkeys from their own network's address.
	for range 100 {
		_, _ = h.door.Passkey(ctx, h.browser(), nil, "x", nil)
	}
	_, err = h.door.Passkey(ctx, h.browser(), nil, "x", nil)
	is(t, "a stranger at that address", err, tooMany)
	if _, err := h.passkey(theirs, passkey); err != nil {
		t.Errorf("with a passkey from her own device at that address: %v", err)
	}
	// The own device's allowance has an end as well, and another person's device is a stranger.
	stopped = 0
	for range 30 {
		if _, err := h.door.Password(ctx, mine, nil, "liam@example.org", "guess"); fault.KindOf(err) == fault.TooMany {
			stopped++
		}
	}
	if stopped < 15 {
		t.Errorf("%d of 30 guesses from a stolen device were stopped", stopped)
	}
	other := h.door.Remembered(h.browser(), "thief@example.org")
	_, err = h.door.Password(ctx, other, nil, "liam@example.org", good)
	is(t, "from another person's device", err, tooMany)
	// Time heals.
	h.clock.Pass(2 * time.Hour)
	if _, err := h.door.Password(ctx, h.browser(), nil, "liam@example.org", good); err != nil {
		t.Errorf("two hours later: %v", err)
	}
}

func TestCodesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite)
	_, _, _, b := h.withPassword("a", "liam@example.org")
	halfway, err := h.door.Password(ctx, b, nil, "liam@example.org", good)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for i := range 50 {
		_, err := h.door.Code(ctx, b, nil, halfway, fmt.Sprintf("%06d", i))
		kinds[fault.As(err).Key]++
	}
	if kinds["guard.wrong_code"] > 5 || kinds["guard.too_many"] < 45 {
		t.Errorf("%v", kinds)
	}
}

func TestASecondWayIsSetChangedAndRemoved(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		_, key, b := h.joined("a", "petra@example.org", guard.Owner)
		elsewhere, _ := h.entered(b, key, "a")
		_, s := h.entered(b, key, "a")
		setup := h.door.NewCodes(b, s.ID, s.Login)
		code := codeSecret(h.T, setup.Text)
		if !strings.HasPrefix(setup.Address, "otpauth://totp/Letterhead:petra@example.org?secret=") {
			h.Errorf("%s", setup.Address)
		}
		_, err := h.door.SetPassword(ctx, b, s, setup.State, good, "000000")
		is(h.T, "with a wrong first code", err, fault.New(fault.Invalid, "guard.first_code", ""))
		_, err = h.door.SetPassword(ctx, b, s, setup.State, "petra@example.org", secret.Code(code, h.clock.Now()))
		is(h.T, "with the address as the password", err, fault.New(fault.Invalid, "guard.password_own", ""))
		other := s
		other.ID = "another"
		_, err = h.door.SetPassword(ctx, b, other, setup.State, good, secret.Code(code, h.clock.Now()))
		is(h.T, "with another session's secret", err, secret.ErrState)
		codes, err := h.door.SetPassword(ctx, b, s, setup.State, good, secret.Code(code, h.clock.Now()))
		if err != nil || len(codes) != secret.Recoveries {
			h.Fatalf("%d codes, %v", len(codes), err)
		}
		_, err = h.door.Visit(ctx, elsewhere, b)
		is(h.T, "the other session", err, guard.ErrNoSession)
		h.clock.Pass(time.Minute)
		halfway, err := h.door.Password(ctx, b, &s, "somebody@else.example", good) // a session's own address counts
		if err != nil {
			h.Fatal(err)
		}
		_, err = h.door.Code(ctx, b, nil, halfway, secret.Code(code, h.clock.Now()))
		is(h.T, "a proof's half as a sign-in", err, secret.ErrState)
		p, err := h.door.Code(ctx, b, &s, halfway, secret.Code(code, h.clock.Now()))
		if err != nil {
			h.Fatal(err)
		}
		if _, err := h.door.Proved(ctx, s, p); err != nil {
			h.Fatal(err)
		}
		fresh, err := h.door.NewRecoveries(ctx, s)
		if err != nil {
			h.Fatal(err)
		}
		halfway, _ = h.door.Password(ctx, b, nil, s.Login, good)
		_, err = h.door.Code(ctx, b, nil, halfway, codes[0])
		is(h.T, "a replaced recovery code", err, wrongCode)
		if _, err = h.door.Code(ctx, b, nil, halfway, fresh[0]); err != nil {
			h.Error(err)
		}
		ways, _ := h.door.Ways(ctx, s.Person)
		if err := h.door.RemovePasskey(ctx, s, ways.Passkeys[0].ID); err != nil {
			h.Error(err)
		}
		is(h.T, "the last way is removed", h.door.RemovePassword(ctx, s), fault.New(fault.Conflict, "guard.last_way", ""))
		if _, err := h.passkey(b, key); fault.KindOf(err) != fault.Denied {
			h.Errorf("a removed passkey: %v", err)
		}
	})
}

func TestNothingReadableIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite)
	_, key, codes, _ := h.withPassword("a", "liam@example.org")
	err := h.db.WholeView(ctx, "test", func(w *store.Wide) error {
		var password string
		var totp []byte
		if err := w.Row(ctx, `SELECT password, totp FROM person`).Scan(&password, &totp); err != nil {
			return err
		}
		if strings.Contains(password, good) || strings.Contains(string(totp), string(key)) {
			t.Error("a secret is kept as it is")
		}
		rows, err := w.Query(ctx, `SELECT hash FROM recovery`)
		kept, err := store.Collect(rows, err, func(r *store.Rows) (string, error) { var s string; return s, r.Scan(&s) })
		for _, code := range codes {
			if strings.Contains(strings.Join(kept, " "), secret.PlainRecovery(code)) {
				t.Error("a recovery code is kept as it is")
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Somebody who looks on types the code at the same moment: one of many gets in.
func TestACodeInARace(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		_, key, codes, b := h.withPassword("a", "liam@example.org")
		for _, code := range []string{secret.Code(key, h.clock.Now()), codes[0]} {
			var doors []*guard.Door // processes
			var halves []string
			for range 8 {
				door := h.newDoor()
				halfway, err := door.Password(ctx, b, nil, "liam@example.org", good)
				if err != nil {
					h.Fatal(err)
				}
				doors, halves = append(doors, door), append(halves, halfway)
			}
			var wait sync.WaitGroup
			var passed atomic.Int32
			begin := make(chan struct{})
			for i, door := range doors {
				wait.Go(func() {
					<-begin
					if _, err := door.Code(ctx, b, nil, halves[i], code); err == nil {
						passed.Add(1)
					}
				})
			}
			close(begin)
			wait.Wait()
			if passed.Load() != 1 {
				h.Errorf("%d got in with one code", passed.Load())
			}
		}
	})
}

// A flood from more addresses than there is room for shuts nobody out who signs in from a device that they have used.
func TestAFloodOfAddressesLeavesKnownDevicesTheirs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite)
	_, key, b := h.joined("a", "petra@example.org", guard.Owner)
	h.clock.Pass(time.Hour)
	stranger := guard.Browser{Device: secret.NewToken()}
	for i := range 50_200 {
		stranger.Address = guard.Network(fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff))
		_, _ = h.door.Passkey(ctx, stranger, nil, "", nil)
	}
	if _, err := h.passkey(b, key); err != nil {
		t.Errorf("from a known device: %v", err)
	}
}
