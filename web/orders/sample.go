package orders

import (
	"context"
	"net/http"
	"strconv"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/order"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/mail"
	"letterhead/web/page"
	"letterhead/wording"
	"letterhead/wording/code"
	"letterhead/wording/link"
)

// sample is the message as one recipient would get it.
type sample struct {
	who     string // the recipient's name, or that it is an example
	subject string
	text    string // of a text message
	parts   int
	mail    mail.Mail
	number  int
}

var errNoSample = fault.New(fault.NotFound, "orders.sample", "no such sample")

// sampled makes samples for some of the recipients, whose first names the visitor may read; else one with an example's.
func (o *one) sampled(ctx context.Context, tx *store.Tx) ([]sample, error) {
	people := []client.Client{}
	if o.visit.May(guard.ClientRead) {
		found, err := order.Samples(ctx, tx, &o.order)
		if err != nil {
			return nil, err
		}
		people = found
	}
	read, err := template.Read(ctx, tx, o.order.Version)
	if err != nil {
		return nil, err
	}
	d, _, err := practice.Directory(ctx, tx)
	if err != nil {
		return nil, err
	}
	raw, err := d.Canonical()
	if err != nil {
		return nil, err
	}
	book, _, err := wording.ParseDirectory(raw)
	if err != nil {
		return nil, err
	}
	var out []sample
	for i, c := range people {
		s, err := o.render(read, book, c)
		if err != nil {
			return nil, err
		}
		s.who, s.number = c.Name(), i
		out = append(out, s)
	}
	if len(out) == 0 {
		s, err := o.render(read, book, client.Client{FirstName: "Fatima"})
		s.who = o.visit.Say("orders.example")
		return []sample{s}, err
	}
	return out, nil
}

// render is what the courier does, with no address and no way out that works.
func (o *one) render(read *wording.Version, book *wording.Book, c client.Client) (s sample, err error) {
	language := c.Language
	if language == "" {
		language = o.visit.Practice.Language
	}
	compiled, err := wording.Compile(read, read.Match(language))
	if err != nil {
		return s, err
	}
	values := wording.Values{Recipient: wording.Person{First: c.FirstName, Preferred: c.PreferredName}, Code: code.Example, Confirm: link.Example, Decline: link.Example}
	if len(read.Hosts) > 0 && read.Purpose == wording.Marketing {
		values.Unsubscribe = "https://" + read.Hosts[0] + "/unsubscribe/example"
	}
	rendered := compiled.RenderWith(book, nil, &values)
	if o.order.Channel == message.SMS {
		s.text = string(rendered.SMS)
		s.parts, _, _ = wording.SMSParts(s.text)
		return s, nil
	}
	s.mail = mail.Of(compiled, &rendered)
	s.subject = s.mail.Subject
	return s, nil
}

// Frame is the HTML of a sample, for the sandboxed frame on the order's page. ?n= names it.
func Frame(v *page.Visit) (page.Answer, error) {
	o := one{visit: v}
	n := 0
	if v.Query("n") != "" {
		var err error
		if n, err = strconv.Atoi(v.Query("n")); err != nil {
			return page.Answer{}, errNoSample
		}
	}
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		if o.order, err = order.Find(ctx, tx, order.ID(v.Path("id"))); err == nil {
			o.samples, err = o.sampled(ctx, tx)
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	if n < 0 || n >= len(o.samples) {
		return page.Answer{}, errNoSample
	}
	answer := page.Answer{Status: http.StatusOK, Raw: o.samples[n].mail.Framed(), Header: map[string]string{"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": mail.FramePolicy}}
	if o.order.Channel == message.SMS {
		answer.Raw, answer.Header["Content-Type"] = []byte(o.samples[n].text), "text/plain; charset=utf-8"
	}
	return answer, nil
}
