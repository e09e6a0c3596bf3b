package ledger_test

import (
	"bytes"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/ledger/evidence"
	"letterhead/ledger/leaf"
	"letterhead/testkit"
	"letterhead/testkit/key"
)

// deed is what a courier that does what it must not puts on record, in a ledger that is otherwise in order.
type deed struct {
	*world
	c                     *clinic
	version               leaf.Hash
	rule, wording, letter leaf.Hash
	other                 leaf.Hash // a wording of another version
}

func (d *deed) send(class leaf.Class, version, by, wording leaf.Hash) {
	d.t.Helper()
	d.record(d.c, d.c.message(class, version, by, wording, int(d.c.last)))
}

// reminder is a message that is in order, but for what has happened meanwhile.
func (d *deed) reminder() { d.t.Helper(); d.send(leaf.ClassRule, d.version, d.rule, d.wording) }

func (d *deed) order(from, until time.Duration) leaf.Hash {
	d.t.Helper()
	d.c.chain.Now = d.clock.Now()
	x := d.c.chain.State.Draft(approval.KindOrder, "o", "anna")
	x.Digest = approval.Digest(d.version)
	x.Window = &approval.Window{From: approval.At(d.clock.Now().Add(from)), Until: approval.At(d.clock.Now().Add(until))}
	x.Limits = &approval.Limits{Total: 1}
	x.Body.Order = &approval.OrderBody{Active: 1, Channel: "email", Count: 1, Purpose: "appointments", Root: approval.Digest(hash("root")), Wording: "w"}
	d.sign(d.c, x)
	d.record(d.c)
	return sum(d.world, x)
}

// forge puts an entry into the chain that its own key did not sign like that.
func (d *deed) forge(sign func(challenge [32]byte) approval.Signature) {
	d.t.Helper()
	x := d.c.right(approval.KindWording, "forged", approval.Digest(hash("forged")))
	signing, err := d.c.chain.State.Prepare(d.clock.Now(), x)
	if err != nil {
		d.t.Fatal(err)
	}
	e, err := signing.Entry(d.c.chain.State.Head(), sign(signing.Challenge))
	if err != nil {
		d.t.Fatal(err)
	}
	e.Seen = d.clock.Now()
	d.c.chain.Entries = append(d.c.chain.Entries, e)
	d.record(d.c)
}

