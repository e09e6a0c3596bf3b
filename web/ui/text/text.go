// Package text holds every sentence that members' pages say, by language, and writes dates and numbers as people read them.
//
// A sentence is named by a key such as "today.title"; pages never hold English. A key that is missing answers with itself, so that a
// gap is seen and a page never fails for it; a test finds keys that pages use and the catalogue lacks, and the other way round.
// It never formats mark-up and never decides anything.
package text

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"letterhead/zone"
)

// Catalogue is one language's sentences and ways of writing dates.
type Catalogue struct {
	Language  string // BCP 47
	Direction string // "ltr" or "rtl"
	sentences map[string]string
	months    [12]string
	days      [7]string
}

// For returns the catalogue of a language, or English when there is none.
func For(language string) *Catalogue {
	for _, c := range All() {
		if strings.EqualFold(c.Language, language) {
			return c
		}
	}
	return english
}

// All returns every catalogue.
func All() []*Catalogue { return []*Catalogue{english} }

// Say returns the sentence of a key with its values put in (%s, %d as in fmt).
func (c *Catalogue) Say(key string, values ...any) string {
	sentence, known := c.sentences[key]
	if !known {
		return key
	}
	if len(values) == 0 {
		return sentence
	}
	return fmt.Sprintf(sentence, values...)
}

// Known says whether the catalogue has a sentence of that key.
func (c *Catalogue) Known(key string) bool { _, known := c.sentences[key]; return known }

// Count says a sentence about n things: the catalogue holds "one thing|%s things", and %s is the number, grouped.
func (c *Catalogue) Count(key string, n int) string {
	one, many, found := strings.Cut(c.Say(key), "|")
	if !found || n == 1 {
		return one
	}
	return fmt.Sprintf(many, c.Number(n))
}

// Number writes 1204 as 1,204.
func (c *Catalogue) Number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var out strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(digit)
	}
	return sign + out.String()
}

// LongDay writes Tuesday 1 December; the year is added where it is not the year of now.
func (c *Catalogue) LongDay(at, now time.Time) string {
	day := fmt.Sprintf("%s %d %s", c.days[at.Weekday()], at.Day(), c.months[at.Month()-1])
	if at.Year() != now.Year() {
		day += " " + strconv.Itoa(at.Year())
	}
	return day
}

// ShortDay writes Tue 1 Dec; the year is added where it is not the year of now.
func (c *Catalogue) ShortDay(at, now time.Time) string {
	day := fmt.Sprintf("%s %d %s", short(c.days[at.Weekday()]), at.Day(), short(c.months[at.Month()-1]))
	if at.Year() != now.Year() {
		day += " " + strconv.Itoa(at.Year())
	}
	return day
}

// Weekday writes the name of a day of the week; 0 is Sunday.
func (c *Catalogue) Weekday(day int) string { return c.days[((day%7)+7)%7] }

// Date writes 5 March 1980.
func (c *Catalogue) Date(d zone.Date) string {
	return fmt.Sprintf("%d %s %d", d.Day, c.months[d.Month-1], d.Year)
}

// Clock writes 9:05 and 14:30.
func (c *Catalogue) Clock(at time.Time) string { return at.Format("15:04")[clockStart(at):] }

// Moment writes Tue 1 Dec, 10:00.
func (c *Catalogue) Moment(at, now time.Time) string { return c.ShortDay(at, now) + ", " + c.Clock(at) }

// Minutes writes 45 min, 1 h and 1 h 30 min.
func (c *Catalogue) Minutes(n int) string {
	switch hours, minutes := n/60, n%60; {
	case hours == 0:
		return c.Say("time.minutes", minutes)
	case minutes == 0:
		return c.Say("time.hours", hours)
	default:
		return c.Say("time.both", hours, minutes)
	}
}

// Tongue writes the name of a language: en-AU is Australian English. One without a name is written as it is.
func (c *Catalogue) Tongue(tag string) string {
	parsed, err := language.Parse(tag)
	if err != nil {
		return tag
	}
	if name := display.English.Tags().Name(parsed); name != "" {
		return name
	}
	return tag
}

// Place writes the city of a zone: Australia/Melbourne is Melbourne.
func (c *Catalogue) Place(zone string) string {
	return strings.ReplaceAll(zone[strings.LastIndexByte(zone, '/')+1:], "_", " ")
}

func clockStart(at time.Time) int {
	if at.Hour() < 10 {
		return 1
	}
	return 0
}

func short(name string) string { return string([]rune(name)[:3]) }

// Keys are the catalogue's keys, for tests.
func (c *Catalogue) Keys() []string { return slices.Sorted(maps.Keys(c.sentences)) }
