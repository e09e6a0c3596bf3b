package site

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold makes lower case of a text and takes the marks off its letters: a search for muller finds Müller.
func fold(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.Is(unicode.M, c) {
			return -1
		}
		return unicode.ToLower(c)
	}, norm.NFD.String(text))
}

func wordRune(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }
