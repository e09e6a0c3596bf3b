package sign

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

const (
	maxBody = 128 << 10 // bytes of a request: a sheet of 500 items, or a key with its attestation
	within  = 20 * time.Second
)

var (
	errNothing = fault.New(fault.NotFound, "sign.nothing", "there is nothing here")
	errLocked  = fault.New(fault.Denied, "sign.locked", "the desk is locked; unlock it with your signing key")
	errCross   = fault.New(fault.Denied, "sign.cross_site", "this came from another site")
	errTooMany = fault.New(fault.TooMany, "sign.too_many", "too many tries from your network; wait a minute")
	errForm    = fault.New(fault.Invalid, "sign.form", "this is not what the desk's pages send")
	errLarge   = fault.New(fault.Invalid, "sign.large", "this is larger than anything the desk's pages send")
)

// visit is one request.
type visit struct {
	*http.Request
	now     time.Time
	nonce   string
	token   string
	session *session // nil where nobody unlocked

	house   practice.Practice
	zone    *time.Location
	members []guard.Member
}

func (v *visit) practice() store.PracticeID { return v.house.ID }

// path is an address below the practice's own.
func (v *visit) path(rest string) string { return "/p/" + string(v.house.ID) + rest }

func (v *visit) actor() store.Actor {
	a := store.Actor{Practice: v.house.ID, Agent: "desk"}
	if v.session != nil {
		a.Member, a.Way = v.session.member, store.Way{Route: "desk " + v.Pattern, Purpose: "sign", Credential: v.session.key}
	}
	return a
}

// answer is what a route says.
type answer struct {
	status int
	page   templ.Component // or
	value  any             // JSON, or
	raw    []byte
	kind   string // content type of raw
	to     string // where to go on
	enter  string // the visit's cookie
	leave  bool
	keep   bool // may be kept by a browser
	policy string
}

// guard is what every request passes before the route table: host, where it comes from, headers.
func (d *desk) guard(next http.Handler) http.Handler {
	crossing := http.NewCrossOriginProtection()
	crossing.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.fail(w, r, &visit{Request: r}, errCross) }))
	protected := crossing.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-create=(self), publickey-credentials-get=(self)")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cache-Control", "no-store")
		if d.secure {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		if r.Host != d.host {
			http.Error(w, "this address is not served here", http.StatusMisdirectedRequest)
			return
		}
		if foreign(r) {
			d.fail(w, r, &visit{Request: r}, errCross)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		protected.ServeHTTP(w, r)
	})
}

// foreign tells a reading request that a page of another origin made: such a page may lead a person here, in a tab of their own, and nothing
// else (Fetch Metadata §3). Another port of this host is another origin too.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}

// serve runs one route: practice, visit, answer, one log event.
func (d *desk) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), within)
		defer cancel()
		v := &visit{Request: r.WithContext(ctx), now: d.DB.Now(), nonce: newNonce()}
		a, err := d.answer(route, v)
		status := a.status
		if err == nil {
			err = d.write(w, v, a)
		}
		if err != nil {
			status = d.fail(w, r, v, err)
		}
		level, attributes := slog.LevelInfo, []slog.Attr{slog.String("route", route.pattern), slog.Int("status", status), slog.Duration("took", time.Since(began))}
		if v.house.ID != "" {
			attributes = append(attributes, slog.String("practice", string(v.house.ID)))
		}
		if v.session != nil {
			attributes = append(attributes, slog.String("member", string(v.session.member)))
		}
		if err != nil {
			attributes = append(attributes, slog.String("error", err.Error()))
			if status >= http.StatusInternalServerError {
				level = slog.LevelError
			}
		}
		d.Log.LogAttrs(ctx, level, "desk", attributes...)
	})
}

func (d *desk) answer(route route, v *visit) (answer, error) {
	a, err := d.handle(route, v)
	if err != nil && v.session == nil && !d.failed.Allow(d.Address(v.Request), v.now) {
		err = errTooMany // what holds is served all the same, whatever came from the same network before
	}
	return a, err
}

func (d *desk) handle(route route, v *visit) (answer, error) {
	if id := v.PathValue("practice"); id != "" {
		if err := d.enter(v, store.PracticeID(id)); err != nil {
			return answer{}, err
		}
	}
	if route.need == unlocked && v.session == nil {
		return answer{}, errLocked
	}
	return route.handle(d, v)
}

