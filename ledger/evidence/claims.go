package evidence

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"strings"

	"letterhead/approval"
	"letterhead/ledger/leaf"
)

// claims are what the leaves of the practice come to so far.
type claims struct {
	label    leaf.Hash
	count    uint64
	previous leaf.Hash
	at       int64
	kinds    []byte // of each leaf, by sequence less one: its fate of a message, notMessage of another

	state   *approval.State
	pending *approval.Entry // read, and not all of its statements have their leaves
	next    int             // the statement of it whose leaf must come next
	signed  map[leaf.Hash]*signed
	loss    loss
	frozen  map[string]stop // stops that are open, by id

	incidents map[string]string // what the last leaf of each said
}

const notMessage = 255

// stop is a freeze.
type stop struct {
	since  int64
	word   string
	digest leaf.Hash
}

// whole tells whether it holds every message of the practice, everywhere whether it is the operator's.
func (s stop) whole() bool      { return s.word == leaf.Practice || s.word == leaf.Platform }
func (s stop) everywhere() bool { return strings.HasPrefix(s.word, leaf.Platform) }

// signed is a statement that is on record.
type signed struct {
	statement *approval.Statement
	signers   []string
	withdrawn int64 // when; 0: it is not
	messages  int
}

// end is when it runs out by what it says; 0: never.
func (s *signed) end() int64 {
	end := int64(s.statement.Expires)
	if w := s.statement.Window; w != nil && (end == 0 || int64(w.Until) < end) {
		end = int64(w.Until)
	}
	return end
}

func newClaims() claims {
	return claims{signed: map[leaf.Hash]*signed{}, loss: loss{gone: map[leaf.Hash]bool{}}, frozen: map[string]stop{}, incidents: map[string]string{}}
}

func rootSum(installation, practice string, key []byte) []byte {
	sum := sha256.Sum256([]byte("letterhead root v1\n" + installation + "\n" + practice + "\n" + string(key)))
	return sum[:20]
}

// entry reads an entry of the approvals. It takes effect with its first leaf, which says when it was seen.
func (v *verifier) entry(fields []string) error {
	if len(fields) != 1 {
		return v.wrong(CodeLine, "an entry is one field")
	}
	raw, err := v.raw(fields[0])
	if err != nil {
		return err
	}
	if err := v.whole(); err != nil {
		return err
	}
	if v.state != nil && v.count == 0 {
		return v.wrong(CodeEntry, "an entry whose statements have no leaves")
	}
	e, err := approval.ParseEntry(raw)
	if err != nil {
		return v.wrong(CodeEntry, "an entry is not of the form: %v", err)
	}
	if v.state == nil {
		if err := v.begin(e); err != nil {
			return err
		}
	}
	if err := v.resumes(e); err != nil {
		return err
	}
	v.pending, v.next = e, 0
	return nil
}

// whole: every statement of the last entry has its leaf. (Of a practice without leaves, the root has none.)
func (v *verifier) whole() error {
	if v.pending != nil && v.count > 0 && v.next < len(v.pending.Statements()) {
		return v.wrong(CodeStatement, "a statement of entry %d has no leaf", v.pending.Head.Position)
	}
	return nil
}

// begin takes the root from the first entry: it must be the one of the fingerprint.
func (v *verifier) begin(e *approval.Entry) error {
	first := e.Statements()[0]
	if e.Head.Position != 1 || first.Kind != approval.KindKey || first.Body.Key.Action != approval.Enrol {
		return v.wrong(CodeRoot, "the first entry is not a practice's root")
	}
	key, r := first.Body.Key, v.report
	r.Installation, r.Practice = e.Sheet.Installation, string(e.Sheet.Practice)
	r.Fingerprint = fingerprint(r.Installation, r.Practice, key.PublicKey)
	if letters(r.Fingerprint) != v.root {
		return v.wrong(CodeRoot, "the practice's root is %s, not the one that was given", r.Fingerprint)
	}
	v.label = leaf.Hash(e.Sheet.Statements[0])
	v.state = approval.NewState(approval.Anchor{
		Installation: e.Sheet.Installation, Epoch: 1 << 40, Practice: e.Sheet.Practice, Parties: v.desks,
		Root: approval.Root{Key: first.Subject, PublicKey: key.PublicKey, Proof: key.Proof},
	})
	return nil
}

