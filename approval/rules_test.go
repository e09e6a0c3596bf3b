package approval_test

import (
	"errors"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/store"
	"letterhead/testkit/key"
)

// clinicOfTwo has an owner, a manager and a front desk, whose keys are old enough.
type clinicOfTwo struct {
	*key.Chain
	anna, ben, cleo *key.Key
}

func two(t testing.TB) clinicOfTwo {
	t.Helper()
	c, root := found(t)
	w := clinicOfTwo{Chain: c, anna: root, ben: key.NewEdDSA(key.Desk), cleo: key.New(key.Desk)}
	sign(t, c, root, c.Enrol(w.ben, ben, anna), c.Role(ben, approval.Manager, anna), c.Enrol(w.cleo, cleo, anna), c.Role(cleo, approval.FrontDesk, anna))
	c.Pass(approval.KeyAge)
	return w
}

func hosts(c *key.Chain, who store.MemberID, names ...string) *approval.Statement {
	x := c.State.Draft(approval.KindHosts, "hosts", who)
	x.Body.Hosts = &approval.HostsBody{Hosts: append([]string{}, names...)}
	return x
}

func order(c *key.Chain, subject string, count, active int64, who store.MemberID) *approval.Statement {
	x := c.State.Draft(approval.KindOrder, subject, who)
	x.Digest = digest(7)
	x.Body.Order = &approval.OrderBody{Channel: "email", Purpose: "appointments", Wording: "w", Root: digest(8), Count: count, Active: active}
	x.Limits = &approval.Limits{Total: count}
	x.Window = &approval.Window{From: approval.At(c.Now), Until: approval.At(c.Now.Add(48 * time.Hour))}
	return x
}

func withdraw(c *key.Chain, x *approval.Statement, who store.MemberID) *approval.Statement {
	sum, err := x.Sum()
	if err != nil {
		panic(err)
	}
	return c.State.Draft(approval.KindWithdraw, sum.String(), who)
}

// reason is why a statement does not count now, in the state at hand and in one read anew.
func reason(t testing.TB, c *key.Chain, x *approval.Statement) approval.Reason {
	t.Helper()
	sum, err := x.Sum()
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.State.Statement(sum, c.Now)
	again, foldErr := c.Again()
	if foldErr != nil {
		t.Fatal(foldErr)
	}
	_, other := again.Statement(sum, c.Now)
	if approval.ReasonOf(err) != approval.ReasonOf(other) {
		t.Errorf("grown says %v, read anew %v", err, other)
	}
	return approval.ReasonOf(err)
}

func expect(t testing.TB, c *key.Chain, x *approval.Statement, want approval.Reason, when string) {
	t.Helper()
	if got := reason(t, c, x); got != want {
		t.Errorf("%s: %q, want %q", when, got, want)
	}
}

func TestTwoMembersSignHosts(t *testing.T) {
	t.Parallel()
	w := two(t)
	x := hosts(w.Chain, anna, "www.clinic.example")
	if n := w.State.Needs(x, anna); !n.May || !n.Second || !n.Owner || n.Wait != 0 {
		t.Errorf("needs %+v", n)
	}
	sign(t, w.Chain, w.anna, x)
	expect(t, w.Chain, x, approval.NeedsSecond, "signed by one")
	if waiting := w.State.Waiting(w.Now); len(waiting) != 1 || waiting[0].Reason != approval.NeedsSecond {
		t.Errorf("waiting %+v", waiting)
	}
	_, err := w.Sign(w.anna, x)
	refused(t, err, approval.SignedTwice)
	_, err = w.Sign(w.cleo, x)
	refused(t, err, approval.MayNot)
	sign(t, w.Chain, w.ben, x)
	expect(t, w.Chain, x, "", "signed by two")
	if err := w.State.Host("www.clinic.example", w.Now); err != nil {
		t.Error(err)
	}
	refused(t, w.State.Host("evil.example", w.Now), approval.Unsigned)
	refused(t, w.State.Host("clinic.example", w.Now), approval.Unsigned)

	off := w.State.Draft(approval.KindHost, "www.clinic.example", cleo)
	off.Body.Host = &approval.HostBody{Off: true}
	sign(t, w.Chain, w.cleo, off)
	refused(t, w.State.Host("www.clinic.example", w.Now), approval.Off)
	on := w.State.Draft(approval.KindHost, "www.clinic.example", anna)
	on.Body.Host = &approval.HostBody{}
	sign(t, w.Chain, w.anna, on)
	refused(t, w.State.Host("www.clinic.example", w.Now), approval.Off)
	sign(t, w.Chain, w.ben, on)
	if err := w.State.Host("www.clinic.example", w.Now); err != nil {
		t.Error(err)
	}
}

