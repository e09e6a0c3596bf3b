// Package fault holds the kinds of error that cross package borders.
//
// An error that a person can do something about is a *fault.Error: its Kind decides the status code, its Key names the sentence in
// the catalogue, its Field the input it belongs to, and Say carries a ready sentence where a command line has no catalogue. Its cause
// goes to the log only. Anything that is not a *fault.Error is Internal and tells the person nothing.
//
// A thing of another practice is NotFound, never Denied: who may not see it learns not even that it exists.
package fault

import (
	"errors"
	"fmt"
	"net/http"
)

// Kind says what went wrong in terms of what the caller may do next.
type Kind string

// The kinds, from "change what you asked for" to "come back later".
const (
	NotFound    Kind = "not_found"
	Invalid     Kind = "invalid"
	Conflict    Kind = "conflict"
	Denied      Kind = "denied"
	TooMany     Kind = "too_many"
	Unavailable Kind = "unavailable"
	Internal    Kind = "internal"
)

// Error is a failure with what a person needs to know of it.
type Error struct {
	Kind  Kind
	Key   string // of the sentence in the catalogue, such as "calendar.taken"
	Field string // the input it belongs to, empty when none
	Say   string // the sentence in plain English: what is wrong and what to do; holds no personal data
	Err   error  // the cause, for the log
}

func (e *Error) Error() string {
	text := e.Say
	if text == "" {
		text = e.Key
	}
	if e.Field != "" {
		text = e.Field + ": " + text
	}
	if e.Err != nil {
		return text + ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, ErrTaken) true for every error with ErrTaken's kind and key, whatever its field and cause.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Key == e.Key
}

// New returns an error of a kind; say may be empty where the catalogue has the sentence.
func New(kind Kind, key, say string) *Error { return &Error{Kind: kind, Key: key, Say: say} }

// Field returns an Invalid error for one input, with a sentence that names the fix.
func Field(field, key, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Key: key, Field: field, Say: fmt.Sprintf(format, args...)}
}

// With returns a copy of e that carries a cause for the log.
func (e *Error) With(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

// Saying returns a copy of e with another sentence, for details such as the next free time.
func (e *Error) Saying(format string, args ...any) *Error {
	c := *e
	c.Say = fmt.Sprintf(format, args...)
	return &c
}

// KindOf returns the kind of err: Internal for whatever is not a *Error, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// As returns the *Error within err, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Status maps a kind to its HTTP status code.
func Status(kind Kind) int {
	switch kind {
	case "":
		return http.StatusOK
	case NotFound:
		return http.StatusNotFound
	case Invalid:
		return http.StatusUnprocessableEntity
	case Conflict:
		return http.StatusConflict
	case Denied:
		return http.StatusForbidden
	case TooMany:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
