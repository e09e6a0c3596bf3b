package plan

import (
	"fmt"
	"hash/fnv"
	"strconv"

	"letterhead/practice"
)

// A message says of which versions of its facts it was planned: what the practice chose, the appointment with its attendees, and the client with
// contacts and consents. While all of them are the same, and no quiet hours have begun, planning again would change nothing, and the courier is
// spared it. Whoever writes one of these must raise its version: basis_test.go changes everything there is and looks.

// sum is a number for what the practice chose.
func sum(p practice.Practice, rules []Rule) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, p.DefaultChannel, p.QuietFrom, p.QuietTo, p.Zone, p.Language, p.ClosedAt.IsZero())
	for i := range rules {
		fmt.Fprint(h, rules[i].ID, rules[i].Version, rules[i].Enabled)
	}
	return h.Sum64()
}

func (l *loader) basis(appointment, client, touched int64) string {
	text := make([]byte, 0, 32)
	text = strconv.AppendUint(text, l.sum, 36)
	for _, version := range []int64{appointment, client, touched} {
		text = strconv.AppendInt(append(text, '.'), version, 10)
	}
	return string(text)
}

// basisOf is what a line of this attendee was planned of.
func (l *loader) basisOf(f *Facts, attendee string) string {
	for i := range f.Attendees {
		if t := &f.Attendees[i]; t.ID == attendee {
			return l.basis(f.Appointment.Version, t.Client.Version, t.Client.Touched)
		}
	}
	return ""
}
