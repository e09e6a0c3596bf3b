// Package orders is the pages of bulk messages: whom one would reach and whom not, what it says, asking for approval, how far it is, and how it is
// stopped.
//
// It promises: what the page counts is what is fixed when approval is asked for; a sample is made by the code that sends, of the version that will be
// sent, and shows of a client the first name alone; nothing is sent from here. It opens no address.
package orders

import (
	"context"
	"strconv"
	"time"

	"letterhead/guard"
	"letterhead/message"
	"letterhead/order"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
	"letterhead/web/ui"
)

const home = "/orders"

// perPage is how many a page of the list has.
const perPage = 50

type list struct {
	frame  ui.Frame
	visit  *page.Visit
	orders []order.Order
	older  ui.Link
	first  bool
	may    bool
}

// List is the page of all, the newest first. ?after= goes on.
func List(v *page.Visit) (page.Answer, error) {
	l := list{visit: v, first: v.Query("after") == "", may: v.May(guard.MessageWrite)}
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		found, next, err := order.List(ctx, tx, v.Query("after"), perPage)
		if l.orders = found; next != "" {
			l.older = ui.Link{To: home + "?after=" + next, Say: v.Say("messages.older")}
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	l.frame = v.Frame(v.Say("orders.title"), "/messages")
	return page.Show(showList(l))
}

func (l list) newest() ui.Link {
	if l.first {
		return ui.Link{}
	}
	return ui.Link{To: home, Say: l.visit.Say("messages.newest")}
}

// recipients says how many, or that it is not fixed yet.
func (l list) recipients(o order.Order) string {
	if o.Recipients == 0 {
		return l.visit.Say("orders.not-fixed")
	}
	return l.visit.Text.Number(int(o.Recipients))
}

var kinds = map[order.State]ui.Kind{order.Draft: ui.Plain, order.Fixing: ui.Wait, order.Asked: ui.Wait, order.Signed: ui.Wait, order.Going: ui.Info, order.Done: ui.Good, order.Stopped: ui.Bad, order.Expired: ui.Plain}

func moment(v *page.Visit, at time.Time) string {
	return v.Text.Moment(at.In(v.Location), v.Now.In(v.Location))
}

// one is the page of one order.
type one struct {
	frame    ui.Frame
	visit    *page.Visit
	order    order.Order
	template string
	number   int // of the version
	things   things
	people   map[string]string
	reach    *order.Audience // of a draft
	result   order.Result
	paused   *message.Stop
	samples  []sample
	reason   string
	problems []ui.Problem
}

// Show is one order: what it says, to whom, and how far it is.
func Show(v *page.Visit) (page.Answer, error) {
	o := one{visit: v}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	if did := v.Query("did"); did == "order" || did == "order-pair" || did == "asked" || did == "paused" || did == "halted" {
		o.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did." + did)}
	}
	return page.Show(showOne(o))
}

// Progress is how far it is; a script asks for it while it changes.
func Progress(v *page.Visit) (page.Answer, error) {
	o := one{visit: v}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Show(progress(o))
}

func (o *one) read() error {
	v := o.visit
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		if o.order, err = order.Find(ctx, tx, order.ID(v.Path("id"))); err != nil {
			return err
		}
		if err = o.about(ctx, tx); err != nil {
			return err
		}
		if o.order.State == order.Draft || o.order.State == order.Fixing {
			reach, err := order.Count(ctx, tx, &o.order)
			o.reach = &reach
			return err
		}
		if o.paused, err = order.Paused(ctx, tx, o.order.ID); err != nil {
			return err
		}
		o.result, err = order.ResultOf(ctx, tx, &o.order)
		return err
	})
	o.frame = v.Frame(o.order.Name, "/messages")
	return err
}

// about reads what the page says beside the order's own row.
func (o *one) about(ctx context.Context, tx *store.Tx) (err error) {
	w, err := template.Find(ctx, tx, o.order.Wording)
	if err != nil {
		return err
	}
	o.template = w.Name
	versions, err := template.Versions(ctx, tx, w.ID)
	if err != nil {
		return err
	}
	for _, each := range versions {
		if each.ID == o.order.Version {
			o.number = each.Number
		}
	}
	if o.things, err = readThings(ctx, tx); err != nil {
		return err
	}
	members, err := guard.Members(ctx, tx)
	o.people = make(map[string]string, len(members))
	for _, m := range members {
		o.people[string(m.ID)] = m.Name
	}
	if err != nil {
		return err
	}
	o.samples, err = o.sampled(ctx, tx)
	return err
}

