package text

import (
	"maps"

	en "letterhead/web/ui/text/english"
)

var english = &Catalogue{
	Language: "en", Direction: "ltr",
	months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	days:   [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
	sentences: join(
		frameEnglish,
		storyEnglish,
		pageEnglish,
		sinkEnglish,
		accountEnglish,
		settingsEnglish,
		stopEnglish,
		pictureEnglish,
		recordEnglish,
		proofEnglish,
		codeEnglish,
		en.Order,
		letterEnglish,
		clientEnglish,
		incidentEnglish,
		mergeEnglish,
		eraseEnglish,
		lookedEnglish,
		toldEnglish,
		calendarEnglish,
		en.Moving,
		en.Operator,
	),
}

// join makes one catalogue of the pages' files.
func join(parts ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

var frameEnglish = map[string]string{
	"time.minutes":     "%d min",
	"time.hours":       "%d h",
	"time.both":        "%d h %d min",
	"frame.skip":       "Skip to the page",
	"frame.main":       "Main",
	"frame.more":       "More",
	"frame.close":      "Close",
	"frame.dismiss":    "Dismiss",
	"frame.times-in":   "times in %s",
	"form.optional":    "not required",
	"form.mend":        "One thing to mend|%s things to mend",
	"keys.title":       "Keys",
	"keys.search":      "Search",
	"keys.help":        "This list",
	"keys.go":          "Go to %s",
	"keys.then":        "then",
	"timeline.done":    "Done",
	"timeline.come":    "To come",
	"timeline.failed":  "Failed",
	"timeline.never":   "Will not happen",
	"timeline.doubt":   "Not certain",
	"seal.signed":      "Signed",
	"seal.waiting":     "Waits for a signature",
	"seal.withdrawn":   "Withdrawn",
	"seal.stopped":     "Stopped",
	"day.practitioner": "Show one practitioner",
	"day.now":          "Now, %s",
	"day.more":         " more, as a list",
	"day.book":         "Book %s",
	"day.nobody":       "Nobody is booked.",
	"progress.of":      "%s of %s",
}
