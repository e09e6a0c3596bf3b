package practice

import (
	"time"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/zone"
)

// Changed is the cause within an error that refuses a change made on an old reading: who has changed the thing since, and when.
type Changed struct {
	Who string // a member's id or an agent; "" when not known
	At  time.Time
}

// Error says it for the log.
func (c Changed) Error() string { return "changed by " + c.Who + " at " + c.At.Format(time.RFC3339) }

// Since completes such an error. The sentence names no member: the edge knows their names and takes them from the cause.
func Since(tx *store.Tx, base *fault.Error, thing, zoneName, who string, at time.Time) error {
	by := "a team member"
	switch who {
	case tx.Actor.Who():
		by = "you, in another window"
	case "import", "tick", "courier", "command":
		by = "the " + who
	}
	clock := at.UTC().Format("2 January at 15:04") + " UTC"
	if l, err := zone.Load(zoneName); err == nil {
		clock = at.In(l).Format("2 January at 15:04")
	}
	return base.Saying("%s was changed by %s on %s; look at it again and repeat what you wanted", thing, by, clock).With(Changed{Who: who, At: at})
}
