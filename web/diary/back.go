package diary

import (
	"net/url"
	"regexp"
	"strconv"

	"letterhead/calendar"
	"letterhead/web/page"
	"letterhead/zone"
)

func number(n int64) string { return strconv.FormatInt(n, 10) }

// boardAddress is all that a form may lead back to: the calendar, by ids, days and words.
var boardAddress = regexp.MustCompile(`^/calendar\?[A-Za-z0-9=&-]{1,300}$`)

// back is the board that a form came from, "" when it came from elsewhere.
func back(v *page.Visit) string {
	if to := v.Form("back"); boardAddress.MatchString(to) {
		return to
	}
	return ""
}

// went leads to where somebody came from, with what was done to which appointment.
func went(v *page.Visit, id calendar.ID, did string) (page.Answer, error) {
	if to := back(v); to != "" {
		return page.Go(to + "&did=" + did + "&at=" + url.QueryEscape(string(id)))
	}
	return page.Go(address(id, did))
}

// from is the board that a link to a form came from: ?from=day or week, with the day and practitioner that the form begins with.
func from(v *page.Visit, date, who string) string {
	view := v.Query("from")
	if _, err := zone.ParseDate(date); err != nil || view != byDay && view != byWeek {
		return ""
	}
	to := "/calendar?view=" + view + "&date=" + date + "&who=" + everybody
	if view == byWeek && who != "" {
		to = "/calendar?view=" + view + "&date=" + date + "&who=" + who
	}
	if place := v.Query("place"); place != "" {
		to += "&place=" + place
	}
	if !boardAddress.MatchString(to) {
		return ""
	}
	return to
}
