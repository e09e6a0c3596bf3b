package clients

import (
	"context"
	"slices"
	"strconv"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
)

type reach struct {
	frame                     ui.Frame
	visit                     *page.Visit
	client                    client.Client
	email, mobile, wants, ver string
	noEmail, noSMS            bool      // consent withdrawn
	why                       [2]string // messages to the address ended, by channel; "" where they did not
	problems                  []ui.Problem
	may                       bool
}

// ShowReach is how a client is reached and what they chose.
func ShowReach(v *page.Visit) (page.Answer, error) {
	r := reach{visit: v}
	if err := r.read(); err != nil {
		return page.Answer{}, err
	}
	r.email, r.mobile, r.wants, r.ver = r.client.Email.Written, r.client.Mobile.Written, wanted(r.client.Reminders), strconv.FormatInt(r.client.Version, 10)
	r.mark()
	if v.Query("did") == "reach" {
		r.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did.reach")}
	}
	return page.Show(show(r))
}

// Reach changes it, or shows the form again with what to mend.
func Reach(v *page.Visit) (page.Answer, error) {
	r := reach{visit: v, email: v.Form("email"), mobile: v.Form("mobile"), wants: v.Form("reminders"), ver: v.Form("version")}
	noEmail, noSMS := v.Form("no_email") == "yes", v.Form("no_sms") == "yes"
	id := client.ID(v.Path("id"))
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		c, err := client.Find(ctx, tx, keys, id)
		if err != nil {
			return err
		}
		c.Email, c.Mobile, c.Reminders = client.Address{Written: r.email}, client.Address{Written: r.mobile}, unwanted(r.wants)
		if c.Version, err = strconv.ParseInt(r.ver, 10, 64); err != nil {
			c.Version = -1 // no reading has this number
		}
		if _, err = client.Change(ctx, tx, keys, c); err != nil {
			return err
		}
		if c, err = client.Find(ctx, tx, keys, id); err != nil {
			return err
		}
		if err := r.consent(ctx, tx, keys, &c); err != nil {
			return err
		}
		return plan.RefreshClient(ctx, tx, id)
	})
	if err == nil {
		return page.Go("/clients/" + string(id) + "/reach?did=reach")
	}
	err = story.Named(v, "client", err)
	problem := page.Problem(v.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	r.problems = []ui.Problem{*problem}
	if err := r.read(); err != nil {
		return page.Answer{}, err
	}
	r.noEmail, r.noSMS = noEmail, noSMS
	r.mark()
	return page.Again(show(r), err)
}

// channels are those that a client is reached by, with the names of their fields.
var channels = []struct {
	channel practice.Channel
	name    string
}{{practice.Email, "email"}, {practice.SMS, "sms"}}

// consent writes an answer where it is another than before: nobody is asked twice for what they said already. Who takes a refusal back, or asks for
// messages to an address that came back or was stopped, wants them again: the courier verifies it.
func (r *reach) consent(ctx context.Context, tx *store.Tx, keys *vault.Keys, c *client.Client) error {
	latest, err := client.Consents(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	var answers []client.Consent
	for _, at := range channels {
		topic := client.Topic{Category: client.Appointments, Channel: at.channel}
		before, asked := latest[topic]
		was, is := asked && !before.Given, r.visit.Form("no_"+at.name) == "yes"
		if was != is {
			answers = append(answers, client.Consent{Client: c.ID, Topic: topic, Given: !is, Source: "desk"})
		}
		if !is && (was || r.visit.Form("again_"+at.name) == "yes") {
			standing, err := stopped(ctx, tx, keys, c, at.channel)
			if err == nil && len(standing) > 0 {
				err = message.Allow(ctx, tx, keys, standing...)
			}
			if err != nil {
				return err
			}
		}
	}
	return client.SetConsent(ctx, tx, answers...)
}

// stopped is what ended messages about appointments to the address on file: it came back, complained or said STOP.
func stopped(ctx context.Context, tx *store.Tx, keys *vault.Keys, c *client.Client, channel practice.Channel) ([]message.Suppression, error) {
	index := client.AddressIndex(keys, channel, map[practice.Channel]client.Address{practice.Email: c.Email, practice.SMS: c.Mobile}[channel])
	if index == "" {
		return nil, nil
	}
	standing, err := message.Standing(ctx, tx, message.Channel(channel), index)
	return slices.DeleteFunc(standing, func(s message.Suppression) bool { return s.Purpose != "" }), err
}

func (r *reach) read() error {
	v := r.visit
	r.may = v.May(guard.ClientChange)
	return v.View(func(ctx context.Context, tx *store.Tx) error {
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		if r.client, err = client.Find(ctx, tx, keys, client.ID(v.Path("id"))); err != nil {
			return err
		}
		latest, err := client.Consents(ctx, tx, r.client.ID)
		refused := func(channel practice.Channel) bool {
			answer, asked := latest[client.Topic{Category: client.Appointments, Channel: channel}]
			return asked && !answer.Given
		}
		r.noEmail, r.noSMS = refused(practice.Email), refused(practice.SMS)
		for i, at := range channels {
			if standing, err := stopped(ctx, tx, keys, &r.client, at.channel); err != nil {
				return err
			} else if len(standing) > 0 {
				r.why[i] = standing[0].Reason
			}
		}
		r.frame = v.Frame(r.client.Name(), "")
		return err
	})
}

// mark says of what stands there already, and is no address, that it is none.
func (r *reach) mark() {
	if len(r.problems) > 0 {
		return
	}
	if r.client.Email.State == client.Bad {
		r.problems = append(r.problems, ui.Problem{Field: "email", Say: r.visit.Say("reach.bad-email")})
	}
	if country := r.visit.Practice.Country; r.client.Mobile.Costly(country) {
		r.problems = append(r.problems, ui.Problem{Field: "mobile", Say: r.visit.Say("reach.costly-mobile")})
	} else if r.client.Mobile.State == client.Bad {
		r.problems = append(r.problems, ui.Problem{Field: "mobile", Say: r.visit.Say("reach.bad-mobile")})
	}
}

func (r reach) errorOf(field string) string {
	for _, problem := range r.problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// unset is the form's word for "as the practice does".
const unset = "default"

func wanted(r client.Reminders) string {
	if r == client.Unset {
		return unset
	}
	return string(r)
}

func unwanted(word string) client.Reminders {
	if word == unset {
		return client.Unset
	}
	if word == "" {
		return client.Reminders("missing") // refused by client.Change
	}
	return client.Reminders(word)
}

func (r reach) wishes() []ui.Option {
	var options []ui.Option
	for _, word := range []string{unset, "email", "sms", "both", "none"} {
		options = append(options, ui.Option{Value: word, Say: r.visit.Say("wants." + word)})
	}
	options[0].Help = r.visit.Say("wants.default-" + string(r.visit.Practice.DefaultChannel))
	return options
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}