func TestTwoManagersAreNotEnoughForHosts(t *testing.T) {
	t.Parallel()
	w := two(t)
	dora := key.New(key.Desk)
	enrol, role := w.Enrol(dora, "dora", anna), w.Role("dora", approval.Manager, anna)
	sign(t, w.Chain, w.anna, enrol, role)
	_, err := w.Sign(dora, wording(w.Chain, "w", 1, "dora"))
	refused(t, err, approval.UnknownKey)
	sign(t, w.Chain, w.ben, enrol, role)
	w.Pass(approval.KeyAge)
	x := hosts(w.Chain, ben, "www.clinic.example")
	sign(t, w.Chain, w.ben, x)
	sign(t, w.Chain, dora, x)
	expect(t, w.Chain, x, approval.NeedsSecond, "two managers")
	sign(t, w.Chain, w.anna, x)
	expect(t, w.Chain, x, "", "and an owner")
}

func TestAYoungKeyIsNotTheSecond(t *testing.T) {
	t.Parallel()
	w := two(t)
	fresh := key.New(key.Desk)
	enrol := w.Enrol(fresh, ben, anna)
	sign(t, w.Chain, w.anna, enrol)
	sign(t, w.Chain, w.ben, enrol)
	w.Pass(time.Hour)
	first, second := hosts(w.Chain, anna, "a.example"), order(w.Chain, "o", 500, 600, ben)
	sign(t, w.Chain, w.anna, first)
	sign(t, w.Chain, fresh, first)
	sign(t, w.Chain, fresh, second) // the young key first gains nothing
	sign(t, w.Chain, w.anna, second)
	for _, x := range []*approval.Statement{first, second} {
		expect(t, w.Chain, x, approval.KeyYoung, "young key")
	}
	sum, _ := first.Sum()
	_, err := w.State.Statement(sum, w.Now)
	var r *approval.Refused
	if !errors.As(err, &r) || !r.Until.Equal(w.Now.Add(approval.KeyAge-time.Hour)) {
		t.Errorf("until: %+v", r)
	}
	w.Pass(approval.KeyAge - time.Hour - time.Second)
	expect(t, w.Chain, first, approval.KeyYoung, "a second before")
	w.Pass(time.Second)
	expect(t, w.Chain, first, "", "72 hours later")
	_, err = w.Sign(w.ben, first)
	refused(t, err, approval.SignedTwice) // another key of the same member is no second member
}

func TestHowManyRecipientsOneMaySignFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count, active, alone int64
		second               bool
	}{
		{50, 60, 0, false}, {51, 60, 0, true}, {200, 1000, 0, false}, {201, 1000, 0, true}, {10, 1000, 10, false}, {11, 1000, 10, true}, {51, 60, 1000, true},
	} {
		w := two(t)
		if c.alone > 0 {
			role := w.Role(ben, approval.Manager, anna)
			role.Body.Member.Alone = c.alone
			sign(t, w.Chain, w.anna, role)
			sign(t, w.Chain, w.ben, role)
		}
		x := order(w.Chain, "o", c.count, c.active, ben)
		sign(t, w.Chain, w.ben, x)
		want := approval.Reason("")
		if c.second {
			want = approval.NeedsSecond
		}
		expect(t, w.Chain, x, want, "an order")
	}
}

