package show

import "letterhead/order"

// Chosen says in words how a bulk message's recipients were chosen.
func Chosen(f order.Filter, w Words) []string {
	out := []string{"active clients who can be reached and did not say no"}
	add := func(value, say string) {
		if value != "" {
			out = append(out, say)
		}
	}
	add(string(f.Practitioner), "with "+w.Thing(string(f.Practitioner)))
	add(string(f.Location), "at "+w.Thing(string(f.Location)))
	add(string(f.Service), "for "+w.Thing(string(f.Service)))
	add(f.SeenSince, "seen since "+f.SeenSince)
	add(f.NotSeenSince, "not seen since "+f.NotSeenSince)
	if f.BookedTo != "" {
		add(f.BookedFrom, "with an appointment from "+f.BookedFrom+" to "+f.BookedTo)
	} else {
		add(f.BookedFrom, "with an appointment from "+f.BookedFrom+" on")
	}
	add(f.Language, "whose language is "+f.Language)
	if f.Prefer {
		out = append(out, "who prefer this way")
	}
	return out
}
