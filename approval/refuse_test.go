package approval_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/testkit/key"
)

// signed makes an entry behind the head from a sheet and statements that a test has bent.
func signed(t testing.TB, c *key.Chain, k *key.Key, bend func(*approval.Sheet), statements ...*approval.Statement) (*approval.Entry, error) {
	t.Helper()
	signing, err := c.State.Prepare(c.Now, statements...)
	if err != nil {
		return nil, err
	}
	sheet, err := approval.ParseSheet(signing.Sheet)
	if err != nil {
		t.Fatal(err)
	}
	if bend != nil {
		bend(sheet)
	}
	if signing.Sheet, err = sheet.Canonical(); err != nil {
		return nil, err
	}
	e, err := signing.Entry(c.State.Head(), k.Sign(approval.Challenge(signing.Sheet)))
	if err != nil {
		return nil, err
	}
	e.Seen = c.Now
	return e, errors.Join(err)
}

func TestWhatAChainRefuses(t *testing.T) {
	t.Parallel()
	bent := func(do func(*approval.Statement)) func(t *testing.T, w clinicOfTwo) error {
		return func(t *testing.T, w clinicOfTwo) error {
			x := wording(w.Chain, "w", 2, anna)
			do(x)
			e, err := signed(t, w.Chain, w.anna, nil, x)
			if err != nil {
				return err
			}
			return w.State.Try(e)
		}
	}
	sheet := func(do func(*approval.Sheet)) func(t *testing.T, w clinicOfTwo) error {
		return func(t *testing.T, w clinicOfTwo) error {
			e, err := signed(t, w.Chain, w.anna, do, wording(w.Chain, "w", 2, anna))
			if err != nil {
				return err
			}
			return w.State.Try(e)
		}
	}
	touch := func(do func(*key.Key)) func(t *testing.T, w clinicOfTwo) error {
		return func(t *testing.T, w clinicOfTwo) error {
			do(w.anna)
			_, err := w.Sign(w.anna, wording(w.Chain, "w", 2, anna))
			return err
		}
	}
	for name, c := range map[string]struct {
		do   func(t *testing.T, w clinicOfTwo) error
		want approval.Reason
	}{
		"another installation, statement": {bent(func(x *approval.Statement) { x.Installation = "other" }), approval.Foreign},
		"another installation, sheet":     {sheet(func(s *approval.Sheet) { s.Installation = "other" }), approval.Foreign},
		"another practice, statement":     {bent(func(x *approval.Statement) { x.Practice = "other" }), approval.OtherPractice},
		"another practice, sheet":         {sheet(func(s *approval.Sheet) { s.Practice = "other" }), approval.OtherPractice},
		"an epoch to come":                {sheet(func(s *approval.Sheet) { s.Epoch = 2 }), approval.WrongEpoch},
		"a low serial":                    {bent(func(x *approval.Statement) { x.Serial, x.Supersedes = 1, approval.Digest{} }), approval.LowSerial},
		"a high serial":                   {bent(func(x *approval.Statement) { x.Serial = 3 }), approval.HighSerial},
		"replaces another":                {bent(func(x *approval.Statement) { x.Supersedes = digest(9) }), approval.WrongReplaced},
		"another member's name":           {bent(func(x *approval.Statement) { x.Who = ben }), approval.WrongMember},
		"upon another chain":              {sheet(func(s *approval.Sheet) { s.After.Hash = digest(9) }), approval.WrongPlace},
		"upon an entry to come":           {sheet(func(s *approval.Sheet) { s.After.Position = 99 }), approval.WrongPlace},
		"a sign-in":                       {touch(func(k *key.Key) { k.Type = "webauthn.create" }), approval.BadSignature},
		"not verified":                    {touch(func(k *key.Key) { k.Flags = key.Present }), approval.BadSignature},
		"nobody there":                    {touch(func(k *key.Key) { k.Flags = key.Verified }), approval.BadSignature},
		"the app's origin":                {touch(func(k *key.Key) { k.Party.Origin = "https://app.letterhead.test" }), approval.BadSignature},
		"another party":                   {touch(func(k *key.Key) { k.Party.RPID = "letterhead.test" }), approval.BadSignature},
		"in another site's frame":         {touch(func(k *key.Key) { k.Cross = true }), approval.BadSignature},
		"a frame that is not said right":  {touch(func(k *key.Key) { k.Cross = "false" }), approval.BadSignature},
		"a key that is not enrolled": {func(t *testing.T, w clinicOfTwo) error {
			_, err := w.Sign(key.New(key.Desk), wording(w.Chain, "w", 2, anna))
			return err
		}, approval.UnknownKey},
		"another key of that name": {func(t *testing.T, w clinicOfTwo) error {
			k := key.New(key.Desk)
			k.Credential = w.anna.Credential
			_, err := w.Sign(k, wording(w.Chain, "w", 2, anna))
			return err
		}, approval.BadSignature},
		"the same entry again": {func(t *testing.T, w clinicOfTwo) error { return w.State.Add(w.Entries[len(w.Entries)-1]) }, approval.WrongPlace},
		"behind another entry": {func(t *testing.T, w clinicOfTwo) error {
			signing, err := w.State.Prepare(w.Now, wording(w.Chain, "w", 2, anna))
			if err != nil {
				t.Fatal(err)
			}
			e, err := signing.Entry(approval.Head{Position: w.State.Head().Position, Hash: digest(9)}, w.anna.Sign(signing.Challenge))
			if err != nil {
				t.Fatal(err)
			}
			return w.State.Try(e)
		}, approval.WrongPlace},
		"the same sheet again": {func(t *testing.T, w clinicOfTwo) error {
			return w.State.Add(moved(t, w.Entries[len(w.Entries)-1], w.State.Head()))
		}, approval.Replayed},
		"two statements on one subject": {func(t *testing.T, w clinicOfTwo) error {
			_, err := w.Sign(w.anna, wording(w.Chain, "w", 2, anna), wording(w.Chain, "w", 3, anna))
			return err
		}, approval.NotAllowed},
		"one key as two members": {func(t *testing.T, w clinicOfTwo) error {
			again := *w.anna
			again.Credential = key.New(key.Desk).Credential
			_, err := w.Sign(w.anna, w.Enrol(&again, "dora", anna))
			return err
		}, approval.NotAllowed},
		"a second first key": {bent(func(x *approval.Statement) {
			k := key.New(key.Desk)
			x.Kind, x.Subject, x.Serial, x.Supersedes, x.Digest = approval.KindKey, k.Subject(), 1, approval.Digest{}, approval.Digest{}
			x.Body = approval.Body{Key: &approval.KeyBody{Action: approval.Enrol, Member: anna, PublicKey: k.COSE, Proof: make(approval.Bytes, 32)}}
		}), approval.WrongRoot},
		"a resume from elsewhere": {bent(func(x *approval.Statement) {
			x.Kind, x.Subject, x.Serial, x.Supersedes, x.Digest = approval.KindResume, "chain", 1, approval.Digest{}, approval.Digest{}
			x.Body = approval.Body{Resume: &approval.ResumeBody{From: approval.Head{Position: 1, Hash: digest(1)}, Lost: approval.Head{Position: 9, Hash: digest(1)}}}
		}), approval.WrongPlace},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := two(t)
			sign(t, w.Chain, w.anna, wording(w.Chain, "w", 1, anna))
			before := w.State.Head()
			refused(t, c.do(t, w), c.want)
			if w.State.Head() != before {
				t.Error("a refused entry changed the state")
			}
			var f *fault.Error
			if err := error(&approval.Refused{Reason: c.want}); !errors.As(err, &f) || f.Say == "" {
				t.Errorf("no sentence for %q", c.want)
			}
		})
	}
}