// refused says why an entry of the approvals is not taken in.
func (v *verifier) refused(err error) error {
	code := CodeRules
	switch approval.ReasonOf(err) {
	case approval.WrongPlace, approval.Malformed, approval.Foreign, approval.OtherPractice, approval.Replayed, approval.WrongEpoch:
		code = CodeEntry
	case approval.BadSignature:
		code = CodeSignature
	case approval.UnknownKey, approval.RevokedKey, approval.WrongRoot, approval.NoRoot:
		code = CodeKey
	default:
	}
	return v.wrong(code, "an entry of the approvals does not hold: %v", err)
}

func (v *verifier) leaf(fields []string) error {
	if len(fields) != 1 {
		return v.wrong(CodeLine, "a leaf is one field")
	}
	raw, err := v.raw(fields[0])
	if err != nil {
		return err
	}
	l, err := leaf.Parse(raw)
	switch {
	case err != nil:
		return v.wrong(CodeLeaf, "%v", err)
	case v.state == nil || l.Label != v.label:
		return v.wrong(CodeLabel, "a leaf of another practice")
	case l.Sequence != v.count+1 || v.count >= maxLeaves:
		return v.wrong(CodeSequence, "leaf %d of the practice follows leaf %d", l.Sequence, v.count)
	case l.Previous != v.previous:
		return v.wrong(CodePrevious, "leaf %d does not name the one before it", l.Sequence)
	case l.At < v.at:
		return v.wrong(CodeTime, "leaf %d is of an earlier instant than the one before it", l.Sequence)
	case v.tree.Size() >= v.point.Size:
		return v.wrong(CodeSize, "there are more leaves than the checkpoint is over")
	}
	sum := leaf.Sum(raw)
	v.tree.Leaf(sum, nil)
	v.count, v.previous, v.at = l.Sequence, sum, l.At
	v.kinds = append(v.kinds, notMessage)
	if v.count == 1 {
		v.report.First = l.At
	}
	if _, is := l.Body.(*leaf.Statement); !is {
		if err := v.whole(); err != nil {
			return err
		}
	}
	switch b := l.Body.(type) {
	case *leaf.Statement:
		return v.statement(l, b)
	case *leaf.Message:
		return v.message(l, b)
	case *leaf.Outcome:
		return v.outcome(b)
	case *leaf.Event:
		return v.event(l, b)
	}
	return nil
}

// statement: the next one of the entry that was read last.
func (v *verifier) statement(l *leaf.Leaf, b *leaf.Statement) error {
	e := v.pending
	if e != nil && v.next == len(e.Statements()) { // the last one has its leaves, and no other stands before this one
		return v.lost(l, b)
	}
	if e == nil || v.next >= len(e.Statements()) || uint64(e.Head.Position) != b.Position || int(b.Index) != v.next ||
		leaf.Hash(e.Head.Hash) != b.Entry || leaf.Hash(e.Sheet.Statements[v.next]) != b.Digest || b.Seen > l.At {
		return v.wrong(CodeStatement, "leaf %d is not of the statement that has to come next", l.Sequence)
	}
	x := e.Statements()[v.next]
	if (x.Kind == approval.KindWithdraw) != (b.Withdrawn != leaf.Hash{}) || x.Kind == approval.KindWithdraw && hex(b.Withdrawn) != x.Subject {
		return v.wrong(CodeStatement, "leaf %d is not of the statement that has to come next", l.Sequence)
	}
	if v.next == 0 {
		e.Seen = approval.Instant(b.Seen).Time()
		if err := v.state.Add(e); err != nil {
			return v.refused(err)
		}
		v.resumedAt(l)
	} else if !e.Seen.Equal(approval.Instant(b.Seen).Time()) {
		return v.wrong(CodeStatement, "the statements of an entry are seen at once")
	}
	v.next++
	known := v.signed[b.Digest]
	if known == nil {
		known = &signed{statement: x}
		v.signed[b.Digest] = known
	}
	if who := v.signer(e); !slices.Contains(known.signers, who) {
		known.signers = append(known.signers, who)
	}
	v.withdraw(l, b)
	return nil
}

