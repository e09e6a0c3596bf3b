package order_test

import (
	"testing"

	"letterhead/order"
)

// An order of 300, signed by two keys: fixed, queued, and its messages are there, each recipient once.
func TestAnOrderIsQueuedOnceItIsSigned(t *testing.T) {
	t.Parallel()
	eachWorld(t, 300, func(t *testing.T, w *world) {
		id := w.draft(one, w.request(one, "closed"))
		w.asked(one, id)
		if o := w.find(one, id); o.State != order.Asked || o.Recipients != 300 || o.Active != 300 {
			t.Fatalf("%+v", o)
		}
		w.turns(one, id)
		if o := w.find(one, id); o.State != order.Asked || o.Queued != 0 {
			t.Fatalf("%+v", o)
		}
		w.approve(one, id)
		w.turns(one, id)
		if o := w.find(one, id); o.State != order.Going || o.Queued != 300 {
			t.Fatalf("%+v", o)
		}
	})
}