// enter reads the practice and who visits it. Another practice's visit sees as little as one that does not exist.
func (d *desk) enter(v *visit, id store.PracticeID) error {
	if err := d.waits.Check(id); err != nil {
		return err
	}
	err := d.DB.View(v.Context(), store.Actor{Practice: id, Agent: "desk"}, func(tx *store.Tx) (err error) {
		if v.house, err = practice.Find(v.Context(), tx); err != nil {
			return err
		}
		v.members, err = guard.Members(v.Context(), tx)
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		return errNothing
	}
	if err != nil {
		return err
	}
	if !v.house.ClosedAt.IsZero() {
		return errNothing
	}
	if v.zone, err = zone.Load(v.house.Zone); err != nil {
		return err
	}
	for _, c := range v.CookiesNamed(d.cookie()) {
		found := d.memory.find(c.Value, v.now)
		if found != nil && found.practice != id {
			v.house = practice.Practice{}
			return errNothing
		}
		v.token, v.session = c.Value, found
	}
	return nil
}

// cookie is the name of the visit's cookie. With __Host- a browser keeps it to this host, the whole of it, and https. ASVS 3.3.1, 3.3.3.
func (d *desk) cookie() string {
	if d.secure {
		return "__Host-desk"
	}
	return "desk"
}

func newNonce() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return base64.RawStdEncoding.EncodeToString(raw)
}

// policy allows the desk's own style sheet, its one script, and frames that the desk itself fills.
func policy(nonce string) string {
	return "default-src 'none'; style-src 'self'; script-src 'nonce-" + nonce + "'; connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; " +
		"base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func (d *desk) write(w http.ResponseWriter, v *visit, a answer) error {
	raw, kind := a.raw, a.kind
	switch {
	case a.page != nil:
		var page bytes.Buffer
		if err := a.page.Render(v.Context(), &page); err != nil {
			return err
		}
		raw, kind = page.Bytes(), "text/html; charset=utf-8"
		w.Header().Set("Content-Security-Policy", policy(v.nonce))
	case a.value != nil:
		text, err := json.Marshal(a.value)
		if err != nil {
			return err
		}
		raw, kind = append(text, '\n'), "application/json"
	case a.to != "":
		w.Header().Set("Location", a.to)
		raw, kind = []byte("Go on.\n"), "text/plain; charset=utf-8"
	}
	if a.policy != "" {
		w.Header().Set("Content-Security-Policy", a.policy)
	}
	if a.enter != "" || a.leave {
		c := &http.Cookie{Name: d.cookie(), Value: a.enter, Path: "/", Secure: d.secure, HttpOnly: true, SameSite: http.SameSiteStrictMode}
		if a.leave {
			c.MaxAge = -1
		}
		http.SetCookie(w, c)
	}
	w.Header().Set("Content-Type", kind)
	if a.keep {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.WriteHeader(a.status)
	if v.Method != http.MethodHead {
		_, _ = w.Write(raw) // the other side may be gone
	}
	return nil
}

// said is what a failure tells a person.
type said struct {
	Say   string `json:"say"`
	Field string `json:"field,omitempty"`
	Lock  bool   `json:"locked,omitempty"`
}

// fail answers an error, to the script as JSON and else as a page, and returns its status.
func (d *desk) fail(w http.ResponseWriter, r *http.Request, v *visit, err error) int {
	status := fault.Status(fault.KindOf(err))
	say := said{Say: "This did not work. Nothing was signed; try again."}
	if f := fault.As(err); f != nil && f.Kind != fault.Internal && f.Say != "" {
		say = said{Say: f.Say, Field: f.Field, Lock: errors.Is(err, errLocked)}
	}
	a := answer{status: status, value: say}
	if !isJSON(r) {
		again := ""
		if v.house.ID != "" {
			again = v.path("")
		}
		a = answer{status: status, page: failure(frameOf(d, v, "This did not work"), sentence(say.Say), again, errors.Is(err, errLocked))}
	}
	if v.nonce == "" {
		v.nonce = newNonce()
	}
	if v.Request == nil {
		v.Request = r
	}
	if werr := d.write(w, v, a); werr != nil {
		http.Error(w, "this did not work", http.StatusInternalServerError)
	}
	return status
}

// sentence begins with a capital and ends with a stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// read takes what the script sends: one JSON object of the members that are known.
func (v *visit) read(into any) error {
	if !isJSON(v.Request) {
		return errForm
	}
	decoder := json.NewDecoder(v.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			return errForm
		}
		return nil
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errLarge
	}
	return errForm.With(err)
}

// form takes what a form without script sends.
func (v *visit) form() (url.Values, error) {
	kind, _, err := mime.ParseMediaType(v.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errForm
	}
	if err := v.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, errLarge
		}
		return nil, errForm
	}
	return v.PostForm, nil
}

// name is what a member is called on the desk's pages, as the team list has it.
func (v *visit) name(id store.MemberID) string {
	for _, m := range v.members {
		if m.ID == id {
			if m.Name != "" {
				return m.Name
			}
			return m.Email
		}
	}
	return "somebody who is not in the team list"
}