var deeds = map[string]struct {
	code string
	do   func(*deed)
}{
	"nothing": {"", (*deed).reminder},
	"a message nobody approved": {evidence.CodeApproval, func(d *deed) {
		d.send(leaf.ClassRule, d.version, hash("nobody's"), d.wording)
	}},
	"an order by a rule": {evidence.CodeApproval, func(d *deed) { d.send(leaf.ClassOrder, d.version, d.rule, d.wording) }},
	"another letter": {evidence.CodeApproval, func(d *deed) {
		d.send(leaf.ClassLetter, hash("another"), d.letter, leaf.Hash{})
	}},
	"a wording nobody approved":    {evidence.CodeWording, func(d *deed) { d.send(leaf.ClassRule, d.version, d.rule, hash("nobody's")) }},
	"a wording of another version": {evidence.CodeWording, func(d *deed) { d.send(leaf.ClassRule, d.version, d.rule, d.other) }},
	"a rule in a wording's place":  {evidence.CodeWording, func(d *deed) { d.send(leaf.ClassRule, d.version, d.rule, d.rule) }},
	"a letter in a wording's place": {evidence.CodeWording, func(d *deed) {
		x := d.c.right(approval.KindLetter, "another", approval.Digest(d.version))
		d.sign(d.c, x)
		d.record(d.c)
		d.send(leaf.ClassRule, d.version, d.rule, sum(d.world, x))
	}},
	"a letter that is nearly too old": {"", func(d *deed) {
		d.clock.Pass(time.Hour + time.Minute)
		d.send(leaf.ClassLetter, hash("letter"), d.letter, leaf.Hash{})
	}},
	"a letter that is too old": {evidence.CodeExpired, func(d *deed) {
		d.clock.Pass(time.Hour + 61*time.Second)
		d.send(leaf.ClassLetter, hash("letter"), d.letter, leaf.Hash{})
	}},
	"an order in its window": {"", func(d *deed) {
		by := d.order(time.Hour, 2*time.Hour)
		d.clock.Pass(time.Hour)
		d.send(leaf.ClassOrder, d.version, by, d.wording)
	}},
	"an order before its window": {evidence.CodeEarly, func(d *deed) {
		by := d.order(time.Hour, 2*time.Hour)
		d.clock.Pass(59 * time.Minute)
		d.send(leaf.ClassOrder, d.version, by, d.wording)
	}},
	"an order after its window": {evidence.CodeExpired, func(d *deed) {
		by := d.order(time.Hour, 2*time.Hour)
		d.clock.Pass(2*time.Hour + 61*time.Second)
		d.send(leaf.ClassOrder, d.version, by, d.wording)
	}},
	"an order that a practice of one has to wait for": {evidence.CodeRules, func(d *deed) {
		by := d.order(0, time.Hour)
		d.clock.Pass(29 * time.Minute)
		d.send(leaf.ClassOrder, d.version, by, d.wording)
	}},
	"a rule that was withdrawn a minute ago": {"", func(d *deed) { d.withdraw(); d.clock.Pass(time.Minute); d.reminder() }},
	"a rule that was withdrawn":              {evidence.CodeWithdrawn, func(d *deed) { d.withdraw(); d.clock.Pass(61 * time.Second); d.reminder() }},
	"while sending is stopped":               {evidence.CodeFrozen, func(d *deed) { d.freeze("practice"); d.clock.Pass(61 * time.Second); d.reminder() }},
	"while something else is stopped":        {"", func(d *deed) { d.freeze("rule"); d.clock.Pass(61 * time.Second); d.reminder() }},
	"a stop lifted by nobody": {evidence.CodeLift, func(d *deed) {
		d.freeze("practice")
		d.record(d.c, &leaf.Event{Of: leaf.KindLift, ID: "stop"})
	}},
	"a stop lifted by a rule": {evidence.CodeLift, func(d *deed) {
		d.freeze("practice")
		d.record(d.c, &leaf.Event{Of: leaf.KindLift, ID: "stop", Digest: d.rule})
	}},
	"a stop of what has run out":                    {"", func(d *deed) { d.over(2*time.Hour, true, "order o") }},
	"a stop of what has not run out":                {evidence.CodeLift, func(d *deed) { d.over(59*time.Minute, true, "order o") }},
	"a stop of another order than what has run out": {evidence.CodeLift, func(d *deed) { d.over(2*time.Hour, true, "order p") }},
	"a stop of what was signed again":               {evidence.CodeLift, func(d *deed) { d.over(2*time.Hour, false, "order o") }},
	"a stop of what was signed again, and that taken back": {evidence.CodeLift, func(d *deed) {
		d.order(0, 2*time.Hour)
		d.record(d.c, &leaf.Event{Of: leaf.KindFreeze, ID: "stop", Word: "order", Epoch: 1, Digest: leaf.Stop("messages of the order o")})
		by := d.order(0, time.Hour)
		d.sign(d.c, d.c.chain.State.Draft(approval.KindWithdraw, approval.Digest(by).String(), "anna"))
		d.record(d.c, &leaf.Event{Of: leaf.KindLift, ID: "stop", Digest: by})
	}},
	"a stop of what was withdrawn": {"", func(d *deed) {
		by := d.order(0, time.Hour)
		d.record(d.c, &leaf.Event{Of: leaf.KindFreeze, ID: "stop", Word: "order", Epoch: 1, Digest: leaf.Stop("messages of the order o")})
		d.sign(d.c, d.c.chain.State.Draft(approval.KindWithdraw, approval.Digest(by).String(), "anna"))
		d.record(d.c, &leaf.Event{Of: leaf.KindLift, ID: "stop", Digest: by})
	}},
	"a stop of a rule that was withdrawn": {evidence.CodeLift, func(d *deed) {
		d.record(d.c, &leaf.Event{Of: leaf.KindFreeze, ID: "stop", Word: "rule", Epoch: 1, Digest: leaf.Stop("messages of the rule r")})
		d.withdraw()
		d.record(d.c, &leaf.Event{Of: leaf.KindLift, ID: "stop", Digest: d.rule})
	}},
	"a stop lifted by the lift of another": {evidence.CodeLift, func(d *deed) {
		d.freeze("practice")
		lift := d.c.right(approval.KindLift, "another", approval.Digest{})
		d.sign(d.c, lift)
		d.record(d.c, &leaf.Event{Of: leaf.KindLift, ID: "stop", Digest: sum(d.world, lift)})
	}},
	"an outcome of a statement": {evidence.CodeOutcome, func(d *deed) { d.record(d.c, &leaf.Outcome{Results: []leaf.Result{{Sequence: 1, Fate: leaf.Sent}}}) }},
	"an outcome of what is yet to come": {evidence.CodeOutcome, func(d *deed) {
		d.record(d.c, &leaf.Outcome{Results: []leaf.Result{{Sequence: 1 << 40, Fate: leaf.Sent}}})
	}},
	"a key of nobody's":                  {evidence.CodeKey, func(d *deed) { d.forge(key.New(key.Desk).Sign) }},
	"another key under the name of ours": {evidence.CodeSignature, func(d *deed) { k := key.New(key.Desk); k.Credential = d.c.root.Credential; d.forge(k.Sign) }},
	"at another origin": {evidence.CodeSignature, func(d *deed) {
		k := *d.c.root
		k.Party = assertion.Party{Origin: "https://app.letterhead.test", RPID: key.Desk.RPID}
		d.forge(k.Sign)
	}},
	"in a frame":           {evidence.CodeSignature, func(d *deed) { k := *d.c.root; k.Cross = true; d.forge(k.Sign) }},
	"at a sign-in":         {evidence.CodeSignature, func(d *deed) { k := *d.c.root; k.Type = "webauthn.create"; d.forge(k.Sign) }},
	"not verified":         {evidence.CodeSignature, func(d *deed) { k := *d.c.root; k.Flags = key.Present; d.forge(k.Sign) }},
	"of another challenge": {evidence.CodeSignature, func(d *deed) { d.forge(func([32]byte) approval.Signature { return d.c.root.Sign([32]byte{}) }) }},
}

