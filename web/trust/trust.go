// Package trust is the page on which anybody who works there stops sending. It stops at once, asks why, says what it will do and what may have left
// already, and leads to the signing desk, where a stop ends.
//
// It promises: a stop needs nothing but the permission and a reason; a team member or a program is stopped by those alone who may take their access
// away, and loses their sessions and keys with it. It never lifts.
package trust

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
)

const home = "/stop"

// Bounds of what the page lists.
const (
	lately    = time.Minute
	mostShown = 50
	mostEnded = 10
)

// The errors of the form: a part that is not on the list, a link that is in no template.
var (
	errWhat = fault.Field("what", "stop.what", "choose what is to stop from the list")
	errLink = fault.Field("site", "stop.link", "none of your templates has this link; copy it from the message, or write the address that it leads to")
)

type stopping struct {
	frame        ui.Frame
	visit        *page.Visit
	options      []ui.Option
	names        map[string]string // of what can be stopped, as in the options
	people       map[string]string
	open, ended  []message.Stop
	made         *message.Stop // a moment ago
	effect       *effect       // of what was made, or is looked at; nil: there is none to say
	left         []handed
	week         []message.Day
	more         int
	what, reason string
	site         string
	problems     []ui.Problem
}

// handed is a message that had begun to leave.
type handed struct {
	id   message.ID
	when string
	fate story.Fate
}

// Show is the page. ?did= names the stop that was just made; ?what= and ?site= are what a link to the page has chosen.
func Show(v *page.Visit) (page.Answer, error) {
	s := stopping{visit: v, what: cmp.Or(v.Query("what"), "practice"), site: v.Query("site")}
	if err := s.read(v.Query("did")); err != nil {
		return page.Answer{}, err
	}
	return page.Show(show(s))
}

// Stop stops, or says what it would do.
func Stop(v *page.Visit) (page.Answer, error) {
	s := stopping{visit: v, what: v.Form("what"), site: v.Form("site"), reason: strings.Join(strings.Fields(v.Form("reason")), " ")}
	if v.Form("look") != "" {
		return s.look()
	}
	var made message.Stop
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		scope, subject, err := s.chosen(ctx, tx)
		if err != nil {
			return err
		}
		if made, err = message.FreezeOnly(ctx, tx, scope, subject, s.reason); err != nil {
			return err
		}
		switch scope { //nolint:exhaustive // the others end nobody's access
		case message.StopMember:
			_, err = guard.EndVisits(ctx, tx, v.Member, store.MemberID(subject))
		case message.StopCredential:
			if err = guard.EndCredential(ctx, tx, subject); errors.Is(err, store.ErrNone) { // it had ended
				err = nil
			}
		}
		return err
	})
	if err == nil {
		return page.Go(home + "?did=" + made.ID)
	}
	return s.refused(err)
}

func (s *stopping) refused(err error) (page.Answer, error) {
	problem := page.Problem(s.visit.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	s.problems = []ui.Problem{*problem}
	if err := s.read(""); err != nil {
		return page.Answer{}, err
	}
	return page.Again(show(*s), err)
}

// look says what a stop would hold, and stops nothing.
func (s *stopping) look() (page.Answer, error) {
	err := s.visit.View(func(ctx context.Context, tx *store.Tx) error {
		scope, subject, err := s.chosen(ctx, tx)
		if err != nil {
			return err
		}
		if s.effect, err = weigh(ctx, tx, scope, subject); err == nil && s.effect != nil {
			s.effect.what = s.holds(message.Stop{Scope: scope, Subject: subject})
		}
		return err
	})
	if err == nil {
		err = s.read("")
	}
	if err != nil {
		return s.refused(err)
	}
	return page.Show(show(*s))
}

// chosen is what the form says, of what this visitor may stop.
func (s *stopping) chosen(ctx context.Context, tx *store.Tx) (message.Scope, string, error) {
	if err := s.list(ctx, tx); err != nil {
		return "", "", err
	}
	switch s.what {
	case string(message.StopHost):
		site := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(s.site), "https://"), "http://"), "/")
		if site == "" {
			return "", "", fault.Field("site", "stop.site", "write the site, such as www.example.com")
		}
		return message.StopHost, site, nil
	case string(message.StopLink):
		address, err := template.LinkOf(ctx, tx, s.site)
		if fault.As(err) != nil {
			err = errLink
		}
		return message.StopLink, address, err
	}
	if !slices.ContainsFunc(s.options, func(o ui.Option) bool { return o.Value == s.what }) {
		return "", "", errWhat
	}
	scope, subject, _ := strings.Cut(s.what, ":")
	return message.Scope(scope), subject, nil
}