func TestAPracticeOfOneWaits(t *testing.T) {
	t.Parallel()
	c, root := found(t)
	if !c.State.PracticeOfOne() {
		t.Fatal("one member holds keys")
	}
	old := hosts(c, anna, "a.example")
	sign(t, c, root, old, order(c, "small", 3, 100, anna), wording(c, "w", 1, anna))
	for _, x := range []*approval.Statement{old} {
		expect(t, c, x, approval.Waiting, "at once")
	}
	if _, err := c.State.Allows(approval.KindWording, "w", digest(1), c.Now); err != nil {
		t.Error("a wording waits: ", err)
	}
	if _, err := c.State.Allows(approval.KindOrder, "small", digest(7), c.Now); approval.ReasonOf(err) != approval.Waiting {
		t.Error("an order: ", err)
	}
	c.Pass(approval.AloneWait)
	expect(t, c, old, "", "30 minutes later")

	// A thief changes the hosts; the owner is told and withdraws in time: the old ones stay.
	bad := hosts(c, anna, "evil.example")
	sign(t, c, root, bad)
	expect(t, c, old, "", "meanwhile")
	c.Pass(10 * time.Minute)
	sign(t, c, root, withdraw(c, bad, anna))
	c.Pass(time.Hour)
	expect(t, c, bad, approval.Withdrawn, "withdrawn in time")
	expect(t, c, old, "", "the old ones")

	// One that was in force and is withdrawn leaves nothing.
	next := hosts(c, anna, "b.example")
	sign(t, c, root, next)
	c.Pass(time.Hour)
	expect(t, c, old, approval.Superseded, "replaced")
	sign(t, c, root, withdraw(c, next, anna))
	expect(t, c, old, approval.Superseded, "nothing comes back")
	if _, err := c.State.Current(approval.KindHosts, "hosts", c.Now); approval.ReasonOf(err) != approval.Withdrawn {
		t.Error(err)
	}
}

// A thief with one of two keys revokes the other and would be alone: for 72 hours the practice is not one of one.
func TestLosingTheSecondSignerIsNotAWayAround(t *testing.T) {
	t.Parallel()
	w := two(t)
	sign(t, w.Chain, w.anna, w.Revoke(w.cleo, cleo, anna, 0), w.Revoke(w.ben, ben, anna, 0))
	x := hosts(w.Chain, anna, "evil.example")
	if n := w.State.Needs(x, anna); n.Second || n.Wait != approval.LossWait+approval.AloneWait {
		t.Errorf("needs %+v", n)
	}
	sign(t, w.Chain, w.anna, x)
	w.Pass(approval.LossWait)
	expect(t, w.Chain, x, approval.Waiting, "after 72 hours")
	w.Pass(approval.AloneWait)
	expect(t, w.Chain, x, "", "and 30 minutes")
	_, err := w.Sign(w.ben, wording(w.Chain, "w", 1, ben))
	refused(t, err, approval.RevokedKey)
}

func TestWhatAStolenKeySignedDoesNotCount(t *testing.T) {
	t.Parallel()
	w := two(t)
	good := wording(w.Chain, "w", 1, ben)
	sign(t, w.Chain, w.ben, good)
	stolen := w.State.Head().Position + 1
	bad, other := wording(w.Chain, "w", 66, ben), wording(w.Chain, "v", 66, ben)
	sign(t, w.Chain, w.ben, bad, other)
	expect(t, w.Chain, bad, "", "before anybody knew")
	mine := wording(w.Chain, "mine", 3, anna)
	sign(t, w.Chain, w.anna, mine)
	_, err := w.Sign(w.anna, w.Revoke(w.ben, ben, anna, 2)) // it was not enrolled then
	refused(t, err, approval.NotAllowed)
	_, err = w.Sign(w.anna, w.Revoke(w.ben, anna, anna, stolen))
	refused(t, err, approval.NotAllowed) // another member's
	sign(t, w.Chain, w.anna, w.Revoke(w.ben, ben, anna, stolen))
	expect(t, w.Chain, bad, approval.Void, "signed by the thief")
	expect(t, w.Chain, other, approval.Void, "signed by the thief")
	expect(t, w.Chain, good, approval.Superseded, "nothing comes back by itself")
	expect(t, w.Chain, mine, "", "another key's")
	// Signed again it counts.
	again := wording(w.Chain, "w", 1, anna)
	sign(t, w.Chain, w.anna, again)
	expect(t, w.Chain, again, "", "signed again")
}

// A stolen key cannot shut anybody out: a role that it had a part in falls back to what was.
func TestARoleByAStolenKeyFallsBack(t *testing.T) {
	t.Parallel()
	w := two(t)
	at := w.State.Head().Position + 1
	x := w.Role(cleo, approval.ReadOnly, ben)
	sign(t, w.Chain, w.ben, x)
	sign(t, w.Chain, w.anna, x)
	if w.State.Role(cleo) != approval.ReadOnly {
		t.Error("the role was not changed")
	}
	sign(t, w.Chain, w.anna, w.Revoke(w.ben, ben, anna, at))
	expect(t, w.Chain, x, approval.Void, "with a stolen key")
	was, err := w.State.Current(approval.KindMember, string(cleo), w.Now)
	if err != nil || was.Statement.Body.Member.Role != approval.FrontDesk || w.State.Role(cleo) != approval.FrontDesk {
		t.Errorf("%+v %v", was, err)
	}
}