func (v *verifier) withdraw(l *leaf.Leaf, b *leaf.Statement) {
	if target := v.signed[b.Withdrawn]; target != nil && target.withdrawn == 0 {
		target.withdrawn = l.At
	}
}

func hex(h leaf.Hash) string { return approval.Digest(h).String() }

// signer is the member whose key signed an entry.
func (v *verifier) signer(e *approval.Entry) string {
	for _, k := range v.state.Keys() {
		if k.Subject == e.Signature.Key {
			return string(k.Member)
		}
	}
	return ""
}

// rights are the kinds of statement by which messages go.
var rights = map[leaf.Class]approval.Kind{
	leaf.ClassRule: approval.KindRule, leaf.ClassOrder: approval.KindOrder, leaf.ClassLetter: approval.KindLetter, leaf.ClassReply: approval.KindLetter, leaf.ClassGrant: approval.KindGrant,
}

func (v *verifier) message(l *leaf.Leaf, m *leaf.Message) error {
	v.kinds[len(v.kinds)-1] = 0
	for _, s := range v.frozen {
		if s.whole() && l.At > s.since+Grace {
			return v.wrong(CodeFrozen, "message %d left while sending was stopped", l.Sequence)
		}
	}
	kind, is := rights[m.Class]
	if !is {
		v.report.Members++
		return nil
	}
	by := v.signed[m.Approval]
	if by == nil && v.gone(l, m.Approval) {
		v.report.Unproven++
		return nil
	}
	if by == nil || by.statement.Kind != kind || m.Class != leaf.ClassRule && leaf.Hash(by.statement.Digest) != m.Version {
		return v.wrong(CodeApproval, "message %d: nobody had approved it", l.Sequence)
	}
	if err := v.counts(l, m.Approval, by); err != nil {
		return err
	}
	if m.Wording != (leaf.Hash{}) && !v.gone(l, m.Wording) {
		w := v.signed[m.Wording]
		if w == nil || w.statement.Kind != approval.KindWording || leaf.Hash(w.statement.Digest) != m.Version {
			return v.wrong(CodeWording, "message %d: nobody had approved its wording", l.Sequence)
		}
		if err := v.counts(l, m.Wording, w); err != nil {
			return err
		}
	}
	by.messages++
	return nil
}

// counts tells whether a statement counted when a message left.
func (v *verifier) counts(l *leaf.Leaf, digest leaf.Hash, s *signed) error {
	end := s.end()
	switch w := s.statement.Window; {
	case w != nil && l.At < int64(w.From):
		return v.wrong(CodeEarly, "message %d left before the window of its approval", l.Sequence)
	case end != 0 && l.At > end+Grace:
		return v.wrong(CodeExpired, "message %d left after its approval had run out", l.Sequence)
	case s.withdrawn != 0 && l.At > s.withdrawn+Grace:
		return v.wrong(CodeWithdrawn, "message %d left after its approval was withdrawn", l.Sequence)
	}
	if v.loss.open() || l.At <= v.loss.until { // a second signature may be among what was lost
		return nil
	}
	_, err := v.state.Statement(approval.Digest(digest), approval.Instant(l.At).Time())
	switch approval.ReasonOf(err) {
	case "", approval.Superseded, approval.Expired, approval.Withdrawn: // an older version may go on; the others were looked at above
		return nil
	default:
		return v.wrong(CodeRules, "message %d: its approval did not count yet, or not any more: %v", l.Sequence, err)
	}
}

func (v *verifier) outcome(o *leaf.Outcome) error {
	for _, r := range o.Results {
		if r.Sequence >= v.count || v.kinds[r.Sequence-1] == notMessage {
			return v.wrong(CodeOutcome, "leaf %d says what became of leaf %d, which is no message", v.count, r.Sequence)
		}
		v.kinds[r.Sequence-1] = byte(r.Fate)
	}
	return nil
}

