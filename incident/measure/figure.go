package measure

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"letterhead/incident/book"
	"letterhead/message"
	"letterhead/register"
	"letterhead/store"
)

// mostItems bounds a list within a figure; its number counts all.
const mostItems = 200

// sheet collects figures in their order.
type sheet struct {
	*run
	c      *counted
	whose  store.PracticeID
	out    []book.Figure
	source []string // rows that show counts of messages
}

// unidentified is why nothing can be counted: the stops say what is held, not what is bad.
const unidentified = "the stops hold whole practices or everything: which messages are bad is not said; stop the text, host, version, order or program that is"

func (r *run) figures() map[store.PracticeID][]book.Figure {
	out := map[store.PracticeID][]book.Figure{}
	all := &counted{digests: map[string]bool{}, subjects: map[string]bool{}, rules: map[string]bool{}, orders: map[string]bool{}, members: map[string]bool{}, sessions: map[string]bool{},
		credentials: map[string]bool{}, addresses: map[string]bool{}, routes: map[string]bool{}, seen: map[string]bool{}, fields: map[string]bool{}}
	for _, p := range r.practices() {
		c := r.of[p]
		all.take(c)
		if c.concerned || c.total()+c.caught > 0 {
			out[p] = r.sheet(p, c)
		}
	}
	out[""] = r.sheet("", all)
	return out
}

// take adds a practice's counts.
func (c *counted) take(of *counted) {
	for _, each := range []struct {
		to   *int64
		more int64
	}{{&c.sent, of.sent}, {&c.maybe, of.maybe}, {&c.leaving, of.leaving}, {&c.held, of.held}, {&c.dropped, of.dropped}, {&c.refused, of.refused}, {&c.queued, of.queued}, {&c.clients, of.clients},
		{&c.caught, of.caught}, {&c.released, of.released}, {&c.leaves, of.leaves}, {&c.looks, of.looks}, {&c.shown, of.shown}} {
		*each.to += each.more
	}
	earlier(&c.firstMade, of.firstMade)
	earlier(&c.firstLeft, of.firstLeft)
	later(&c.lastLeft, of.lastLeft)
	c.noLedger = c.noLedger || of.noLedger
	for _, each := range []struct{ to, of map[string]bool }{{c.digests, of.digests}, {c.subjects, of.subjects}, {c.rules, of.rules}, {c.orders, of.orders}, {c.members, of.members},
		{c.sessions, of.sessions}, {c.credentials, of.credentials}, {c.addresses, of.addresses}, {c.routes, of.routes}, {c.seen, of.seen}, {c.fields, of.fields}} {
		maps.Copy(each.to, each.of)
	}
}

func (r *run) sheet(p store.PracticeID, c *counted) []book.Figure {
	s := &sheet{run: r, c: c, whose: p}
	s.source = []string{fmt.Sprintf("rows: message and incident_suspect, made %s to %s%s", r.from.Format(time.RFC3339), r.until.Format(time.RFC3339), s.of())}
	s.times()
	s.counts()
	s.things()
	s.ways()
	s.honest()
	return s.out
}

func (s *sheet) of() string {
	if s.whose == "" {
		return ""
	}
	return ", practice " + string(s.whose)
}

// known tells whether it is said at all which of the sheet's messages are bad: by something suspect, or by a stop of a part that holds none of them.
func (s *sheet) known() bool {
	part := func(x message.Stop) bool {
		return !x.Whole() && (s.whose == "" || x.Practice == "" || x.Practice == s.whose)
	}
	return len(s.c.digests)+len(s.c.subjects) > 0 || slices.ContainsFunc(s.stops, part)
}

func (s *sheet) put(f book.Figure) { s.out = append(s.out, f) }

func (s *sheet) instant(name string, at time.Time, none string, evidence ...string) {
	switch {
	case !s.known() && none != "":
		s.put(book.Figure{Name: name, State: register.Unknown, Note: unidentified})
	case at.IsZero():
		s.put(book.Figure{Name: name, State: register.None, Note: none, Evidence: evidence})
	default:
		s.put(book.Figure{Name: name, State: register.Exact, At: at, Evidence: evidence})
	}
}

func (s *sheet) number(name string, n int64, note string, evidence ...string) {
	switch {
	case !s.known():
		s.put(book.Figure{Name: name, State: register.Unknown, Note: unidentified})
	case n == 0:
		s.put(book.Figure{Name: name, State: register.None, Note: note, Evidence: evidence})
	default:
		s.put(book.Figure{Name: name, State: register.Exact, Number: n, Note: note, Evidence: evidence})
	}
}

