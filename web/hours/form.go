package hours

import (
	"letterhead/fault"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/zone"
)

var errForm = fault.Field("form", "hours.form", "mend the form")

// form reads what was typed, and notes what is wrong.
type form struct{ problems []ui.Problem }

func (f *form) date(v *page.Visit, name string, optional bool) zone.Date {
	if optional && v.Form(name) == "" {
		return zone.Date{}
	}
	date, err := zone.ParseDate(v.Form(name))
	if err != nil {
		f.problems = append(f.problems, ui.Problem{Field: name, Say: v.Say("form.date-wrong")})
	}
	return date
}

// clock reads a time as a time field posts it; 24:00 is the end of the day.
func (f *form) clock(v *page.Visit, name string) int {
	if v.Form(name) == "24:00" {
		return 24 * 60
	}
	wall, err := zone.ParseWall("2026-01-01T" + v.Form(name))
	if err != nil {
		f.problems = append(f.problems, ui.Problem{Field: name, Say: v.Say("form.time-wrong")})
	}
	return wall.Minute
}
