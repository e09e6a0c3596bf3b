package messages

import (
	"net/http"
	"strings"

	"letterhead/fault"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/wording/code"
)

// asked is a code that somebody reads out, and the answer in words that can be said to them. It tells nothing of who got the mail: that stands on the
// message's own page, which opens it and is noted as that.
type asked struct {
	frame ui.Frame
	visit *page.Visit
	typed string
	wrong string
	said  *answered
}

type answered struct {
	kind       ui.Kind
	title, say string
	hosts      []string
	to         ui.Link
}

// AskCode is the form.
func AskCode(v *page.Visit) (page.Answer, error) { return showAsked(http.StatusOK, asked{visit: v}) }

// AnswerCode is the answer.
func AnswerCode(v *page.Visit) (page.Answer, error) {
	a := asked{visit: v, typed: v.Request.PostFormValue("code")}
	if len(a.typed) > 64 {
		a.typed = ""
	}
	c, ok := code.Parse(a.typed)
	if !ok {
		a.wrong = v.Say("code.wrong")
		return showAsked(http.StatusUnprocessableEntity, a)
	}
	if v.Codes == nil {
		a.wrong = v.Say("code.elsewhere")
		return showAsked(http.StatusServiceUnavailable, a)
	}
	a.typed = c.String()
	known, err := v.Codes.Code(v.Context(), v.Actor, c)
	if f := fault.As(err); f != nil && f.Kind == fault.TooMany {
		a.wrong = v.Say("code.often")
		return showAsked(http.StatusTooManyRequests, a)
	}
	if err != nil {
		return page.Answer{}, err
	}
	day := v.Text.Moment(known.At.In(v.Location), v.Now.In(v.Location))
	switch known.Verdict {
	case page.Sent:
		a.said = &answered{kind: ui.Good, title: v.Say("code.sent"), say: v.Say("code.sent-say", day), hosts: known.Hosts}
		if len(known.Hosts) == 0 {
			a.said.say += " " + v.Say("code.no-links")
		}
	case page.Withdrawn:
		a.said = &answered{kind: ui.Bad, title: v.Say("code.withdrawn"), say: v.Say("code.withdrawn-say", day)}
	case page.Erased:
		a.said = &answered{kind: ui.Wait, title: v.Say("code.erased"), say: v.Say("code.erased-say", day)}
	default:
		a.said = &answered{kind: ui.Bad, title: v.Say("code.not-ours"), say: v.Say("code.not-ours-say")}
	}
	if known.Message != "" {
		a.said.to = ui.Link{To: "/messages/" + known.Message, Say: v.Say("code.message")}
	}
	return showAsked(http.StatusOK, a)
}

func showAsked(status int, a asked) (page.Answer, error) {
	a.frame = a.visit.Frame(a.visit.Say("code.title"), "/messages")
	out, err := page.Show(ask(a))
	out.Status = status
	return out, err
}

// checkPage is where the practice's clients check for themselves.
func (a asked) checkPage() string { return "/check/" + strings.ToLower(a.visit.Practice.Label) }
