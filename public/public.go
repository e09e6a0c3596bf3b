// Package public is what anybody may reach without a session: the page that ends marketing messages, the pages on which people confirm an
// appointment or ask to cancel it, the links of messages on their way
// to where the practice's people signed that they lead, and the hooks by which gateways and relays report.
//
// It has a mux, a policy and a body limit of its own. Every route says on its line why it is public; one that does not cannot be written.
// What makes a request count is in the request: a token with an HMAC, or a signature. A wrong one and one that is not ours get the same
// answer, which says nothing.
//
// Promises: GET changes nothing; POST changes the same thing once, however often it comes; no cookies, no scripts, nothing from other
// hosts; nothing personal on a page but the practice's own name and phone; a log event holds route, status and ids, never a token.
//
// The limits spare work and can lock nobody out: what verifies is always served, whatever came from the same address before.
package public

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"letterhead/courier/inbound"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/wording/link"
)

// Parts are what the public pages are made of.
type Parts struct {
	DB       *store.DB
	Inbound  *inbound.Inbound
	Checks   Checks                       // what is known of mails that somebody asks about; nil: nothing
	Evenly   time.Duration                // how long it takes to answer them, whatever the answer
	Links    Links                        // which versions are signed and which of their links are off; nil: no link leads anywhere
	Gateways map[string][]byte            // name of the gateway → the secret that its hooks are signed with
	Relays   map[string][]byte            // name of the relay → the secret that its reports are signed with
	Address  func(r *http.Request) string // who asks, where a trusted proxy stands between; nil: the connection's address
	Secure   bool                         // reached by https alone
	Register Register                     // the public register of incidents; nil: none is
	Record   string                       // the origin of the log that is published; "": none is
	Log      *slog.Logger                 // slog.Default() when nil
}

// Reason says why a route needs nobody to be signed in.
type Reason string

// route is a line of the route table.
type route struct {
	pattern string
	reason  Reason
	handle  func(*server, *http.Request) answer
}

func open(pattern string, reason Reason, handle func(*server, *http.Request) answer) route {
	return route{pattern, reason, handle}
}

// routes is the site map.
func routes() []route {
	return []route{
		open("GET /unsubscribe/{token}", "who got the mail has no account; the token names the mail; looking changes nothing", (*server).ask),
		open("POST /unsubscribe/{token}", "mail programs press the button without a session (RFC 8058); the token is the right", (*server).unsubscribe),
		open("GET "+link.AnswerPath+"{token}", "who got the mail has no account; the token names one wish for one appointment; looking changes nothing", (*server).question),
		open("POST "+link.AnswerPath+"{token}", "who got the mail has no account; the token is the right to say this one thing", (*server).answers),
		open("GET "+link.Path+"{version}/{number}", "who got the mail has no account; the address names a signed version and a link in it, and nobody", (*server).follow),
		open("GET "+checkPath, "who asks whether a mail is real has no account; the form says nothing", (*server).checkForm),
		open("POST "+checkPath, "the mail's code is the right to ask; the answer says nothing of who got it", (*server).check),
		open("GET "+checkPath+"/{label}", "a practice's own page of the same, to be linked from its website; its name is public", (*server).checkForm),
		open("POST "+checkPath+"/{label}", "the mail's code is the right to ask; only that practice's mails are known here", (*server).check),
		open("POST /hooks/sms/{gateway}", "the gateway signs what it reports", (*server).text),
		open("POST /hooks/mail/{relay}", "the relay signs what it passes on; the report itself must carry a mail's token", (*server).report),
		open("GET "+RecordPath+"checkpoint", "whoever checks the record of messages needs its signed state, which names nobody", (*server).checkpoint),
		open("GET "+RecordPath+"tile/{level}/{path...}", "whoever checks the record of messages needs its hashes, which name nobody", (*server).tile),
		open("GET /register", "leads to the register of incidents", (*server).registerHome),
		open("GET "+RegisterPath+"{path...}", "the register of incidents is for everybody; it names no person", (*server).register),
		open("GET "+stylePath, "a file of the program, the same for everybody", (*server).style),
		open("/", "says that there is nothing under an unknown address", (*server).nothing),
	}
}

// Prefixes are the addresses that belong to this package.
func Prefixes() []string {
	return []string{"/unsubscribe/", link.AnswerPath, link.Path, checkPath, checkPath + "/", RecordPath, "/register", RegisterPath, "/hooks/", "/public/"}
}

// Table lists the route table as text, for the command that prints it and for tests.
func Table() []string {
	var lines []string
	for _, r := range routes() {
		if r.pattern != "/" { // within the prefixes only
			lines = append(lines, fmt.Sprintf("%-44s public: %s", r.pattern, r.reason))
		}
	}
	return lines
}

const (
	maxBody   = 64 << 10 // bytes of a request
	minSecret = 16       // bytes of a hook's secret
	within    = 10 * time.Second
)

type server struct {
	Parts
	dummy    []byte  // checked against where the name is unknown, so that time does not tell names
	failures *window // requests that did not verify, by address
	presses  *window // requests that did, by what they name
	reads    *window // of what is published, by address

	asks, asksAll, asksScarce *window // questions about mails: of a place, of all, and of a place when all are many
}

