package evidence

import (
	"slices"

	"letterhead/approval"
	"letterhead/ledger/leaf"
)

// loss is what the file says of approvals whose text is gone: their leaves stand without an entry before them. It holds together when the next entry is
// one by which the practice's people signed that just these were lost.
type loss struct {
	last    approval.Head // the last entry that was lost; zero: none is, or what was lost is signed for
	index   uint16        // of its last statement that has a leaf
	seen    int64
	gone    map[leaf.Hash]bool // statements that were lost
	until   int64              // what was lost counted up to here: until it was signed that it is lost, and as long again as a message may be on its way
	resumed []approval.Digest  // by which statements
}

func (x *loss) open() bool { return x.last != approval.Head{} }

// lost: a statement's leaf without its entry.
func (v *verifier) lost(l *leaf.Leaf, b *leaf.Statement) error {
	x, before := &v.loss, v.state.Head()
	if x.open() {
		before = x.last
	}
	next := int64(b.Position) == before.Position+1 && b.Index == 0
	same := x.open() && leaf.Hash(x.last.Hash) == b.Entry && int64(b.Position) == x.last.Position && b.Index == x.index+1 && b.Seen == x.seen
	if !next && !same || b.Seen > l.At {
		return v.wrong(CodeStatement, "leaf %d is not of the statement that has to come next", l.Sequence)
	}
	x.last, x.index, x.seen = approval.Head{Position: int64(b.Position), Hash: approval.Digest(b.Entry)}, b.Index, b.Seen
	if v.signed[b.Digest] == nil { // else it is another signature on what is known
		x.gone[b.Digest] = true
	}
	v.report.Lost++
	v.withdraw(l, b)
	return nil
}

// resumes: an entry behind lost ones says that they are lost.
func (v *verifier) resumes(e *approval.Entry) error {
	x := &v.loss
	if !x.open() {
		return nil
	}
	at := slices.IndexFunc(e.Statements(), func(s *approval.Statement) bool {
		if s.Kind != approval.KindResume {
			return false
		}
		r := s.Body.Resume
		return r.From == v.state.Head() && (r.Lost == x.last || r.Lost.Position > x.last.Position)
	})
	if at < 0 {
		return v.wrong(CodeLost, "the text of what was signed up to position %d is missing, and nobody signed that it was lost", x.last.Position)
	}
	x.resumed = append(x.resumed, e.Sheet.Statements[at])
	return nil
}

// resumedAt closes a loss with the leaf of what resumes.
func (v *verifier) resumedAt(l *leaf.Leaf) {
	if v.loss.open() {
		v.loss.last, v.loss.until = approval.Head{}, l.At+Grace
	}
}

// gone tells whether something that was lost could still count.
func (v *verifier) gone(l *leaf.Leaf, digest leaf.Hash) bool {
	return v.loss.gone[digest] && v.signed[digest] == nil && (v.loss.open() || l.At <= v.loss.until)
}

// found: what was lost is signed for, as the rules of signing have it.
func (v *verifier) found() error {
	if v.loss.open() {
		return v.wrong(CodeLost, "the text of what was signed up to position %d is missing, and nobody signed that it was lost", v.loss.last.Position)
	}
	for _, digest := range v.loss.resumed {
		_, err := v.state.Statement(digest, approval.Instant(v.at).Time())
		switch approval.ReasonOf(err) {
		case "", approval.Superseded, approval.Waiting, approval.KeyYoung: // a chain goes on with the last signature, whatever waits after that
		default:
			return v.wrong(CodeRules, "that approvals were lost is not signed as it must be: %v", err)
		}
	}
	return nil
}