// list says what can be stopped.
func (s *stopping) list(ctx context.Context, tx *store.Tx) error {
	v := s.visit
	s.names, s.people = map[string]string{}, map[string]string{}
	s.options = []ui.Option{{Value: string(message.StopPractice), Say: v.Say("stop.everything")}}
	add := func(scope message.Scope, subject, name, key string) {
		value := string(scope) + ":" + subject
		s.names[value] = v.Say(key, name)
		s.options = append(s.options, ui.Option{Value: value, Say: s.names[value]})
	}
	rules, err := plan.Rules(ctx, tx)
	if err != nil {
		return err
	}
	for _, r := range rules {
		add(message.StopRule, r.Key, r.Name, "stop.rule")
	}
	wordings, err := template.List(ctx, tx)
	if err != nil {
		return err
	}
	for _, w := range wordings {
		add(message.StopWording, string(w.ID), w.Name, "stop.wording")
	}
	if err := s.texts(ctx, tx, wordings, add); err != nil {
		return err
	}
	s.options = append(s.options, ui.Option{Value: string(message.StopLink), Say: v.Say("stop.link-choice")}, ui.Option{Value: string(message.StopHost), Say: v.Say("stop.host-choice")})
	members, err := guard.Members(ctx, tx)
	if err != nil {
		return err
	}
	for _, m := range members {
		s.people[string(m.ID)] = m.Name
		if v.May(guard.TeamChange) && v.Member.Role.Covers(m.Role) {
			add(message.StopMember, string(m.ID), m.Name, "stop.member")
		}
	}
	if !v.May(guard.CredentialChange) {
		return nil
	}
	programs, err := guard.Credentials(ctx, tx)
	for _, p := range programs {
		add(message.StopCredential, p.ID, p.Name, "stop.program")
	}
	return err
}

// texts adds what the templates say now, and the text that was chosen, of whichever version.
func (s *stopping) texts(ctx context.Context, tx *store.Tx, wordings []template.Wording, add func(message.Scope, string, string, string)) error {
	all, err := template.Latest(ctx, tx)
	if err != nil {
		return err
	}
	texts := func(v template.Stored, only string) {
		for _, l := range v.Says.Languages {
			text, name := textOf(v.Says, l.Tag), v.Name
			if _, listed := s.names[string(message.StopText)+":"+text]; listed || only != "" && text != only {
				continue
			}
			if len(v.Says.Languages) > 1 {
				name += " (" + l.Tag + ")"
			}
			add(message.StopText, text, name, "stop.text")
		}
	}
	for _, w := range wordings {
		if at := slices.IndexFunc(all, func(v template.Stored) bool { return v.ID == w.Current }); at >= 0 {
			texts(all[at], "")
		}
	}
	if chosen, is := strings.CutPrefix(s.what, string(message.StopText)+":"); is {
		for _, v := range all {
			texts(v, chosen)
		}
	}
	return nil
}

func (s *stopping) read(did string) error {
	v := s.visit
	s.frame = v.Frame(v.Say("stop.title"), home)
	if w := s.frame.Warning; w != nil && w.Link != "" { // the page says it itself; of the platform's stop it knows nothing
		s.frame.Warning = nil
	}
	return v.View(func(ctx context.Context, tx *store.Tx) error {
		err := s.list(ctx, tx)
		if err != nil {
			return err
		}
		if s.open, err = message.Frozen(ctx, tx); err != nil {
			return err
		}
		if s.ended, err = message.Lifted(ctx, tx, mostEnded); err != nil {
			return err
		}
		if err := s.days(ctx, tx); err != nil {
			return err
		}
		at := slices.IndexFunc(s.open, func(o message.Stop) bool { return did != "" && o.ID == did })
		if at < 0 {
			return nil
		}
		s.made = &s.open[at]
		if s.effect, err = weigh(ctx, tx, s.made.Scope, s.made.Subject); err != nil {
			return err
		}
		if s.effect != nil {
			s.effect.what = s.holds(*s.made)
		}
		begun, err := message.Begun(ctx, tx, s.made.At.Add(-lately))
		s.more = max(0, len(begun)-mostShown)
		for _, b := range begun[:min(len(begun), mostShown)] {
			h := handed{id: b.ID, fate: story.FateOf(message.Message{State: b.State, Intent: message.Intent{ID: b.ID}, Reason: b.Reason}, nil)}
			if !b.LeftAt.IsZero() {
				h.when = v.Text.Moment(b.LeftAt.In(v.Location), v.Now.In(v.Location))
			}
			s.left = append(s.left, h)
		}
		return err
	})
}

// holds says what a stop holds, by the names people know.
func (s *stopping) holds(o message.Stop) string {
	v := s.visit
	switch o.Scope { //nolint:exhaustive // the others have names, or are said as they are signed
	case message.StopPractice:
		return v.Say("stop.everything")
	case message.StopHost:
		return v.Say("stop.host", o.Subject)
	case message.StopLink:
		return v.Say("stop.link", o.Subject)
	case message.StopMember:
		if name := s.people[o.Subject]; name != "" {
			return v.Say("stop.member", name)
		}
	}
	if name := s.names[string(o.Scope)+":"+o.Subject]; name != "" {
		return name
	}
	return o.Words()
}

// access tells whether a person or a program is stopped.
func (s *stopping) access() bool {
	return slices.ContainsFunc(s.open, func(o message.Stop) bool {
		return o.Scope == message.StopMember || o.Scope == message.StopCredential
	})
}

// since says when, by whom and why.
func (s *stopping) since(o message.Stop) string {
	v := s.visit
	who := s.people[o.Who]
	if who == "" {
		who = o.Who
	}
	return v.Say("stop.since", v.Text.Moment(o.At.In(v.Location), v.Now.In(v.Location)), who)
}

func (s *stopping) until(o message.Stop) string {
	v := s.visit
	return v.Say("stop.until", v.Text.Moment(o.LiftedAt.In(v.Location), v.Now.In(v.Location)))
}

func errorOf(problems []ui.Problem, field string) string {
	for _, problem := range problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}
