package order

import (
	"time"

	"letterhead/store"
)

// The steps of Fix, for a run that stands still between two of them.
var (
	Begin = begin
	Clear = clear
)

// Day is when a day begins in a zone, plus some days.
func Day(home *time.Location, text string, plus int) time.Time {
	return store.Instant(where{home: home}.day(text, plus))
}