// over signs an order for an hour, stops one, and ends the stop with what was signed, some time later; or the order was signed once more meanwhile.
func (d *deed) over(later time.Duration, last bool, stopped string) {
	d.t.Helper()
	by := d.order(0, time.Hour)
	d.record(d.c, &leaf.Event{Of: leaf.KindFreeze, ID: "stop", Word: "order", Epoch: 1, Digest: leaf.Stop("messages of the " + stopped)})
	if !last {
		d.order(0, time.Hour)
	}
	d.clock.Pass(later)
	d.record(d.c, &leaf.Event{Of: leaf.KindLift, ID: "stop", Digest: by})
}

func (d *deed) withdraw() {
	d.t.Helper()
	d.c.chain.Now = d.clock.Now()
	d.sign(d.c, d.c.chain.State.Draft(approval.KindWithdraw, approval.Digest(d.rule).String(), "anna"))
	d.record(d.c)
}

func (d *deed) freeze(scope string) {
	d.t.Helper()
	d.record(d.c, &leaf.Event{Of: leaf.KindFreeze, ID: "stop", Word: scope, Epoch: 1})
}

// A log whose own courier did what it must not is found by what it put on record itself, by both verifiers.
func TestWhatIsOnRecordAndMustNotBe(t *testing.T) {
	t.Parallel()
	s := newSecond(t)
	for name, misdeed := range deeds {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, testkit.SQLite)
			d := &deed{world: w, c: w.a, version: hash("version")}
			rule, wording := w.a.right(approval.KindRule, "r", approval.Digest(hash("rule"))), w.a.right(approval.KindWording, "w", approval.Digest(d.version))
			other, letter := w.a.right(approval.KindWording, "v", approval.Digest(hash("other"))), w.a.right(approval.KindLetter, "letter", approval.Digest(hash("letter")))
			w.sign(w.a, rule, wording, other, letter)
			w.record(w.a)
			d.rule, d.wording, d.other, d.letter = sum(w, rule), sum(w, wording), sum(w, other), sum(w, letter)
			d.reminder()
			misdeed.do(d)
			w.checkpoint()
			raw, err := w.export(w.a)
			if err != nil {
				t.Fatal(err)
			}
			s.t = t
			if misdeed.code == evidence.CodeRules { // the second verifier does not know who may sign what
				if v := s.verify(raw, w.expect(w.a)); !v.Complete {
					t.Errorf("%+v", v)
				}
				_, err = evidence.Verify(bytes.NewReader(raw), w.expect(w.a))
			} else {
				_, err = s.agree(name, raw, w.expect(w.a))
			}
			if codeOf(err) != misdeed.code {
				t.Errorf("%v, want %q", err, misdeed.code)
			}
		})
	}
}