// times says when. What was stopped first was detected then.
func (s *sheet) times() {
	const nothing = "no bad message left"
	s.instant("first_made_at", s.c.firstMade, "there is no bad message", s.source...)
	s.instant("first_bad_at", s.c.firstLeft, nothing, s.source...)
	s.instant("last_bad_at", s.c.lastLeft, nothing, s.source...)
	detected, shows := s.item.OpenedAt, []string{"incident " + s.id}
	if first := s.first(); first != nil && first.At.Before(detected) {
		detected, shows = first.At, []string{"stop " + first.ID}
	}
	s.instant("detected_at", detected, "", shows...)
	first := s.first()
	if first == nil {
		for _, name := range []string{"contained_at", "detected_after_ms", "contained_after_ms"} {
			s.put(book.Figure{Name: name, State: register.Unknown, Note: "nothing was stopped for it"})
		}
		return
	}
	contained := first.At
	later(&contained, s.c.lastLeft)
	s.instant("contained_at", contained, nothing, append(shows, s.source...)...)
	span := func(name string, to time.Time) {
		if s.known() && !s.c.firstLeft.IsZero() {
			s.put(book.Figure{Name: name, State: register.Exact, Number: max(0, to.Sub(s.c.firstLeft).Milliseconds()), Note: "since the first bad message left", Evidence: shows})
			return
		}
		s.instant(name, time.Time{}, nothing, shows...)
	}
	span("detected_after_ms", detected)
	span("contained_after_ms", contained)
}

// first is the earliest stop that concerns the sheet's practice.
func (s *sheet) first() *message.Stop {
	for i, x := range s.stops {
		if s.whose == "" || x.Practice == "" || x.Practice == s.whose {
			return &s.stops[i]
		}
	}
	return nil
}

func (s *sheet) counts() {
	c := s.c
	if s.whose == "" {
		var concerned int64
		for _, x := range s.run.of {
			if x.total() > 0 {
				concerned++
			}
		}
		s.number("practices", concerned, "with a bad message, left or not", s.source...)
	}
	s.number("clients", c.clients, "whom a bad message was for, left or not; counted in each practice", s.source...)
	s.number("messages", c.total(), "", s.source...)
	s.left()
	s.number("messages_held", c.held, "", s.source...)
	s.number("messages_recalled", c.dropped, "dropped before they left", s.source...)
	s.number("messages_refused", c.refused, "by the relay or gateway", s.source...)
	s.number("messages_waiting", c.queued, "queued: held by nothing", s.source...)
	s.leafs()
}

// left are the messages that left: rows say so, and the ledger does apart from them.
func (s *sheet) left() {
	c := s.c
	known := c.sent
	most := known + c.maybe + c.leaving
	switch {
	case !s.known() || most == 0:
		s.number("messages_left", 0, "", s.source...)
	case most > known:
		s.put(book.Figure{Name: "messages_left", State: register.Estimate, Number: known, Low: known, High: most, Note: "at least what the relay took; at most also what had begun and has no answer", Evidence: s.source})
	default:
		s.number("messages_left", known, "", s.source...)
	}
}

// leafs counts leaves: a message that is tried again has one for each try, and one whose hand-off did not begin has one too.
func (s *sheet) leafs() {
	c := s.c
	show := []string{}
	if s.whose != "" && c.leaves > 0 {
		show = append(show, fmt.Sprintf("ledger: practice %s, leaves %d to %d", s.whose, c.firstLeaf, c.lastLeaf))
	}
	switch {
	case len(c.digests) == 0:
		s.put(book.Figure{Name: "leaves", State: register.Unknown, Note: "the ledger names versions, and none is suspect by itself"})
	case c.leaves < c.sent:
		s.number("leaves", c.leaves, fmt.Sprintf("fewer than the %d messages whose rows say that they left: rows and ledger do not agree", c.sent), show...)
	default:
		s.number("leaves", c.leaves, "message leaves of the suspect versions; one for each try", show...)
	}
}

func (s *sheet) list(name string, of map[string]bool, none, note string, evidence ...string) {
	items := slices.Sorted(maps.Keys(of))
	if len(items) == 0 {
		s.put(book.Figure{Name: name, State: register.None, Note: none, Evidence: evidence})
		return
	}
	s.put(book.Figure{Name: name, State: register.Exact, Number: int64(len(items)), Items: items[:min(len(items), mostItems)], Note: note, Evidence: evidence})
}

// things are versions, rules, orders, links and fields.
func (s *sheet) things() {
	if !s.known() {
		for _, name := range []string{"versions", "rules", "orders", "link_hosts", "fields_merged"} {
			s.put(book.Figure{Name: name, State: register.Unknown, Note: unidentified})
		}
		return
	}
	s.list("versions", s.c.digests, "no version is suspect by itself", "digests", "rows: wording_version"+s.of())
	s.list("rules", s.c.rules, "none of it came of a rule", "", s.source...)
	s.list("orders", s.c.orders, "none of it came of a bulk message", "", s.source...)
	hosts, fields, unread := map[string]bool{}, map[string]bool{}, false
	for digest := range s.c.digests {
		v := s.versions[digest]
		unread = unread || v == nil || v.bad
		if v == nil {
			continue
		}
		for _, h := range v.hosts {
			hosts[h+": "+s.off(h)] = true
		}
		for _, f := range v.fields {
			fields[f] = true
		}
	}
	if unread || len(s.c.digests) == 0 {
		const why = "what was written is sealed, or is not what was signed: it is not read here"
		s.put(book.Figure{Name: "link_hosts", State: register.Unknown, Note: why})
		s.put(book.Figure{Name: "fields_merged", State: register.Unknown, Note: why})
		return
	}
	s.list("link_hosts", hosts, "there are no links in it", "", "rows: wording_version, freeze_entry"+s.of())
	if s.c.firstLeft.IsZero() {
		fields = nil
	}
	s.list("fields_merged", fields, "nothing was merged: no bad message left", "merged by the courier, seen by nobody who sent", "rows: wording_version"+s.of())
}

// off tells since when links to a host lead nowhere.
func (s *sheet) off(host string) string {
	for _, x := range s.stops {
		if s.whose != "" && x.Practice != "" && x.Practice != s.whose {
			continue
		}
		is := x.Scope == message.StopText || x.Scope == message.StopVersion || x.Scope == message.StopWording || x.Scope == message.StopHost && x.Subject == host
		if x.Scope == message.StopLink {
			u, err := url.Parse(x.Subject)
			is = err == nil && u.Hostname() == host
		}
		switch {
		case is && x.LiftedAt.IsZero():
			return "switched off since " + x.At.Format(time.RFC3339)
		case is:
			return "switched off from " + x.At.Format(time.RFC3339) + " to " + x.LiftedAt.Format(time.RFC3339)
		}
	}
	return "not switched off"
}

// ways are by whom and how it came, and what they were shown.
func (s *sheet) ways() {
	c := s.c
	row := "rows: route_use" + s.of()
	unknown := func(why string, names ...string) {
		for _, name := range names {
			s.put(book.Figure{Name: name, State: register.Unknown, Note: why})
		}
	}
	if !s.known() {
		unknown(unidentified, "endpoints", "credentials", "sessions", "members", "addresses", "personal_data_clients", "personal_data_fields")
		return
	}
	if len(c.members)+len(c.credentials) == 0 {
		unknown("no member and no program is known to have prepared it", "endpoints", "credentials", "sessions", "members", "addresses", "personal_data_clients", "personal_data_fields")
		return
	}
	if len(c.sessions)+len(c.credentials) == 0 {
		const why = "the log of requests has nothing of theirs in this time: it came at the signing desk alone, by rows, or before the log reaches back"
		unknown(why, "endpoints", "sessions", "addresses", "personal_data_clients", "personal_data_fields")
	} else {
		gaps := ""
		if s.asked.lost > 0 {
			gaps = fmt.Sprintf("the log of requests lost %d", s.asked.lost)
		}
		s.list("endpoints", c.routes, "they changed nothing by a route", gaps, row)
		s.list("sessions", c.sessions, "no session: a program", gaps, row)
		s.list("addresses", c.addresses, "", "keyed hashes of network addresses", row)
		s.number("personal_data_clients", max(int64(len(c.seen)), c.shown*boolean(len(c.seen) == 0)), "clients of whom those sessions and programs were shown anything, by our own access log", "rows: look, look_client"+s.of())
		s.list("personal_data_fields", c.fields, "none, by our own access log", "", "rows: look"+s.of())
	}
	s.list("credentials", c.credentials, "no program's credential", "", "rows: program_grant"+s.of())
	s.list("members", c.members, "", "who prepared, asked for or signed it", "rows: wording_version, bulk_order; approvals named by the leaves"+s.of())
}

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (s *sheet) honest() {
	if s.first() == nil {
		for _, name := range []string{"honest_caught", "honest_released"} {
			s.put(book.Figure{Name: name, State: register.None, Note: "nothing was stopped for it"})
		}
		return
	}
	const row = "rows: message_step held by the incident's stops, without suspects"
	if slices.ContainsFunc(s.stops, func(x message.Stop) bool { return x.Scope == message.StopPlatform }) {
		s.put(book.Figure{Name: "honest_caught", State: register.Unknown, Note: fmt.Sprintf("while everything is stopped messages wait in the queue and have no step; of practices and parts %d were held", s.c.caught), Evidence: []string{row}})
		s.put(book.Figure{Name: "honest_released", State: register.Unknown, Note: "as those caught", Evidence: []string{row}})
		return
	}
	for _, f := range []struct {
		name string
		n    int64
	}{{"honest_caught", s.c.caught}, {"honest_released", s.c.released}} {
		state := register.Exact
		if f.n == 0 {
			state = register.None
		}
		s.put(book.Figure{Name: f.name, State: state, Number: f.n, Evidence: []string{row + s.of()}})
	}
}