func (v *verifier) event(l *leaf.Leaf, e *leaf.Event) error {
	switch e.Of { //nolint:exhaustive // an event is one of three
	case leaf.KindFreeze:
		if _, is := v.frozen[e.ID]; !is { // told twice, it is one
			v.report.Stops++
			v.frozen[e.ID] = stop{l.At, e.Word, e.Digest}
		}
	case leaf.KindLift:
		return v.lift(l, e)
	default:
		v.incidents[e.ID] = e.Word
	}
	return nil
}

// lift: by a signature over what the stop held, or by the operator where the operator stopped everybody.
func (v *verifier) lift(l *leaf.Leaf, e *leaf.Event) error {
	open, is := v.frozen[e.ID]
	s := v.signed[e.Digest]
	switch {
	case e.Digest == (leaf.Hash{}) && (!is || open.everywhere() || v.still(e.ID, open)):
	case s == nil && v.gone(l, e.Digest):
	case s != nil && v.over(l, open, s):
	case s == nil || s.statement.Kind != approval.KindLift || s.statement.Subject != e.ID:
		return v.wrong(CodeLift, "leaf %d lifts a stop without a signature", l.Sequence)
	case open.digest != leaf.Hash{} && open.digest != leaf.Stop(s.statement.Body.Lift.Scope):
		return v.wrong(CodeLift, "leaf %d lifts a stop by a signature over something else", l.Sequence)
	}
	delete(v.frozen, e.ID)
	return nil
}

// over tells whether a stop held what was signed on one subject alone, all of which has ended; the statement named is the last.
func (v *verifier) over(l *leaf.Leaf, held stop, last *signed) bool {
	x := last.statement
	switch x.Kind { //nolint:exhaustive // what is stopped by its id
	case approval.KindOrder, approval.KindLetter, approval.KindGrant:
	default:
		return false
	}
	for _, s := range v.signed {
		of := s.statement
		ended := s.withdrawn != 0 && s.withdrawn <= l.At || s.end() != 0 && s.end() <= l.At
		if of.Kind == x.Kind && of.Subject == x.Subject && (!ended || of.Serial > x.Serial) {
			return false
		}
	}
	return held.digest == leaf.Stop("messages of the "+string(x.Kind)+" "+x.Subject)
}

// still tells whether what a stop holds is held by another one too.
func (v *verifier) still(id string, s stop) bool {
	for other, o := range v.frozen {
		if other != id && o.digest == s.digest && s.digest != (leaf.Hash{}) {
			return true
		}
	}
	return false
}

// finish writes the report.
func (v *verifier) finish() {
	r := v.report
	r.Leaves, r.Last = v.count, v.at
	r.Stopped = []string{}
	for _, s := range v.frozen {
		r.Stopped = append(r.Stopped, s.word)
	}
	slices.Sort(r.Stopped)
	r.Incidents, r.Unsettled = len(v.incidents), []string{}
	for id, word := range v.incidents {
		if word != leaf.Closed {
			r.Unsettled = append(r.Unsettled, id)
		}
	}
	slices.Sort(r.Unsettled)
	for _, kind := range v.kinds {
		if kind != notMessage {
			r.Messages++
			r.Fates[fates[leaf.Fate(kind)]]++
		}
	}
	r.Approvals = []Approved{}
	for digest, s := range maps.All(v.signed) {
		if s.messages > 0 {
			r.Approvals = append(r.Approvals, Approved{Kind: string(s.statement.Kind), Subject: s.statement.Subject, Digest: hex(digest), Signers: s.signers, Messages: s.messages})
		}
	}
	slices.SortFunc(r.Approvals, func(a, b Approved) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Digest, b.Digest))
	})
}

// ErrWrong tells a file that is wrong from one that could not be read.
func ErrWrong(err error) (*Problem, bool) {
	var p *Problem
	return p, errors.As(err, &p)
}
