package operate

import (
	"net/url"
	"time"

	"letterhead/message"
	"letterhead/web/ui"
)

func (s seen) n(n int64) string { return s.text.Number(int(n)) }

func (s seen) moment(at time.Time) string { return s.text.Moment(at.UTC(), s.now.UTC()) + " UTC" }

func (s seen) whose(stop message.Open) string {
	if stop.Practice == "" {
		return s.text.Say("operator.everywhere")
	}
	return string(stop.Practice)
}

func (s seen) part(stop message.Open) string {
	if stop.Part == "" {
		return s.text.Say("operator.everything")
	}
	return stop.Part
}

// pages leads back to the beginning and on.
func (s seen) pages() (newer, older ui.Link) {
	if !s.first {
		newer = ui.Link{To: "/", Say: s.text.Say("operator.first")}
	}
	if s.next != "" {
		older = ui.Link{To: "/?after=" + url.QueryEscape(s.next), Say: s.text.Say("operator.more")}
	}
	return newer, older
}
