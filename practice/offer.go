package practice

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"letterhead/fault"
)

// Colours are those that a service may have in the calendar; "" is the practice's own.
func Colours() []string { return []string{"", "green", "teal", "plum", "rust", "slate"} }

// Week is when a location is open, Monday first. The zero value says nothing.
type Week [7]Hours

// Hours are a day's, in minutes since midnight; the same twice means closed.
type Hours struct{ From, To int }

// Open tells whether there are any.
func (h Hours) Open() bool { return h.To > h.From }

// Said tells whether any day is open.
func (w Week) Said() bool { return w != Week{} }

// String writes a week as it is stored.
func (w Week) String() string {
	if !w.Said() {
		return ""
	}
	days := make([]string, len(w))
	for i, h := range w {
		days[i] = fmt.Sprintf("%d-%d", h.From, h.To)
	}
	return strings.Join(days, ",")
}

// readWeek reads what String wrote; anything else says nothing.
func readWeek(stored string) Week {
	var w Week
	days := strings.Split(stored, ",")
	if len(days) != len(w) {
		return Week{}
	}
	for i, day := range days {
		from, to, _ := strings.Cut(day, "-")
		var err, other error
		w[i].From, err = strconv.Atoi(from)
		w[i].To, other = strconv.Atoi(to)
		if err != nil || other != nil {
			return Week{}
		}
	}
	if w.check() != nil {
		return Week{}
	}
	return w
}

func (w Week) check() error {
	for i, h := range w {
		if h != (Hours{}) && (h.From < 0 || h.To > 24*60 || h.From >= h.To) {
			return fault.Field("to_"+strconv.Itoa(i), "practice.hours", "it closes later than it opens; leave both empty for a day on which it is closed")
		}
	}
	return nil
}

// Shown is how messages call a practitioner.
func (p Practitioner) Shown() string { return strings.TrimSpace(p.Title + " " + p.Name) }

// Does tells whether a practitioner does a service; one without a list does all.
func (p Practitioner) Does(id ServiceID) bool {
	return len(p.Services) == 0 || slices.Contains(p.Services, id)
}

// WorksAt tells whether a practitioner works at a location; one without a list works at all.
func (p Practitioner) WorksAt(id LocationID) bool {
	return len(p.Locations) == 0 || slices.Contains(p.Locations, id)
}

// Money is what a country pays with: the currency's code, and how many digits stand behind the point.
func Money(country string) (code string, digits int) {
	region, err := language.ParseRegion(country)
	if err != nil {
		return "", 2
	}
	unit, ok := currency.FromRegion(region)
	if !ok {
		return "", 2
	}
	digits, _ = currency.Standard.Rounding(unit)
	return unit.String(), digits
}

// ReadPrice reads a price as somebody types it, 85 or 85.50, into the smallest unit; "" is 0.
func ReadPrice(field, typed, country string) (int, error) {
	_, digits := Money(country)
	n, good := money(typed, digits, MaxPrice)
	if !good {
		return 0, fault.Field(field, "practice.price", "write a price such as 85.00, or leave it empty")
	}
	return n, nil
}

// money reads an amount with so many digits behind the point, as one number; "" is 0.
func money(typed string, digits, most int) (int, bool) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return 0, true
	}
	whole, part, _ := strings.Cut(strings.Replace(typed, ",", ".", 1), ".")
	if len(part) > digits || whole == "" || len(whole) > 8 {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+part+strings.Repeat("0", digits-len(part)), 10, 31)
	return int(n), err == nil && n <= uint64(most) //nolint:gosec // 31 bits
}

const (
	// MaxPartPrice bounds SMSPrice: 10.0000.
	MaxPartPrice = 10 * 10_000
	partDigits   = 4
	partPrice    = "write what one part costs, such as 0.08, or leave it empty"
)

// ReadPartPrice reads what one part of a text message costs, as somebody types it: 0.079; "" is 0.
func ReadPartPrice(field, typed string) (int, error) {
	n, good := money(typed, partDigits, MaxPartPrice)
	if !good {
		return 0, fault.Field(field, "practice.part_price", partPrice)
	}
	return n, nil
}

// WritePartPrice writes what so many parts cost, with as few digits as it takes and two at least; "" when it is not known.
func WritePartPrice(price, parts int) string {
	if price == 0 {
		return ""
	}
	text := strconv.FormatFloat(float64(price*parts)/math.Pow10(partDigits), 'f', partDigits, 64)
	for strings.HasSuffix(text, "0") && strings.IndexByte(text, '.') < len(text)-3 {
		text = text[:len(text)-1]
	}
	return text
}

// WritePrice writes a price as it is typed; "" for 0.
func WritePrice(price int, country string) string {
	if price == 0 {
		return ""
	}
	_, digits := Money(country)
	return strconv.FormatFloat(float64(price)/math.Pow10(digits), 'f', digits, 64)
}