// A thief revokes the owner's key; the owner's other key overrules the thief, and the first key is back.
func TestTheLaterWordOnAStolenKeyDecides(t *testing.T) {
	t.Parallel()
	w := two(t)
	spare := key.New(key.Desk)
	enrol, owner := w.Enrol(spare, ben, anna), w.Role(ben, approval.Owner, anna)
	sign(t, w.Chain, w.anna, enrol, owner)
	sign(t, w.Chain, w.ben, enrol, owner)
	mine := wording(w.Chain, "w", 1, anna)
	sign(t, w.Chain, w.anna, mine)
	at := w.State.Head().Position
	sign(t, w.Chain, w.ben, w.Revoke(w.anna, anna, ben, at)) // the thief has ben's first key
	expect(t, w.Chain, mine, approval.Void, "by the thief's word")
	sign(t, w.Chain, spare, w.Revoke(w.ben, ben, ben, at+1))
	expect(t, w.Chain, mine, "", "by ben's own word")
	sign(t, w.Chain, w.anna, wording(w.Chain, "v", 2, anna))
	_, err := w.Sign(w.ben, wording(w.Chain, "x", 2, ben))
	refused(t, err, approval.RevokedKey)
}

func TestARecoverySheetEnrolsAndNothingElse(t *testing.T) {
	t.Parallel()
	sheet := approval.NewRecoverySheet()
	root, fresh := key.New(key.Desk), key.New(key.Desk)
	c, err := key.Found(house, clinic, anna, root, noon, func(c *key.Chain) *approval.Statement {
		x := c.State.Draft(approval.KindKey, approval.RecoverySubject(sheet.PublicKey()), anna)
		x.Body.Key = &approval.KeyBody{Action: approval.Recovery, Member: anna, PublicKey: sheet.PublicKey(), Proof: approval.Bytes{}}
		return x
	})
	if err != nil {
		t.Fatal(err)
	}
	typed, err := approval.ParseRecoverySheet(" " + sheet.Text() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	by := func(x *approval.Statement) error {
		signing, err := c.State.Prepare(c.Now, x)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Take(signing, typed.Sign(signing.Sheet))
		return err
	}
	refused(t, by(wording(c, "w", 1, anna)), approval.MayNot)
	signing, err := c.State.Prepare(c.Now, c.Enrol(fresh, anna, anna))
	if err != nil {
		t.Fatal(err)
	}
	dressed := typed.Sign(signing.Sheet) // with parts that it did not sign
	dressed.Type, dressed.AuthenticatorData, dressed.ClientData = approval.TypeKey, approval.Bytes{1}, approval.Bytes{2}
	_, err = c.Take(signing, dressed)
	refused(t, err, approval.BadSignature)
	forged := typed.Sign([]byte("another sheet"))
	_, err = c.Take(signing, forged)
	refused(t, err, approval.BadSignature)
	forged = approval.NewRecoverySheet().Sign(signing.Sheet) // another sheet of paper, under this one's name
	forged.Key = approval.RecoverySubject(sheet.PublicKey())
	_, err = c.Take(signing, forged)
	refused(t, err, approval.BadSignature)
	refused(t, by(c.Revoke(root, anna, anna, 0)), approval.MayNot)
	refused(t, by(c.Enrol(fresh, ben, anna)), approval.MayNot)
	if err := by(c.Enrol(fresh, anna, anna)); err != nil {
		t.Fatal(err)
	}
	x := wording(c, "w", 1, anna)
	sign(t, c, fresh, x)
	expect(t, c, x, approval.Waiting, "at once")
	c.Pass(approval.RecoveryWait)
	expect(t, c, x, "", "after 72 hours")
	if len(c.State.Keys()) != 3 || !c.State.PracticeOfOne() {
		t.Errorf("%+v", c.State.Keys())
	}
	for _, text := range []string{"", "AAAA", sheet.Text()[:len(sheet.Text())-1], sheet.Text()[:10] + "Q" + sheet.Text()[11:] + "A"} {
		if _, err := approval.ParseRecoverySheet(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestTimeAndSerials(t *testing.T) {
	t.Parallel()
	w := two(t)
	x := wording(w.Chain, "w", 1, anna)
	x.Expires = approval.At(w.Now.Add(time.Hour))
	sign(t, w.Chain, w.anna, x)
	y := wording(w.Chain, "w", 2, anna)
	expect(t, w.Chain, x, "", "before its expiry")
	w.Pass(time.Hour)
	expect(t, w.Chain, x, approval.Expired, "at its expiry")
	sign(t, w.Chain, w.anna, y)
	expect(t, w.Chain, y, "", "the next")
	o := order(w.Chain, "o", 10, 100, anna)
	o.Window.From += approval.Instant(time.Hour / time.Microsecond)
	sign(t, w.Chain, w.anna, o)
	expect(t, w.Chain, o, approval.Waiting, "before its window")
	w.Pass(time.Hour)
	expect(t, w.Chain, o, "", "in its window")
	for name, change := range map[string]func(*approval.Statement){
		"more":       func(x *approval.Statement) { x.Limits.Total, x.Body.Order.Count = 20, 20 },
		"a new root": func(x *approval.Statement) { x.Body.Order.Root = digest(9) },
		"longer":     func(x *approval.Statement) { x.Window.Until++ },
		"earlier":    func(x *approval.Statement) { x.Window.From-- },
		"other":      func(x *approval.Statement) { x.Digest = digest(10) },
	} {
		z := order(w.Chain, "o", 10, 100, anna)
		z.Window = &approval.Window{From: o.Window.From, Until: o.Window.Until}
		change(z)
		_, err := w.Sign(w.anna, z)
		if approval.ReasonOf(err) != approval.NotAllowed {
			t.Errorf("%s: %v", name, err)
		}
	}
	z := order(w.Chain, "o", 10, 100, anna)
	z.Limits.Total, z.Window = 5, &approval.Window{From: o.Window.From, Until: o.Window.Until - 1}
	sign(t, w.Chain, w.anna, z)
	expect(t, w.Chain, o, approval.Superseded, "the larger order")
	expect(t, w.Chain, z, "", "the smaller order")
	w.Pass(48 * time.Hour)
	expect(t, w.Chain, z, approval.Expired, "after its window")
	if all := w.State.All(approval.KindWording, w.Now); len(all) != 1 || all[0].Statement.Digest != digest(2) {
		t.Errorf("%+v", all)
	}
}

func TestWhoMayWithdraw(t *testing.T) {
	t.Parallel()
	w := two(t)
	x := wording(w.Chain, "w", 1, anna)
	sign(t, w.Chain, w.anna, x)
	letter := w.State.Draft(approval.KindLetter, "l", cleo)
	letter.Digest, letter.Expires = digest(4), approval.At(w.Now.Add(time.Hour))
	letter.Body.Letter = &approval.LetterBody{Channel: "email", Client: "c", Recipient: "index"}
	sign(t, w.Chain, w.cleo, letter)
	expect(t, w.Chain, letter, "", "a letter of the front desk")
	endless := w.State.Draft(approval.KindLetter, "endless", cleo)
	endless.Digest, endless.Expires, endless.Body.Letter = digest(4), approval.At(w.Now.Add(90000*time.Hour)), letter.Body.Letter
	sign(t, w.Chain, w.cleo, endless)
	before := w.Now
	w.Pass(31*24*time.Hour - time.Second)
	expect(t, w.Chain, endless, "", "a letter of a month ago")
	w.Pass(time.Second)
	expect(t, w.Chain, endless, approval.Expired, "a letter that was to hold for ten years")
	w.Now = before
	_, err := w.Sign(w.cleo, withdraw(w.Chain, x, cleo))
	refused(t, err, approval.MayNot)
	_, err = w.Sign(w.cleo, wording(w.Chain, "v", 1, cleo))
	refused(t, err, approval.MayNot)
	sign(t, w.Chain, w.cleo, withdraw(w.Chain, letter, cleo))
	sign(t, w.Chain, w.ben, withdraw(w.Chain, x, ben))
	expect(t, w.Chain, x, approval.Withdrawn, "by the manager")
	expect(t, w.Chain, letter, approval.Withdrawn, "by who signed it")
	role := w.Role(cleo, approval.Owner, anna)
	sign(t, w.Chain, w.anna, role)
	_, err = w.Sign(w.ben, withdraw(w.Chain, role, ben))
	refused(t, err, approval.NotAllowed)
	_, err = w.Sign(w.anna, w.State.Draft(approval.KindWithdraw, digest(9).String(), anna))
	refused(t, err, approval.Unknown)
	_, err = w.Sign(w.anna, w.State.Draft(approval.KindWithdraw, withdraw(w.Chain, x, anna).Subject, anna))
	if approval.ReasonOf(err) != approval.Malformed { // one withdrawal of a statement, ever
		t.Error(err)
	}
}
