package moving

import (
	"letterhead/transfer/upload"
	"letterhead/web/ui"
)

func heads(s upload.Sheet) []ui.Head {
	out := make([]ui.Head, len(s.Headings))
	for i, h := range s.Headings {
		out[i].Say = h
	}
	return out
}

// statuses and reminders are what an unknown word may mean.
func statuses(o one) []ui.Option {
	out := []ui.Option{{Say: o.visit.Say("import.word-unknown")}}
	for _, value := range []string{"booked", "confirmed", "arrived", "attended", "no show", "cancelled", "late cancellation", "rescheduled"} {
		out = append(out, ui.Option{Value: value, Say: o.visit.Say("import.status-" + value)})
	}
	return out
}

func reminders(o one) []ui.Option {
	out := []ui.Option{{Say: o.visit.Say("import.word-unknown")}}
	for _, value := range []string{"email", "sms", "both", "none", "default"} {
		out = append(out, ui.Option{Value: value, Say: o.visit.Say("import.reminder-" + value)})
	}
	return out
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}