// New makes the handler.
func New(p Parts) (http.Handler, error) {
	s := &server{Parts: p, dummy: make([]byte, 32)}
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if s.Address == nil {
		s.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
	_, _ = rand.Read(s.dummy) // never fails: crypto/rand ends the process instead
	s.failures, s.presses = newWindow(30, time.Minute), newWindow(30, time.Minute)
	s.reads = newWindow(600, time.Minute)
	s.asks, s.asksAll, s.asksScarce = newWindow(askPlace, time.Minute), newWindow(askAll, time.Minute), newWindow(1, time.Minute)
	s.asks.close, s.asksScarce.close = true, true
	for kind, secrets := range map[string]map[string][]byte{"gateway": p.Gateways, "relay": p.Relays} {
		for name, secret := range secrets {
			if len(secret) < minSecret {
				return nil, fault.Field("hook_secret", "public.secret", "the hook secret of %s %s has fewer than %d bytes", kind, name, minSecret)
			}
		}
	}
	mux := http.NewServeMux()
	for _, r := range routes() {
		if r.pattern == "" || r.reason == "" || r.handle == nil {
			return nil, fault.Field("route", "public.route", "%q: a public route needs a reason and a handler", r.pattern)
		}
		mux.Handle(r.pattern, s.serve(r))
	}
	return mux, nil
}

// answer is what a route says.
type answer struct {
	status int
	page   templ.Component // or
	raw    []byte
	kind   string // content type of raw
	to     string // where to go on, of a signed version
	keep   bool   // may be kept by a browser
	policy string // instead of this package's: of a page that anybody may find, and keep for a minute
	done   inbound.Done
	err    error // for the log
}

func (s *server) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), within)
		defer cancel()
		s.policy(w.Header())
		most := int64(maxBody)
		if strings.HasPrefix(route.pattern, "POST "+checkPath) { // everybody's page and each practice's own
			most = maxMail + maxBody
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		a := route.handle(s, r.WithContext(ctx))
		s.write(ctx, w, a)
		level := slog.LevelInfo
		if a.status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		attributes := []slog.Attr{slog.String("route", route.pattern), slog.Int("status", a.status), slog.Duration("took", time.Since(begun))}
		for _, part := range [][2]string{{"did", a.done.Did}, {"why", a.done.Why}, {"practice", string(a.done.Practice)}, {"message", string(a.done.Message)}} {
			if part[1] != "" {
				attributes = append(attributes, slog.String(part[0], part[1]))
			}
		}
		if a.err != nil {
			attributes = append(attributes, slog.Any("error", a.err))
		}
		s.Log.LogAttrs(ctx, level, "public", attributes...)
	})
}

// policy allows our one style sheet and posting to ourselves, and nothing else.
func (s *server) policy(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the address holds the token
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
	if s.Secure {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

func (s *server) write(ctx context.Context, w http.ResponseWriter, a answer) {
	raw, kind := a.raw, a.kind
	if a.to != "" {
		w.Header().Set("Location", a.to)
		raw, kind = []byte("Found.\n"), "text/plain; charset=utf-8"
	}
	if a.page != nil {
		var page bytes.Buffer
		if err := a.page.Render(ctx, &page); err != nil {
			s.Log.LogAttrs(ctx, slog.LevelError, "public page", slog.Any("error", err))
			a.status, raw, kind = http.StatusInternalServerError, []byte("This did not work.\n"), "text/plain; charset=utf-8"
		} else {
			raw, kind = page.Bytes(), "text/html; charset=utf-8"
		}
	}
	w.Header().Set("Content-Type", kind)
	if a.policy != "" {
		w.Header().Set("Content-Security-Policy", a.policy)
		w.Header().Del("X-Robots-Tag")
		w.Header().Set("Cache-Control", "public, max-age=60")
	}
	if a.keep {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(raw) // the other side may be gone
}

func (s *server) nothing(*http.Request) answer {
	return answer{status: http.StatusNotFound, page: notFound()}
}

// stranger answers what did not verify: always with the same page, and shorter when an address goes on trying.
func (s *server) stranger(r *http.Request, done inbound.Done) answer {
	a := s.nothing(r)
	if !s.failures.allow(place(s.Address(r)), s.DB.Now()) {
		a = tooMany()
	}
	a.done = done
	return a
}

func tooMany() answer {
	return answer{status: http.StatusTooManyRequests, raw: []byte("Too many requests. Try again in a minute.\n"), kind: "text/plain; charset=utf-8"}
}

// trouble answers an error of ours: nothing was changed, and it may be tried again.
func trouble(err error) answer {
	return answer{status: fault.Status(fault.KindOf(err)), page: failed(), err: err}
}

func (s *server) style(*http.Request) answer {
	return answer{status: http.StatusOK, raw: css, kind: "text/css; charset=utf-8", keep: true}
}

// said answers a machine: what was done, without ids.
func said(done inbound.Done) answer {
	raw, err := json.Marshal(map[string]string{"did": done.Did})
	if err != nil {
		return answer{status: http.StatusInternalServerError, kind: "application/json", err: err}
	}
	return answer{status: http.StatusOK, raw: append(raw, '\n'), kind: "application/json", done: done}
}

// body reads a request's body; an answer says why it cannot.
func body(r *http.Request) ([]byte, *answer) {
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		return raw, nil
	}
	return nil, &answer{status: http.StatusRequestEntityTooLarge, raw: []byte("The body is cut off or longer than 64 KB.\n"), kind: "text/plain; charset=utf-8"}
}

// heading is the first line of the page's title.
func heading(parts ...string) string { return strings.Join(parts, " · ") }
