package orders

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/a-h/templ"

	"letterhead/message"
	"letterhead/order"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
)

// why is one reason and how many it is true of.
type why struct {
	say string
	n   int64
}

// whys are reasons in words, the commonest first.
func whys(v *page.Visit, of map[string]int64) []why {
	teller := story.Teller{Text: v.Text, Now: v.Now, Location: v.Location}
	var out []why
	for _, reason := range slices.Sorted(maps.Keys(of)) {
		if of[reason] > 0 {
			out = append(out, why{teller.Reason(reason), of[reason]})
		}
	}
	slices.SortStableFunc(out, func(a, b why) int { return int(b.n - a.n) })
	return out
}

// moves tells whether the page will show something else soon.
func (o one) moves() bool { return !o.order.State.Ended() && o.order.State != order.Draft }

// again makes the part ask for itself while something is under way.
func (o one) again(ctx context.Context) templ.Attributes {
	if !o.moves() {
		return nil
	}
	return ui.Hx(ctx, "get", home+"/"+string(o.order.ID)+"/progress", "trigger", "every 3s", "swap", "outerHTML")
}

// stage says in a sentence where it is.
func (o one) stage() string {
	v, x := o.visit, o.order
	switch {
	case o.paused != nil && !x.State.Ended():
		return v.Say("orders.is-paused", moment(v, o.paused.At))
	case x.State == order.Asked && o.two():
		return v.Say("orders.is-asked-two", v.Text.Number(int(x.Recipients)))
	case x.State == order.Asked:
		return v.Count("orders.is-asked", int(x.Recipients))
	case x.State == order.Signed && !x.CountsAt.IsZero():
		return v.Say("orders.is-signed", moment(v, x.CountsAt))
	case x.State == order.Going && o.result.Next.After(v.Now) && o.result.Leaving == 0:
		return v.Say("orders.is-held", moment(v, o.result.Next))
	case x.State == order.Going:
		return v.Say("orders.is-going", moment(v, x.BeganAt))
	case x.State == order.Done, x.State == order.Expired:
		return v.Say("orders.is-"+string(x.State), moment(v, x.EndedAt))
	}
	return v.Say("orders.is-" + string(x.State))
}

// pace says how quickly it goes and how long it still takes; "" where it is not known.
func (o one) pace() string {
	v, r := o.visit, o.result
	if o.order.State != order.Going || r.Rate < 1 {
		return ""
	}
	if r.Left <= 0 {
		return v.Say("orders.rate", v.Text.Number(int(r.Rate)))
	}
	return v.Say("orders.rate-left", v.Text.Number(int(r.Rate)), v.Text.Minutes(int(max(1, r.Left.Round(time.Minute)/time.Minute))))
}

// counts are where every recipient is.
func (o one) counts() []ui.Fact {
	v, r := o.visit, o.result
	var out []ui.Fact
	add := func(key string, n int64, always bool) {
		if n > 0 || always {
			out = append(out, ui.Fact{Name: v.Say(key), Value: v.Text.Number(int(n))})
		}
	}
	add("orders.count-recipients", r.Recipients, true)
	add("orders.count-sent", r.Sent, true)
	add("orders.count-maybe", r.MaybeSent, false)
	add("orders.count-refused", r.Refused, false)
	add("orders.count-leaving", r.Leaving, false)
	add("orders.count-waits", r.Queued, false)
	add("orders.count-held", r.Held, false)
	if o.order.State.Ended() {
		add("orders.count-never", r.Unqueued, false)
	} else {
		add("orders.count-unqueued", r.Unqueued, false)
	}
	add("orders.count-dropped", r.Dropped+r.LeftOut, false)
	return out
}

// held says why messages wait for somebody.
func (o one) held() []why {
	return slices.DeleteFunc(whys(o.visit, o.result.Waits), func(w why) bool {
		return o.paused != nil && w.say == (story.Teller{Text: o.visit.Text}).Reason(message.ReasonFrozen)
	})
}

// begun tells whether any of it may have left.
func (o one) begun() bool {
	return o.result.Sent+o.result.MaybeSent+o.result.Refused+o.result.Leaving > 0
}

// desk is where it is signed.
func (o one) desk() string {
	if o.visit.Desk == "" {
		return ""
	}
	return o.visit.Desk + "/p/" + string(o.visit.Practice.ID)
}

// stopSay and stopDo say what ending it does: a draft is discarded, what is under way is taken back.
func (o one) stopSay() string {
	switch {
	case o.order.State == order.Draft:
		return "orders.discard-say"
	case o.begun():
		return "orders.stop-begun-say"
	}
	return "orders.stop-say"
}

func (o one) stopTitle() string {
	if o.order.State == order.Draft {
		return "orders.discard-title"
	}
	return "orders.stopping"
}

func (o one) stopDo() string {
	if o.order.State == order.Draft {
		return "orders.discard"
	}
	return "orders.stop"
}

func errorOf(problems []ui.Problem, field string) string {
	for _, problem := range problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}