// moved is an entry at another place, as one who writes rows would put it there: all but the signature is theirs to make.
func moved(t testing.TB, e *approval.Entry, behind approval.Head) *approval.Entry {
	t.Helper()
	var text struct {
		Sheet      json.RawMessage   `json:"sheet"`
		Statements []json.RawMessage `json:"statements"`
	}
	if err := json.Unmarshal(e.Text, &text); err != nil {
		t.Fatal(err)
	}
	statements := make([][]byte, len(text.Statements))
	for i, s := range text.Statements {
		statements[i] = s
	}
	out, err := approval.NewEntry(behind, text.Sheet, statements, e.Signature)
	if err != nil {
		t.Fatal(err)
	}
	out.Seen = e.Seen
	return out
}

func TestTheFirstKeyIsThePinnedOne(t *testing.T) {
	t.Parallel()
	c, _ := found(t)
	other, thief := found(t)
	for name, change := range map[string]struct {
		do   func(*approval.Anchor)
		want approval.Reason
	}{
		"none is pinned":     {func(a *approval.Anchor) { a.Root = approval.Root{} }, approval.NoRoot},
		"another key":        {func(a *approval.Anchor) { a.Root.Key, a.Root.PublicKey = thief.Subject(), thief.COSE }, approval.WrongRoot},
		"another public key": {func(a *approval.Anchor) { a.Root.PublicKey = thief.COSE }, approval.WrongRoot},
		"another proof":      {func(a *approval.Anchor) { a.Root.Proof = make([]byte, 32) }, approval.WrongRoot},
		"another desk": {func(a *approval.Anchor) {
			a.Parties = []assertion.Party{{Origin: "https://x.example", RPID: "x.example"}}
		}, approval.BadSignature},
		"no desk":        {func(a *approval.Anchor) { a.Parties = nil }, approval.BadSignature},
		"a new epoch":    {func(a *approval.Anchor) { a.Epoch = 2 }, ""},
		"an older epoch": {func(a *approval.Anchor) { a.Epoch = 0 }, approval.WrongEpoch},
	} {
		anchor := c.Anchor
		change.do(&anchor)
		if _, err := approval.Fold(anchor, c.Entries); approval.ReasonOf(err) != change.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := approval.Fold(c.Anchor, other.Entries)
	refused(t, err, approval.WrongRoot)
}

// What was signed before a restore and kept back is not appended after it.
func TestAnEntryIsAppendedInItsEpoch(t *testing.T) {
	t.Parallel()
	c, root := found(t)
	late, err := signed(t, c, root, nil, wording(c, "w", 1, anna))
	if err != nil {
		t.Fatal(err)
	}
	anchor := c.Anchor
	anchor.Epoch = 2
	s, err := approval.Fold(anchor, c.Entries)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, s.Try(late), approval.WrongEpoch)
	if err := c.State.Try(late); err != nil {
		t.Error(err)
	}
}

