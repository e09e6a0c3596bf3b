package sheet

import (
	"strings"
	"time"

	"letterhead/zone"
)

// Order is where day, month and year stand.
type Order [3]byte

// Orders are the known ones by name.
var Orders = map[string]Order{"DMY": {'D', 'M', 'Y'}, "MDY": {'M', 'D', 'Y'}, "YMD": {'Y', 'M', 'D'}}

// parts splits a date into three numbers by /, -, . or blanks; widths are their digits.
func parts(text string) (numbers, widths [3]int, ok bool) {
	n := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			numbers[n] = numbers[n]*10 + int(c-'0')
			if widths[n]++; widths[n] > 4 {
				return numbers, widths, false
			}
		case (c == '/' || c == '-' || c == '.') && widths[n] > 0 && n < 2:
			n++
		default:
			return numbers, widths, false
		}
	}
	return numbers, widths, n == 2 && widths[2] > 0
}

// ParseDate reads a date in the given order; one that begins with four digits is year, month, day in any file. why is a reason when it is none.
func ParseDate(text string, order Order) (d zone.Date, why string) {
	numbers, widths, ok := parts(text)
	if !ok {
		return d, "date_form"
	}
	if widths[0] == 4 {
		order = Orders["YMD"]
	}
	for i, part := range order {
		switch part {
		case 'D':
			d.Day = numbers[i]
		case 'M':
			d.Month = time.Month(numbers[i])
		case 'Y':
			if widths[i] != 4 {
				return zone.Date{}, "date_year"
			}
			d.Year = numbers[i]
		}
	}
	if d.Month < 1 || d.Month > 12 || d.Day < 1 || d.Day > 31 || d.Year < 1 || zone.DateOf(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC)) != d {
		return d, "date_impossible"
	}
	return d, ""
}

// ParseClock reads 14:05, 2:05 PM, 2.05pm, 2 pm or 14:05:00 as minutes since midnight.
func ParseClock(text string) (minute int, ok bool) {
	text = strings.ToLower(strings.TrimSpace(strings.ReplaceAll(text, "\u202f", " ")))
	half := ""
	for _, h := range []string{"am", "pm", "a.m.", "p.m."} {
		if strings.HasSuffix(text, h) {
			half, text = h[:1], strings.TrimSpace(strings.TrimSuffix(text, h))
			break
		}
	}
	var numbers [3]int
	n, width := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			numbers[n] = numbers[n]*10 + int(c-'0')
			if width++; width > 2 {
				return 0, false
			}
		case (c == ':' || c == '.') && width > 0 && n < 2:
			if n > 0 && width != 2 {
				return 0, false
			}
			n, width = n+1, 0
		default:
			return 0, false
		}
	}
	switch {
	case width == 0, n > 0 && width != 2, n == 0 && half == "", numbers[1] > 59, numbers[2] > 59:
		return 0, false
	case half == "":
		return numbers[0]*60 + numbers[1], numbers[0] <= 23
	case numbers[0] < 1 || numbers[0] > 12:
		return 0, false
	}
	hour := numbers[0] % 12
	if half == "p" {
		hour += 12
	}
	return hour*60 + numbers[1], true
}

// Guess learns the order of dates from the dates themselves.
type Guess struct{ year, first, second, seen int }

func (g *Guess) See(text string) {
	numbers, widths, ok := parts(strings.TrimSpace(text))
	switch {
	case !ok:
	case widths[0] == 4:
		g.year++
	default:
		g.seen++
		if numbers[0] > 12 && numbers[0] <= 31 && numbers[1] <= 12 {
			g.first++
		}
		if numbers[1] > 12 && numbers[1] <= 31 && numbers[0] <= 12 {
			g.second++
		}
	}
}

// Order is the one that the dates show; "" when they could be of more than one, or contradict each other.
func (g *Guess) Order() string {
	switch {
	case g.seen == 0:
		return "YMD" // or no dates at all: then it does not matter
	case g.first > 0 && g.second == 0:
		return "DMY"
	case g.second > 0 && g.first == 0:
		return "MDY"
	}
	return ""
}
