// Package locale writes dates, times, durations and zones as a language has them, and the few words of the appointment card. It computes no zones: it is given times as
// the wall shows them.
package locale

import (
	"strconv"
	"strings"

	"letterhead/zone"
)

// Base is a tag's language: "en" of "en-AU".
func Base(tag string) string {
	base, _, _ := strings.Cut(tag, "-")
	return base
}

// regionOf is a tag's region, two capitals: "AU" of "en-AU", "EG" of "ar-Arab-EG".
func regionOf(tag string) string {
	for part := range strings.SplitSeq(tag, "-") {
		if len(part) == 2 && part[0] >= 'A' && part[0] <= 'Z' {
			return part
		}
	}
	return ""
}

// RightToLeft tells whether a language is written from right to left, by its script where the tag names one.
func RightToLeft(tag string) bool {
	parts := strings.Split(tag, "-")
	for _, part := range parts[1:] {
		if len(part) == 4 {
			switch part {
			case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg":
				return true
			}
			return false
		}
	}
	switch parts[0] {
	case "ar", "fa", "he", "iw", "ur", "ps", "sd", "ug", "yi", "dv", "ckb", "syr", "arc", "nqo", "prs", "azb":
		return true
	}
	return false
}

// ValidTag holds tags to the shape language[-Script][-REGION]. (RFC 5646 §2.1, without variants and extensions)
func ValidTag(tag string) bool {
	parts := strings.Split(tag, "-")
	if len(parts) > 3 || len(parts[0]) < 2 || len(parts[0]) > 3 || !letters(parts[0], 'a', 'z') {
		return false
	}
	rest := parts[1:]
	if len(rest) > 0 && len(rest[0]) == 4 {
		if !letters(rest[0][:1], 'A', 'Z') || !letters(rest[0][1:], 'a', 'z') {
			return false
		}
		rest = rest[1:]
	}
	switch {
	case len(rest) == 0:
		return true
	case len(rest) > 1:
		return false
	case len(rest[0]) == 2:
		return letters(rest[0], 'A', 'Z')
	}
	return len(rest[0]) == 3 && letters(rest[0], '0', '9')
}

func letters(s string, from, to byte) bool {
	for i := range len(s) {
		if s[i] < from || s[i] > to {
			return false
		}
	}
	return true
}

func itoa(n int) string { return strconv.Itoa(n) }

// appendDigits writes a number with the locale's digits, at least width of them.
func (l *Locale) appendDigits(dst []byte, n, width int) []byte {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], int64(n), 10)
	for i := len(text); i < width; i++ {
		dst = l.appendDigit(dst, '0')
	}
	for _, c := range text {
		dst = l.appendDigit(dst, c)
	}
	return dst
}

func (l *Locale) appendDigit(dst []byte, c byte) []byte {
	if l.arabicDigits {
		return append(dst, 0xd9, 0xa0+c-'0') // U+0660 to U+0669
	}
	return append(dst, c)
}

// AppendDay writes weekday, day and month.
func (l *Locale) AppendDay(dst []byte, w Wall) []byte {
	return l.appendDay(dst, l.pattern.day, false, w)
}

// AppendDayShort writes the same with the names abbreviated.
func (l *Locale) AppendDayShort(dst []byte, w Wall) []byte {
	return l.appendDay(dst, l.pattern.short, true, w)
}

// AppendDate writes day, month and year.
func (l *Locale) AppendDate(dst []byte, w Wall) []byte {
	return l.appendDay(dst, l.pattern.date, false, w)
}

// Weekday is the name of w's day, empty where there are no Words.
func (l *Locale) Weekday(w Wall) string { return l.days[w.Weekday()] }

// HasWords tells whether there are names for days, months and modes.
func (l *Locale) HasWords() bool { return l.months[0] != "" }

// appendDay writes a date as a pattern orders it.
func (l *Locale) appendDay(dst []byte, pattern string, short bool, w Wall) []byte {
	if pattern == "iso" {
		dst = append(l.appendDigits(dst, w.Year, 4), '-')
		dst = append(l.appendDigits(dst, w.Month, 2), '-')
		return l.appendDigits(dst, w.Day, 2)
	}
	month, day := l.months[w.Month-1], l.days[w.Weekday()]
	if short {
		month, day = l.monthsShort[w.Month-1], l.daysShort[w.Weekday()]
	}
	for i := range len(pattern) {
		switch c := pattern[i]; c {
		case 'd':
			dst = l.appendDigits(dst, w.Day, 1)
		case 'm':
			dst = append(dst, month...)
		case 'y':
			dst = l.appendDigits(dst, w.Year, 4)
		case 'w':
			dst = append(dst, day...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendTime writes hours and minutes.
func (l *Locale) AppendTime(dst []byte, w Wall) []byte {
	if !l.clock.half {
		dst = append(l.appendDigits(dst, w.Hour, 2), ':')
		return l.appendDigits(dst, w.Minute, 2)
	}
	hour, half := (w.Hour+11)%12+1, l.clock.am
	if w.Hour >= 12 {
		half = l.clock.pm
	}
	dst = append(l.appendDigits(dst, hour, 1), ':')
	dst = append(l.appendDigits(dst, w.Minute, 2), ' ')
	return append(dst, half...)
}

// AppendDuration writes minutes as hours and minutes in words.
func (l *Locale) AppendDuration(dst []byte, minutes int) []byte {
	hours, rest := minutes/60, minutes%60
	if hours == 0 || (hours == 1 && rest != 0) { // 90 minutes, not 1 hour 30 minutes
		hours, rest = 0, minutes
	}
	if hours > 0 {
		dst = l.appendLocal(dst, l.Words.hours(hours))
	}
	if rest == 0 {
		return dst
	}
	if hours > 0 {
		dst = append(dst, l.Words.and...)
	}
	return l.appendLocal(dst, l.Words.minutes(rest))
}

// appendLocal writes text with its digits as the locale has them.
func (l *Locale) appendLocal(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c >= '0' && c <= '9' {
			dst = l.appendDigit(dst, c)
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendZone writes a zone as people say it: "Melbourne time".
func (l *Locale) AppendZone(dst []byte, name string, rtl bool) []byte {
	city := arabicCities[name]
	if city == "" || !rtl {
		city = name[strings.LastIndexByte(name, '/')+1:]
	}
	before, after, _ := strings.Cut(l.Words.zone, "%s")
	dst = append(dst, before...)
	for i := range len(city) {
		if city[i] == '_' {
			dst = append(dst, ' ')
		} else {
			dst = append(dst, city[i])
		}
	}
	return append(dst, after...)
}

// ValidZone tells whether there is such a zone. Its name becomes words in a message, so that a shape is not enough.
func ValidZone(name string) bool {
	if name == "" || len(name) > 40 {
		return false
	}
	_, err := zone.Load(name)
	return err == nil
}

// Mode is how an appointment is held, in words.
func (l *Locale) Mode(m Mode) string {
	switch m {
	case ModeInPerson:
		return l.Words.inPerson
	case ModeTelehealth:
		return l.Words.telehealth
	case ModePhone:
		return l.Words.phone
	case ModeHomeVisit:
		return l.Words.visit
	case NoMode:
	}
	return ""
}
