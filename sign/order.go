package sign

import (
	"cmp"
	"errors"

	"letterhead/order"
	"letterhead/sign/show"
	"letterhead/store"
)

// showOrder adds how a bulk message's recipients were chosen and who asked for it. That stands in the practice's records, not in what is signed: what is signed
// is each recipient.
func (b *builder) showOrder(i *item) error {
	o, err := order.Find(b.ctx, b.tx, order.ID(i.Statement.Subject))
	if errors.Is(err, order.ErrNotFound) {
		i.Facts = append(i.Facts, show.Fact{Name: "Chosen as", Value: []string{"the practice’s records do not have it: look twice"}})
		return nil
	}
	if err != nil {
		return err
	}
	chosen := chosenAs(o.Filter, b.words)
	i.Facts = append(i.Facts, show.Fact{Name: "Chosen as", Value: chosen}, show.Fact{Name: "Asked for", Value: []string{
		"by " + cmp.Or(b.visit.name(store.MemberID(o.AskedBy)), o.AskedBy) + ", " + show.Moment(o.AskedAt, b.visit.zone), "“" + o.Name + "” in the practice’s records"}})
	return nil
}

// chosenAs says a filter in words.
func chosenAs(f order.Filter, w show.Words) []string {
	out := []string{"active clients who can be reached and did not say no"}
	add := func(value, say string) {
		if value != "" {
			out = append(out, say)
		}
	}
	add(string(f.Practitioner), "with "+w.Thing(string(f.Practitioner)))
	add(string(f.Location), "at "+w.Thing(string(f.Location)))
	add(string(f.Service), "for "+w.Thing(string(f.Service)))
	add(f.SeenSince, "seen since "+f.SeenSince)
	add(f.NotSeenSince, "not seen since "+f.NotSeenSince)
	if f.BookedTo != "" {
		add(f.BookedFrom, "with an appointment from "+f.BookedFrom+" to "+f.BookedTo)
	} else {
		add(f.BookedFrom, "with an appointment from "+f.BookedFrom+" on")
	}
	add(f.Language, "whose language is "+f.Language)
	if f.Prefer {
		out = append(out, "who prefer this way")
	}
	return out
}