// Rows taken out, put in, swapped or cut off.
func TestAChainIsWholeOrAllowsNothing(t *testing.T) {
	t.Parallel()
	w := two(t)
	for i := range 6 {
		sign(t, w.Chain, w.anna, wording(w.Chain, "w", byte(i+1), anna))
	}
	all := w.Entries
	cut := func(entries ...[]*approval.Entry) (out []*approval.Entry) {
		for _, e := range entries {
			out = append(out, e...)
		}
		return out
	}
	for name, entries := range map[string][]*approval.Entry{
		"one taken out": cut(all[:3], all[4:]), "two swapped": cut(all[:3], all[4:5], all[3:4], all[5:]), "the first taken out": all[1:],
		"one twice": cut(all[:4], all[3:]), "one taken out and chained anew": cut(all[:3], []*approval.Entry{moved(t, all[4], all[2].Head)}),
	} {
		if s, err := approval.Fold(w.Anchor, entries); err == nil || s != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	anchor := w.Anchor
	anchor.Pinned = w.State.Head()
	s, err := approval.Fold(anchor, all[:7])
	refused(t, err, approval.Behind)
	_, err = s.Allows(approval.KindWording, "w", digest(5), w.Now)
	refused(t, err, approval.Behind)
	_, err = s.Current(approval.KindWording, "w", w.Now)
	refused(t, err, approval.Behind)
	_, err = approval.NewState(anchor).Allows(approval.KindWording, "w", digest(5), w.Now)
	refused(t, err, approval.Behind)
	if got := s.All(approval.KindWording, w.Now); got != nil {
		t.Errorf("%v", got)
	}
	// Another last entry than was seen.
	other := *w.Chain
	if other.State, err = approval.Fold(w.Anchor, all[:7]); err != nil {
		t.Fatal(err)
	}
	other.Entries = append([]*approval.Entry{}, all[:7]...)
	sign(t, &other, w.anna, wording(&other, "w", 77, anna))
	_, err = approval.Fold(anchor, other.Entries)
	refused(t, err, approval.Behind)
	// Pinned entries need no signature check; a chain that only says so is not taken for them.
	if _, err = approval.Fold(anchor, all); err != nil {
		t.Error(err)
	}
}

func TestAChainGoesOnAfterALoss(t *testing.T) {
	t.Parallel()
	w := two(t)
	sign(t, w.Chain, w.anna, wording(w.Chain, "w", 1, anna), wording(w.Chain, "v", 1, anna))
	kept := len(w.Entries)
	first := sign(t, w.Chain, w.anna, withdraw(w.Chain, statement(w.Entries[kept-1], "w"), anna))
	sign(t, w.Chain, w.anna, w.Revoke(w.cleo, cleo, anna, 0))
	lost := sign(t, w.Chain, w.anna, wording(w.Chain, "z", 1, anna))
	anchor := w.Anchor
	anchor.Pinned, anchor.Epoch = w.State.Head(), 2
	anchor.Revoked, anchor.Withdrawn = w.State.Revoked(), map[approval.Digest]bool{}
	for _, d := range w.State.Withdrawn() {
		anchor.Withdrawn[d] = true
	}
	if len(anchor.Revoked) != 1 || len(anchor.Withdrawn) != 1 {
		t.Fatalf("%v %v", anchor.Revoked, anchor.Withdrawn)
	}
	s, err := approval.Fold(anchor, w.Entries[:kept])
	refused(t, err, approval.Behind)
	c := &key.Chain{Anchor: anchor, State: s, Entries: append([]*approval.Entry{}, w.Entries[:kept]...), Now: w.Now}
	_, err = c.Sign(w.anna, wording(c, "u", 1, anna))
	refused(t, err, approval.Behind)
	resume := c.State.Draft(approval.KindResume, "chain", anna)
	resume.Body.Resume = &approval.ResumeBody{From: s.Head(), Lost: anchor.Pinned}
	sign(t, c, w.anna, resume)
	if c.State.Behind() == nil {
		t.Error("one signature was enough")
	}
	_, err = c.Sign(w.cleo, resume)
	refused(t, err, approval.RevokedKey) // by an entry that is lost
	sign(t, c, w.ben, resume)
	if err := c.State.Behind(); err != nil {
		t.Fatal(err)
	}
	_, err = c.State.Allows(approval.KindWording, "w", digest(1), c.Now)
	refused(t, err, approval.Withdrawn) // by an entry that is lost
	if _, err = c.State.Allows(approval.KindWording, "v", digest(1), c.Now); err != nil {
		t.Error(err)
	}
	for _, e := range []*approval.Entry{first, lost} { // nothing of the lost part comes back by itself
		refused(t, c.State.Add(moved(t, e, c.State.Head())), approval.WrongPlace)
	}
	letter := c.State.Draft(approval.KindHost, "a.example", cleo)
	letter.Body.Host = &approval.HostBody{Off: true}
	_, err = c.Sign(w.cleo, letter)
	refused(t, err, approval.RevokedKey)
	old, err := signed(t, c, w.anna, func(s *approval.Sheet) { s.Epoch = 1 }, wording(c, "z", 2, anna))
	if err != nil {
		t.Fatal(err)
	}
	refused(t, c.State.Add(old), approval.WrongEpoch) // this epoch has begun in the chain
	sign(t, c, w.anna, wording(c, "z", 2, anna))
	again, err := c.Again()
	if err != nil || again.Behind() != nil {
		t.Error(err)
	}
}

func statement(e *approval.Entry, subject string) *approval.Statement {
	for _, x := range e.Statements() {
		if x.Subject == subject {
			return x
		}
	}
	return nil
}

func TestTheMomentMatters(t *testing.T) {
	t.Parallel()
	w := two(t)
	x := wording(w.Chain, "w", 1, anna)
	e := sign(t, w.Chain, w.anna, x)
	e.Seen = time.Time{} // the journal has not seen it
	expectUnseen, err := w.Again()
	if err != nil {
		t.Fatal(err)
	}
	_, err = expectUnseen.Allows(approval.KindWording, "w", digest(1), w.Now.Add(1000*time.Hour))
	refused(t, err, approval.Unseen)
	for reason := range allReasons() {
		if text := (&approval.Refused{Reason: reason, Kind: approval.KindWording, Subject: strings.Repeat("x", 100), Position: 3, Until: noon}).Error(); len(text) > 200 || !strings.Contains(text, string(reason)) {
			t.Error(text)
		}
	}
	if !errors.Is(err, &approval.Refused{Reason: approval.Unseen}) || errors.Is(err, &approval.Refused{Reason: approval.Expired}) || fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

func allReasons() map[approval.Reason]bool {
	return map[approval.Reason]bool{approval.Unsigned: true, approval.Behind: true, approval.Malformed: true, approval.LowSerial: true}
}

var _ store.PracticeID = clinic
