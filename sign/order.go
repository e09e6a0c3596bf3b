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
	chosen := show.Chosen(o.Filter, b.words)
	i.Facts = append(i.Facts, show.Fact{Name: "Chosen as", Value: chosen}, show.Fact{Name: "Asked for", Value: []string{
		"by " + cmp.Or(b.visit.name(store.MemberID(o.AskedBy)), o.AskedBy) + ", " + show.Moment(o.AskedAt, b.visit.zone), "“" + o.Name + "” in the practice’s records"}})
	return nil
}