func (o one) who(id string) string {
	if name := o.people[id]; name != "" {
		return name
	}
	return id
}

// facts are what was chosen, in words.
func (o one) facts() []ui.Fact {
	v, x := o.visit, o.order
	out := []ui.Fact{{Name: v.Say("orders.template"), Value: v.Say("orders.version", o.template, o.number)}, {Name: v.Say("messages.channel"), Value: o.channel()},
		{Name: v.Say("orders.purpose"), Value: v.Say("orders.purpose-" + string(x.Purpose))}}
	for _, say := range o.things.chosen(v, x.Filter) {
		out = append(out, ui.Fact{Name: v.Say("orders.only"), Value: say})
	}
	if x.Most > 0 {
		out = append(out, ui.Fact{Name: v.Say("orders.most"), Value: v.Text.Number(int(x.Most))})
	}
	out = append(out, ui.Fact{Name: v.Say("orders.from"), Value: moment(v, x.From)}, ui.Fact{Name: v.Say("orders.until"), Value: moment(v, x.Until)},
		ui.Fact{Name: v.Say("orders.made-by"), Value: o.who(x.MadeBy) + ", " + moment(v, x.MadeAt)})
	if !x.AskedAt.IsZero() {
		out = append(out, ui.Fact{Name: v.Say("orders.asked-by"), Value: o.who(x.AskedBy) + ", " + moment(v, x.AskedAt)})
	}
	if x.State == order.Stopped {
		out = append(out, ui.Fact{Name: v.Say("orders.stopped-by"), Value: o.who(x.EndedBy)})
	}
	return out
}

func (o one) channel() string {
	if o.order.Filter.Prefer {
		return o.visit.Say("orders.prefer-" + string(o.order.Channel))
	}
	return o.visit.Say("channel." + string(o.order.Channel))
}

// two tells whether two people have to sign, by the general rule: a member's own threshold may be lower.
func (o one) two() bool { return o.order.Recipients > max(50, o.order.Active/5) }

// Ask fixes the recipients and asks for approval.
func Ask(v *page.Visit) (page.Answer, error) {
	edition, err := strconv.ParseInt(v.Form("edition"), 10, 64)
	if err != nil {
		edition = -1
	}
	return act(v, "asked", func(ctx context.Context, tx *store.Tx, id order.ID) error { return order.Ask(ctx, tx, id, edition) })
}

// Pause stops it until somebody signs.
func Pause(v *page.Visit) (page.Answer, error) {
	return act(v, "paused", func(ctx context.Context, tx *store.Tx, id order.ID) error {
		return order.Pause(ctx, tx, id, v.Form("reason"))
	})
}

// act does something with an order; what is refused is said on its page.
func act(v *page.Visit, did string, do func(context.Context, *store.Tx, order.ID) error) (page.Answer, error) {
	id := order.ID(v.Path("id"))
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := order.Find(ctx, tx, id); err != nil {
			return err
		}
		return do(ctx, tx, id)
	})
	return after(v, did, err)
}

func after(v *page.Visit, did string, err error) (page.Answer, error) {
	if err == nil {
		return page.Go(home + "/" + v.Path("id") + "?did=" + did)
	}
	problem := page.Problem(v.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	o := one{visit: v, problems: []ui.Problem{*problem}, reason: v.Form("reason")}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Again(showOne(o), err)
}

// Stop ends it for good and takes back what has not left.
func Stop(v *page.Visit) (page.Answer, error) {
	return after(v, "halted", order.Stop(v.Context(), v.DB, v.Actor, order.ID(v.Path("id"))))
}

// Copy makes a draft of the same, beginning now.
func Copy(v *page.Visit) (page.Answer, error) {
	var made order.Order
	from, until := usual(v)
	err := v.Change(func(ctx context.Context, tx *store.Tx) (err error) {
		made, err = order.Copy(ctx, tx, order.ID(v.Path("id")), order.Request{From: from, Until: until})
		return err
	})
	if err != nil {
		return after(v, "", err)
	}
	return page.Go(home + "/" + string(made.ID) + "/edit")
}
