package call

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"letterhead/fault"
	"letterhead/guard"
)

// Problem is a refusal, RFC 9457. It names the field and the fix, and repeats nothing that was sent.
type Problem struct {
	Title  string `json:"title" doc:"The status in words."`
	Status int    `json:"status" doc:"The HTTP status."`
	Key    string `json:"key" doc:"A stable name of the refusal, such as calendar.taken."`
	Detail string `json:"detail" doc:"What is wrong and what to do, for a person."`
	Field  string `json:"field,omitempty" doc:"The member or parameter that it is about."`
	Fix    string `json:"fix" doc:"What the program does next: mend, read again, wait, ask a person, or give up."`
}

// What a program does next.
const (
	Mend      = "mend"       // send something else
	ReadAgain = "read again" // the thing is not what it was
	Wait      = "wait"       // the same again, after Retry-After
	AskPerson = "ask a person"
	GiveUp    = "give up" // it is not there
)

// Fixes are the words of Problem.Fix.
func Fixes() []string { return []string{Mend, ReadAgain, Wait, AskPerson, GiveUp} }

// Refuse makes of an error what a program is told. Whatever is not a fault tells nothing.
func Refuse(err error, matched bool) Problem {
	kind := fault.KindOf(err)
	p := Problem{Status: fault.Status(kind), Key: "api.internal", Detail: "something broke here; it is noted. Try again later."}
	if errors.Is(err, context.DeadlineExceeded) {
		kind, p.Status, p.Key, p.Detail = fault.Unavailable, http.StatusServiceUnavailable, "api.slow", "this took too long; try again"
	} else if f := fault.As(err); f != nil && kind != fault.Internal {
		p.Key, p.Field, p.Detail = f.Key, f.Field, f.Say
		if p.Detail == "" {
			p.Detail = "this was refused; the key says why"
		}
	}
	switch p.Key {
	case errTooLarge.Key:
		p.Status = http.StatusRequestEntityTooLarge
	case errType.Key:
		p.Status = http.StatusUnsupportedMediaType
	case errBody.Key, errQuery.Key, errKey.Key, errDeep.Key, errTwice.Key:
		p.Status = http.StatusBadRequest
	case errNoMatch.Key:
		p.Status = http.StatusPreconditionRequired // RFC 6585 §3
	case guard.ErrNoCredential.Key:
		p.Status = http.StatusUnauthorized
	}
	if matched && kind == fault.Conflict && strings.HasSuffix(p.Key, ".changed") {
		p.Status = http.StatusPreconditionFailed
	}
	p.Title, p.Fix = http.StatusText(p.Status), fix(kind, p.Status)
	return p
}

func fix(kind fault.Kind, status int) string {
	switch {
	case status == http.StatusPreconditionFailed || status == http.StatusConflict:
		return ReadAgain
	case kind == fault.TooMany || kind == fault.Unavailable:
		return Wait
	case kind == fault.NotFound:
		return GiveUp
	case kind == fault.Invalid:
		return Mend
	}
	return AskPerson
}

// Write sends a refusal.
func (p Problem) Write(w http.ResponseWriter) {
	switch p.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="letterhead"`) // RFC 6750 §3
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if w.Header().Get("Retry-After") == "" {
			w.Header().Set("Retry-After", "10")
		}
	}
	send(w, p.Status, "application/problem+json", p)
}

func send(w http.ResponseWriter, status int, kind string, body any) {
	text := asJSON(body)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // to a HEAD the server writes none of it
}

// Serve answers a call by its route.
func (c *Call) Serve(w http.ResponseWriter, r Route) error {
	if err := c.headers(r); err != nil {
		return err
	}
	out, err := r.do(c)
	if err != nil {
		return err
	}
	if c.answer.place != "" && r.Makes() {
		w.Header().Set("Location", c.answer.place)
	}
	if c.answer.version > 0 {
		w.Header().Set("ETag", `"`+strconv.FormatInt(c.answer.version, 10)+`"`)
	}
	if c.answer.replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	send(w, r.status, "application/json", out)
	return nil
}

func asJSON(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(true)
	if err := encoder.Encode(v); err != nil {
		panic("call: an answer that is no JSON: " + err.Error()) // the program's own types
	}
	return b.String()
}
