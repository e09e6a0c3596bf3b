// Package strict holds JSON to what encoding/json lets pass: a member twice, a member in other letters, something before or after, depth without end. It
// knows nothing of what the JSON says.
package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/gowebpki/jcs"
	"letterhead/fault"
)

// Canonical returns the JSON of v as RFC 8785 has it: of equal values the same bytes, which is what digests are taken of and people sign.
func Canonical(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(plain)
}

// Members walks one JSON value once: encoding/json would take the last of two equal members and match names whatever their case.
func Members(data []byte, maxDepth int) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var open []map[string]bool // members seen, nil for an array
	isKey := []bool{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if len(open) > 0 {
				return Fault(io.ErrUnexpectedEOF)
			}
			return nil
		}
		if err != nil {
			return Fault(err)
		}
		depth := len(open)
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{', '[':
				if depth == 0 && decoder.InputOffset() > 1 && len(bytes.TrimSpace(data[:decoder.InputOffset()-1])) > 0 {
					return fault.Field("version", "wording.trailing", "there is something after the wording; remove it")
				}
				if depth >= maxDepth {
					return fault.Field("version", "wording.deep", "the wording is nested deeper than %d levels", maxDepth)
				}
				var members map[string]bool
				if t == '{' {
					members = make(map[string]bool)
				}
				open, isKey = append(open, members), append(isKey, t == '{')
				continue
			default:
				open, isKey = open[:depth-1], isKey[:depth-1]
			}
		case string:
			if depth > 0 && open[depth-1] != nil && isKey[depth-1] {
				if err := seeMember(open[depth-1], t); err != nil {
					return err
				}
				isKey[depth-1] = false
				continue
			}
		}
		if n := len(open); n > 0 {
			isKey[n-1] = open[n-1] != nil
		} else if rest := bytes.TrimSpace(data[decoder.InputOffset():]); len(rest) > 0 {
			return fault.Field("version", "wording.trailing", "there is something after the wording; remove it")
		}
	}
}

func seeMember(seen map[string]bool, name string) error {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return fault.Field("version", "wording.unknown_member", "there is no member %q in a wording", short(name))
		}
	}
	if seen[name] {
		return fault.Field(name, "wording.member_twice", "the member %q is there twice; keep one", name)
	}
	seen[name] = true
	return nil
}

// Fault is an error of encoding/json as a person needs it.
func Fault(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fault.Field(wrong.Field, "wording.type", "this is a %s where another type belongs", wrong.Value)
	}
	return fault.Field("version", "wording.json", "the wording is not the JSON of a wording: %s", short(err.Error()))
}

// short keeps what a message quotes to a line.
func short(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return text
}
