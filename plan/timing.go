package plan

import "time"

// clocked sets the times of a reminder or after-care line. planned: a due row stands open for it, so being late is a backlog.
func (p *planner) clocked(l *Line, quiet Quiet, home *time.Location, planned bool) Reason {
	a, rule := &p.f.Appointment, l.rule
	named := rule.Trigger.planned(a)
	due, moved := named, false
	if quiet.quietAt(named, home) {
		due, moved = quiet.before(named, home), true
	}
	l.Due, l.Next = due.In(a.Zone), due
	known := later(a.BookedAt, a.MovedAt)
	imported := a.BookedAt.IsZero() && !a.KnownAt.After(p.now)
	switch {
	case named.Before(a.MovedAt):
		return MovedLater
	case named.Before(a.BookedAt):
		return BookedLater
	case imported && named.Before(a.KnownAt):
		return KnownLater
	case !planned && !rule.Changed.After(p.now) && named.Before(rule.Changed):
		return RuleLater
	case moved && (due.Before(known) || imported && due.Before(a.KnownAt)):
		return QuietBefore
	case moved && !planned && due.Before(p.now):
		return QuietPast
	}
	if rule.Trigger.Kind == DaysAfter {
		if !due.After(a.Starts) {
			return QuietBefore
		}
		l.Until = due.Add(afterUseful)
	} else {
		if !due.Before(a.Starts) {
			return AfterStart
		}
		l.Until = a.Starts.Add(-margin)
		if !due.Before(l.Until) {
			l.Until = a.Starts
		}
	}
	if moved && l.Reason == Planned {
		l.Reason = Earlier
	}
	return p.late(l, quiet, home, true)
}

// late decides what becomes of a line whose instant has passed. held: it must not go at night.
func (p *planner) late(l *Line, quiet Quiet, home *time.Location, held bool) Reason {
	if !p.now.After(l.Due) {
		return ""
	}
	if !p.now.Before(l.Until) {
		return TooLate
	}
	l.Next = p.now
	if held {
		l.Next = quiet.Morning(p.now, home)
	}
	if !l.Next.Before(l.Until) {
		return QuietTooLate
	}
	if l.Next.Sub(l.Due) >= delayed {
		l.Reason = Late
	}
	return ""
}

// event sets the times of booked, changed and cancelled.
func (p *planner) event(l *Line, quiet Quiet, home *time.Location) Reason {
	a, t := &p.f.Appointment, &l.rule.Trigger
	var at time.Time
	l.Until = a.Starts
	switch t.Kind {
	case OnBooked:
		if a.BookedAt.IsZero() {
			return Imported
		}
		// Moved before anybody was told: the confirmation tells the new time, and "changed" says nothing (relate).
		at = a.BookedAt
		if a.MovedAt.After(at) && a.MovedAt.Sub(at) < bookedUseful && !p.announced(l, false) {
			at = a.MovedAt
		}
	case OnChanged:
		at = a.MovedAt
		if p.movedBack(l) {
			l.Due, l.Next = at.Add(t.delay()).In(a.Zone), at.Add(t.delay())
			return MovedBack
		}
	case OnCancelled:
		if a.CancelledAt.IsZero() {
			return Imported
		}
		at = a.CancelledAt
		if !a.BookedAt.IsZero() && at.Before(a.BookedAt.Add(t.delay())) && !p.announced(l, false) {
			l.Due, l.Next = at.Add(t.delay()).In(a.Zone), at.Add(t.delay())
			return NotTold
		}
	case DaysBefore, HoursBefore, DaysAfter:
	}
	due, held := at.Add(t.delay()), false
	if l.Channel == SMS && quiet.quietAt(later(due, p.now), home) {
		if held = quiet.Morning(later(due, p.now), home).Before(a.Starts.Add(-margin)); !held && t.Kind == OnBooked {
			l.Due, l.Next = due.In(a.Zone), due
			return QuietTooLate
		}
		if held && quiet.quietAt(due, home) {
			due, l.Reason = quiet.Morning(due, home), Morning
		}
	}
	l.Due, l.Next = due.In(a.Zone), due
	if until := due.Add(bookedUseful); t.Kind == OnBooked && until.Before(l.Until) {
		l.Until = until
	}
	if t.Kind == OnBooked && a.MovedAt.After(a.BookedAt) && at.Equal(a.BookedAt) && p.announced(l, false) {
		return AlreadySent
	}
	if !due.Before(a.Starts) {
		return AfterStart
	}
	return p.late(l, quiet, home, held)
}

// relate settles what depends on another line of the same attendee.
func (p *planner) relate(lines []Line) {
	for i := range lines {
		l := &lines[i]
		if l.Verdict != Send || l.Reason == AlreadySent {
			continue
		}
		switch k := l.rule.Trigger.Kind; {
		case k == OnChanged:
			p.partOfBooking(l, lines)
		case k.reminder():
			p.nextReminder(l, lines)
		}
	}
}

// partOfBooking drops news of a change to somebody whom the booking's confirmation tells, or told, the new time.
func (p *planner) partOfBooking(l *Line, lines []Line) {
	told := p.announced(l, true)
	for j := range lines {
		b := &lines[j]
		told = told || b.rule.Trigger.Kind == OnBooked && b.Recipient == l.Recipient && b.Verdict == Send && b.Reason != AlreadySent
	}
	if told {
		l.Verdict, l.Reason = Skip, ToldByBooking
	}
}

// nextReminder ends a reminder's use when a later one of the same recipient falls due.
func (p *planner) nextReminder(l *Line, lines []Line) {
	for j := range lines {
		n := &lines[j]
		if !n.rule.Trigger.Kind.reminder() || n.Recipient != l.Recipient || n.Verdict != Send || !n.Due.After(l.Due) {
			continue
		}
		if n.Due.Before(l.Until) {
			l.Until = n.Due
		}
	}
	if l.Next.After(l.Due) && !l.Next.Before(l.Until) {
		l.Verdict, l.Reason = Skip, Superseded
	}
}

// movedBack reports whether the appointment is again where a line's recipient believes it to be: dragged away and back by hand, before anybody was
// told. Going back in generations, those whose news was dropped unsent were never believed; the first other one is.
func (p *planner) movedBack(l *Line) bool {
	believed, mark := int64(-1), int64(0)
	for i := range p.f.Past {
		h := &p.f.Past[i]
		if h.Generation < l.Generation && h.Generation > believed && !p.unsent(l, h.Generation) {
			believed, mark = h.Generation, h.Mark
		}
	}
	return believed >= 0 && mark != 0 && mark == p.f.Appointment.mark() && !p.went(OnCancelled, l, believed)
}

// unsent reports whether a generation's news to a line's recipient was dropped because of the next move.
func (p *planner) unsent(l *Line, generation int64) bool {
	for i := range p.f.Past {
		h := &p.f.Past[i]
		if h.Generation == generation && h.Attendee == l.Attendee && h.Recipient == l.Recipient && h.Channel == l.Channel && h.Rule == l.Rule &&
			(h.State == "open" || h.State == "dropped" && h.Reason == Moved) {
			return true
		}
	}
	return false
}
