package details

import (
	"context"

	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
)

// sending is what the page of the sender shows besides its form.
type sending struct {
	from, replies, domain, sms string
	verdict                    string
	unknown                    string // why nothing can be said of the records
	records                    []page.SenderRecord
}

// Sender is the page of what mails and texts come from. ?check=yes asks the DNS.
func Sender(v *page.Visit) (page.Answer, error) {
	f := start(v, "practice", home+"/sender")
	p := v.Practice
	f.ver = reading(p)
	f.values = map[string]string{"sender_local": p.SenderLocal, "sms_services": yes(p.SMSServices), "sms_price": practice.WritePartPrice(p.SMSPrice, 1)}
	s, err := f.readSender(v.Query("check") == "yes")
	if err != nil {
		return page.Answer{}, err
	}
	f.flash(v.Query("did"))
	return page.Show(showSender(f, s))
}

func (f *form) readSender(check bool) (s sending, err error) {
	v := f.visit
	f.title, f.line = v.Say("sender.title"), v.Say("sender.line")
	if err := v.View(f.around); err != nil {
		return s, err
	}
	f.flash("")
	p := v.Practice
	if s.domain = p.Domain; s.domain == "" {
		s.domain = p.Label + "." + v.Platform
	}
	s.from = p.Name + " <" + p.SenderLocal + "@" + s.domain + ">"
	if s.replies = p.Email; s.replies == "" {
		s.replies = v.Say("sender.no-replies")
	}
	if v.Sender == nil {
		s.unknown = v.Say("sender.unknown")
		return s, nil
	}
	s.sms = v.Sender.Texts(p.ID)
	if s.records, err = v.Sender.Records(v.Context(), s.domain, check); err != nil {
		s.unknown, s.records = v.Say("sender.unknown"), nil
		return s, nil //nolint:nilerr // the page says that it does not know, and shows the rest
	}
	bad := 0
	for _, r := range s.records {
		if r.Checked && !r.Good {
			bad++
		}
	}
	switch {
	case !check:
		s.verdict = v.Say("sender.verdict-none")
	case bad == 0:
		s.verdict = v.Say("sender.verdict-good")
	default:
		s.verdict = v.Count("sender.verdict-bad", bad)
	}
	return s, nil
}

// SaveSender changes what stands before the @, and whether texts name services.
func SaveSender(v *page.Visit) (page.Answer, error) {
	f := start(v, "practice", home+"/sender")
	f.take([]string{"sender_local", "sms_services", "sms_price"}, nil)
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		p, err := practice.Find(ctx, tx)
		if err != nil {
			return err
		}
		if err := f.stale(ctx, tx, p); err != nil {
			return err
		}
		was := p
		p.SenderLocal, p.SMSServices = f.values["sender_local"], f.values["sms_services"] == "yes"
		if p.SMSPrice, err = practice.ReadPartPrice("sms_price", f.values["sms_price"]); err != nil {
			return err
		}
		if p, err = practice.Change(ctx, tx, p); err != nil || p == was {
			return err
		}
		return after(ctx, tx, v)
	})
	if err == nil {
		return page.Go(f.to + "?did=saved")
	}
	if !f.refused(err) {
		return page.Answer{}, err
	}
	s, err2 := f.readSender(false)
	if err2 != nil {
		return page.Answer{}, err2
	}
	return page.Again(showSender(f, s), err)
}
