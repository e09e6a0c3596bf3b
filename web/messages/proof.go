package messages

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"letterhead/courier/kept"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// proof is what comes of holding a message, made again, against its entry in the record.
type proof struct {
	kind  ui.Kind
	badge string
	say   string
	facts []ui.Fact
}

// prove finds the message's leaf by what it commits to of the recipient, never by the row, proves that it is in the log, and compares.
func prove(v *page.Visit, m message.Message, w words, unsaid error) (*proof, error) {
	tell := func(kind ui.Kind, key string, args ...any) *proof {
		return &proof{kind: kind, badge: v.Say("proof." + key), say: v.Say("proof."+key+"-say", args...)}
	}
	switch {
	case m.Attempts == 0:
		return nil, nil //nolint:nilnil // there is nothing to compare
	case errors.Is(unsaid, errChanged):
		return tell(ui.Bad, "changed"), nil
	case unsaid != nil && !errors.Is(unsaid, kept.ErrLayout):
		return tell(ui.Plain, "erased"), nil
	case v.Record == nil:
		return tell(ui.Plain, "elsewhere"), nil
	}
	channel := leaf.Email
	if m.Channel == message.SMS {
		channel = leaf.SMS
	}
	recipient, name := w.record.Recipient(channel), v.Practice.ID
	if m.Kind == message.System { // in Letterhead's own
		name = ""
	}
	found, err := v.Record.Leaf(v.Context(), name, m.CreatedAt, func(l *leaf.Leaf) bool {
		x, is := l.Body.(*leaf.Message)
		return is && x.Recipient == recipient
	})
	switch {
	case errors.Is(err, store.ErrNone):
		return tell(ui.Bad, "none"), nil
	case errors.Is(err, ledger.ErrDamaged):
		return tell(ui.Bad, "damaged"), nil
	case err != nil:
		return nil, err
	}
	x, _ := found.Leaf.Body.(*leaf.Message)
	out := tell(ui.Good, "same")
	differs := w.record.Row(&m, store.Instant(found.Leaf.At), found.Fate)
	if w.made != nil {
		differs = append(w.made.Fits(w.record, x), differs...)
	} else {
		out = tell(ui.Plain, "layout")
	}
	if len(differs) > 0 {
		out = tell(ui.Bad, "differs", parts(v, differs))
	}
	out.facts = []ui.Fact{{Name: v.Say("record.number"), Value: v.Text.Number(int(found.Sequence))}, {Name: v.Say("proof.signed"), Value: v.Say("proof.young")}}
	if w.made != nil {
		out.facts = append(out.facts, ui.Fact{Name: v.Say("proof.sum"), Value: sum(w.made.Whole)})
	}
	if !found.Signed.IsZero() {
		out.facts[1].Value = v.Say("record.checkpoint-of", v.Text.Number(int(found.Size)), v.Text.Moment(found.Signed.In(v.Location), v.Now.In(v.Location)))
	}
	return out, nil
}

func parts(v *page.Visit, differs []string) string {
	for i, name := range differs {
		differs[i] = v.Say("proof.part-" + name)
	}
	return strings.Join(differs, ", ")
}

// sum is a SHA-256 in groups that a narrow page can break.
func sum(raw []byte) string {
	all := sha256.Sum256(raw)
	text := hex.EncodeToString(all[:])
	var out []string
	for ; text != ""; text = text[8:] {
		out = append(out, text[:8])
	}
	return strings.Join(out, " ")
}
