package order

import (
	"context"

	"letterhead/courier"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
)

// Source adds to what the courier is told of a message that it belongs to an order: where its recipient stands in the audience that was signed,
// with the proof, and what speaks against it today. Who the recipient is and where they are reached is asked of the source within.
type Source struct{ courier.Source }

// NewSource returns a source over another.
func NewSource(inner courier.Source) *Source { return &Source{inner} }

var _ courier.Source = (*Source)(nil)

// Facts passes on what the source within says, and subtracts.
func (s *Source) Facts(ctx context.Context, tx *store.Tx, messages []message.Message) ([]courier.Facts, error) {
	out, err := s.Source.Facts(ctx, tx, messages)
	if err != nil {
		return nil, err
	}
	of := map[ID][]int{}
	for i := range messages {
		if messages[i].Kind == message.Order {
			of[ID(messages[i].Subject)] = append(of[ID(messages[i].Subject)], i)
		}
	}
	if len(of) == 0 {
		return out, nil
	}
	w, err := whereOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	orders, err := findAll(ctx, tx, of)
	if err != nil {
		return nil, err
	}
	for id, places := range of {
		o, there := orders[id]
		if !there {
			for _, i := range places {
				stop(&out[i], Gone)
			}
			continue
		}
		if err := s.order(ctx, tx, w, o, messages, places, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// stop keeps the first reason: that of the source within says more of the recipient.
func stop(f *courier.Facts, why string) {
	if f.Stop == "" {
		f.Stop = why
	}
}

// order answers for the messages of one order, which stand at places of the batch.
func (s *Source) order(ctx context.Context, tx *store.Tx, w where, o *Order, messages []message.Message, places []int, out []courier.Facts) error {
	ids := make([]string, len(places))
	for n, i := range places {
		ids[n] = messages[i].Client
	}
	rows, err := fixedOf(ctx, tx, o.ID, ids)
	if err != nil {
		return err
	}
	now, err := today(ctx, tx, o, ids)
	if err != nil {
		return err
	}
	for _, i := range places {
		m, f := &messages[i], &out[i]
		r, there := rows[m.Client]
		switch {
		case o.State == Stopped:
			stop(f, Over)
		case !there || m.Recipient != m.Client || r.message != string(m.ID):
			stop(f, Gone)
		case f.Stop == "" && f.Hold == "" && f.AddressIndex != r.index:
			stop(f, NewAddress)
		default:
			if why := now.why(m.Client, r.index); why != "" {
				stop(f, why)
			}
		}
		f.Place, f.Proof = r.place, proofOf(r.proof)
		if m.Channel == message.SMS && f.Stop == "" { // nobody is woken by news
			f.Wait = plan.Quiet{From: w.practice.QuietFrom, To: w.practice.QuietTo}.Morning(tx.Now, w.home)
		}
	}
	return nil
}
