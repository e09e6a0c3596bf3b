package inbox

import (
	"net/http"
	"slices"
	"strconv"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/testkit/sink"
	"letterhead/web/mail"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/wording"
)

// inboxPath is where the sinks' inbox stands.
const inboxPath = "/sink"

// newest is how many messages a list shows.
const newest = 200

var errNoMail = fault.New(fault.NotFound, "sink.none", "the sink does not have this message any more")

// Routes are the inbox's pages. They exist in the demonstration alone.
func (s *Sinks) Routes() []page.Route {
	return []page.Route{
		page.For("GET "+inboxPath, guard.MessageRead, s.showMails),
		page.For("GET "+inboxPath+"/texts", guard.MessageRead, s.showTexts),
		page.For("GET "+inboxPath+"/mail/{id}", guard.MessageRead, s.showMail),
		page.For("GET "+inboxPath+"/mail/{id}/html", guard.MessageRead, s.showHTML),
	}
}

// Places is the inbox's entry in the menu.
func (s *Sinks) Places() []ui.Place { return []ui.Place{{Name: "Inbox", Path: inboxPath, Key: "i"}} }

// letter is a line of the list.
type letter struct {
	id                int
	when, to, subject string
}

type inbox struct {
	frame ui.Frame
	visit *page.Visit
	tabs  []ui.Tab
	mails []letter
	texts []text
	total int
}

type text struct {
	when, from, to, text string
	parts                int
}

func (s *Sinks) showMails(v *page.Visit) (page.Answer, error) {
	all := s.Mail.List()
	b := s.inbox(v, len(all), false)
	slices.Reverse(all)
	for _, m := range all[:min(len(all), newest)] {
		o := mail.Open(m.Raw)
		b.mails = append(b.mails, letter{id: m.ID, when: v.Text.Moment(m.At.In(v.Location), v.Now.In(v.Location)), to: m.To, subject: o.Subject})
	}
	return page.Show(showInbox(b))
}

func (s *Sinks) showTexts(v *page.Visit) (page.Answer, error) {
	all := s.Text.List()
	b := s.inbox(v, len(all), true)
	slices.Reverse(all)
	for _, m := range all[:min(len(all), newest)] {
		parts, _, _ := wording.SMSParts(m.Text)
		b.texts = append(b.texts, text{when: v.Text.Moment(m.At.In(v.Location), v.Now.In(v.Location)), from: m.From, to: m.To, text: m.Text, parts: parts})
	}
	return page.Show(showInbox(b))
}

func (s *Sinks) inbox(v *page.Visit, total int, texts bool) inbox {
	return inbox{frame: v.Frame(v.Say("sink.title"), inboxPath), visit: v, total: total, tabs: []ui.Tab{
		{To: inboxPath, Say: v.Say("sink.mails"), Current: !texts}, {To: inboxPath + "/texts", Say: v.Say("sink.texts"), Current: texts}}}
}

// mailPage is one mail: as it looks, as text, and its header lines.
type mailPage struct {
	frame ui.Frame
	visit *page.Visit
	id    string
	when  string
	view  string
	mail  mail.Mail
	tabs  []ui.Tab
}

func (s *Sinks) find(v *page.Visit) (sink.Mail, error) {
	id, err := strconv.Atoi(v.Path("id"))
	if err != nil {
		return sink.Mail{}, errNoMail
	}
	m, ok := s.Mail.Get(id)
	if !ok {
		return sink.Mail{}, errNoMail
	}
	return m, nil
}

func (s *Sinks) showMail(v *page.Visit) (page.Answer, error) {
	m, err := s.find(v)
	if err != nil {
		return page.Answer{}, err
	}
	p := mailPage{visit: v, id: strconv.Itoa(m.ID), mail: mail.Open(m.Raw), view: "html", when: v.Text.Moment(m.At.In(v.Location), v.Now.In(v.Location))}
	if view := v.Query("view"); view == "text" || view == "headers" {
		p.view = view
	}
	for _, view := range []string{"html", "text", "headers"} {
		p.tabs = append(p.tabs, ui.Tab{To: inboxPath + "/mail/" + p.id + "?view=" + view, Say: v.Say("sink." + view), Current: view == p.view})
	}
	p.frame = v.Frame(p.mail.Subject, inboxPath)
	return page.Show(showOne(p))
}

func (s *Sinks) showHTML(v *page.Visit) (page.Answer, error) {
	m, err := s.find(v)
	if err != nil {
		return page.Answer{}, err
	}
	return page.Answer{Status: http.StatusOK, Raw: mail.Open(m.Raw).Framed(), Header: map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": mail.FramePolicy}}, nil
}

func (t text) partsSay(v *page.Visit) string { return v.Count("sink.parts", t.parts) }
