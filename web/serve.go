package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/incident/asked"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/web/ui/text"
	"letterhead/zone"
)

// guard is what every request passes before the route table: host, site, headers.
func (s *server) guard(next http.Handler) http.Handler {
	crossing := http.NewCrossOriginProtection()
	crossing.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, fault.New(fault.Denied, "web.cross_site", "this came from another site"))
	}))
	protected := crossing.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nonce := ui.NewNonce()
		header := w.Header()
		header.Set("Content-Security-Policy", ui.ContentPolicy(nonce))
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		header.Set("Cache-Control", "no-store")
		if s.Secure {
			header.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		if !s.hosts[r.Host] {
			http.Error(w, "this address is not served here", http.StatusMisdirectedRequest)
			return
		}
		most := int64(maxBody)
		if larger := s.uploads[r.Method+" "+r.URL.Path]; larger > 0 {
			most = larger
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		protected.ServeHTTP(w, r.WithContext(ui.WithNonce(r.Context(), nonce)))
	})
}

// serve runs one route: visit, permission, form, page, answer, one log event.
func (s *server) serve(route page.Route) http.Handler {
	if plain := route.Plain(); plain != nil {
		return plain
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		longest := maxTime
		if route.IsStream() {
			longest = maxStream
		}
		ctx, cancel := context.WithTimeout(r.Context(), longest)
		defer cancel()
		r = r.WithContext(ctx)
		answer, visit, err := s.answer(route, w, r)
		status := answer.Status
		s.cookies(w, answer, visit)
		switch {
		case err == nil && answer.Stream != nil:
			err = s.stream(w, r, answer)
		case err == nil:
			err = s.write(w, r, answer)
		}
		if err != nil && answer.Stream == nil {
			status = s.fail(w, r, visit, err)
		}
		s.note(r, route, status, time.Since(began), err)
		s.asked(r, route, visit, status)
		if err != nil && answer.Stream != nil {
			panic(http.ErrAbortHandler) // what left is no whole: the connection must not end as if it were
		}
	})
}

func (s *server) note(r *http.Request, route page.Route, status int, took time.Duration, err error) {
	level, attributes := slog.LevelInfo, []slog.Attr{slog.String("route", route.Pattern()), slog.Int("status", status), slog.Duration("took", took)}
	if err != nil && status >= 500 {
		level = slog.LevelError
		attributes = append(attributes, slog.String("error", err.Error()))
	}
	s.Log.LogAttrs(r.Context(), level, "page", attributes...)
}

// asked keeps that the route was asked: by whom as far as a session says, else from where.
func (s *server) asked(r *http.Request, route page.Route, v *page.Visit, status int) {
	if s.Asked == nil {
		return
	}
	one := asked.Request{At: s.DB.Now(), Route: route.Pattern(), Status: status}
	network := guard.Network(s.address(r))
	if v != nil && v.Session.ID != "" {
		one.Practice, one.Session, one.Member, network = v.Session.Practice, v.Session.ID, v.Session.Member.ID, v.Browser.Address
	}
	one.Address = s.Keeper.Network(one.Practice, network)
	s.Asked.Note(one)
}

// answer makes the visit and asks the page. A page that panics is an error like another: the process serves others meanwhile.
func (s *server) answer(route page.Route, w http.ResponseWriter, r *http.Request) (answer page.Answer, visit *page.Visit, err error) {
	defer func() {
		if wreck := recover(); wreck != nil {
			err = fmt.Errorf("%s: %v", route.Pattern(), wreck)
		}
	}()
	if visit, err = s.visitor(route, r); err != nil {
		return answer, visit, err
	}
	if r.Method == http.MethodPost {
		if err := readForm(r, route); err != nil {
			return answer, visit, err
		}
	}
	if route.Permission() == "" {
		answer, err = route.Handler()(visit)
		return answer, visit, err
	}
	if !visit.Member.Role.May(route.Permission()) {
		return answer, visit, fault.New(fault.Denied, "web.denied", "your role does not include this")
	}
	if back := route.Back(); back != "" && !visit.Session.Fresh(visit.Now) {
		answer, err = page.Go("/prove?next=" + url.QueryEscape(leading(back, r)))
		return answer, visit, err
	}
	if route.IsStream() {
		wait(w, s.DB.Now().Add(maxStream))
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); route.Uploads() && (err != nil || kind != "multipart/form-data") {
			return answer, visit, errNotForm
		}
	}
	answer, err = route.Handler()(visit)
	return answer, visit, err
}

// leading puts the request's own ids into the pattern of the page that leads to it.
func leading(pattern string, r *http.Request) string {
	for _, name := range []string{"id", "member", "key"} {
		if value := r.PathValue(name); value != "" {
			pattern = strings.ReplaceAll(pattern, "{"+name+"}", url.PathEscape(value))
		}
	}
	return pattern
}

var (
	errTooLarge = fault.New(fault.Invalid, "web.too_large", "this is larger than a form of ours")
	errNotForm  = fault.New(fault.Invalid, "web.not_form", "this is not a form of ours")
)

func readForm(r *http.Request, route page.Route) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case route.Uploads() && route.IsStream():
		return nil // the page reads it, a file at a time
	case err == nil && route.Uploads() && kind == "multipart/form-data":
		err = r.ParseMultipartForm(page.MaxUpload) // all of it in memory: the body is no larger
	case err == nil && kind == "application/x-www-form-urlencoded":
		err = r.ParseForm()
	default:
		return errNotForm
	}
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return errTooLarge
		}
		return errNotForm
	}
	return nil
}

// weekBack is how far back failed messages count in the menu.
const weekBack = 7 * 24 * time.Hour

// complete reads the practice of somebody who is signed in, and what stands around every page of theirs.
func (s *server) complete(v *page.Visit, route page.Route) error {
	r := v.Request
	var failed int
	var stops []message.Stop
	v.Member = v.Session.Member
	v.Actor = v.Member.Actor(v.Session.Practice)
	v.Actor.Way = store.Way{Route: route.Pattern(), Purpose: route.Class(), Session: v.Session.ID, Address: s.Keeper.Network(v.Session.Practice, v.Browser.Address)}
	err := s.DB.View(r.Context(), v.Actor, func(tx *store.Tx) error {
		var err error
		if v.Practice, err = practice.Find(r.Context(), tx); err != nil {
			return err
		}
		if failed, err = message.CountFailed(r.Context(), tx, tx.Now.Add(-weekBack)); err != nil {
			return err
		}
		v.Now = tx.Now
		stops, err = message.Frozen(r.Context(), tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("read who visits: %w", err)
	}
	if !v.Practice.ClosedAt.IsZero() {
		return guard.ErrNoSession
	}
	if v.Location, err = zone.Load(v.Practice.Zone); err != nil {
		return err
	}
	v.Text = text.For(v.Practice.Language)
	v.Base = s.frame(v, failed)
	v.Base.Warning, err = s.warn(v, stops)
	return err
}

func (s *server) frame(v *page.Visit, failed int) ui.Frame {
	places := []ui.Place{
		{Name: v.Say("place.today"), Path: "/", Key: "t"},
		{Name: v.Say("place.calendar"), Path: "/calendar", Key: "c"},
	}
	if v.May(guard.ClientRead) {
		places = append(places, ui.Place{Name: v.Say("place.clients"), Path: "/clients", Key: "p"})
	}
	places = append(places, ui.Place{Name: v.Say("place.messages"), Path: "/messages", Key: "m", Count: failed}, ui.Place{Name: v.Say("place.book"), Path: "/appointments/new", Key: "b"})
	if v.May(guard.TemplateRead) {
		places = append(places, ui.Place{Name: v.Say("place.templates"), Path: "/templates", Key: "w"})
	}
	if v.May(guard.TeamRead) {
		places = append(places, ui.Place{Name: v.Say("place.team"), Path: "/team"})
	}
	if v.May(guard.AccessRead) {
		places = append(places, ui.Place{Name: v.Say("looked.title"), Path: "/looked"})
	}
	if v.May(guard.SendingStop) {
		places = append(places, ui.Place{Name: v.Say("stop.title"), Path: "/stop"}, ui.Place{Name: v.Say("incident.title"), Path: "/incidents"})
	}
	if v.May(guard.SettingsRead) {
		places = append(places, ui.Place{Name: v.Say("settings.title"), Path: "/settings", Key: "s"})
	}
	here := "/"
	if v.Request.Method == http.MethodGet {
		here = v.Request.URL.RequestURI()
	}
	return ui.Frame{Account: "/security", Switch: "/sign-in?next=" + url.QueryEscape(here), Leave: "/sign-out", Practice: v.Practice.Name, Home: "/", Accent: ui.Nearest(v.Practice.Accent), Text: v.Text, Person: v.Member.Name,
		Zone: v.Text.Place(v.Practice.Zone), Places: append(places, s.Places...)}
}

// write sends an answer. A page is rendered whole before its first byte leaves, so that an error in it is an error page.
func (s *server) write(w http.ResponseWriter, r *http.Request, answer page.Answer) error {
	switch {
	case answer.To != "":
		http.Redirect(w, r, answer.To, answer.Status)
		return nil
	case answer.Body == nil:
		for name, value := range answer.Header {
			w.Header().Set(name, value)
		}
		send(w, r, answer.Status, answer.Raw)
		return nil
	}
	var body bytes.Buffer
	if err := answer.Body.Render(r.Context(), &body); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	for name, value := range answer.Header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	send(w, r, answer.Status, body.Bytes())
	return nil
}

// maxStream bounds what comes or goes piece by piece.
const maxStream = 30 * time.Minute

// wait gives a connection until an instant. A recorder of a test has no deadlines.
func wait(w http.ResponseWriter, until time.Time) {
	connection := http.NewResponseController(w)
	_, _ = connection.SetReadDeadline(until), connection.SetWriteDeadline(until)
}

// stream sends an answer while it is made.
func (s *server) stream(w http.ResponseWriter, r *http.Request, answer page.Answer) error {
	for name, value := range answer.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.Status)
	if r.Method == http.MethodHead {
		return nil
	}
	return answer.Stream(w)
}

// smallest is the size from which packing a page is worth it.
const smallest = 1400

func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	header := w.Header()
	header.Set("Vary", "Accept-Encoding, HX-Request")
	if len(body) >= smallest && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var packed bytes.Buffer
		writer, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
		_, _ = writer.Write(body)
		_ = writer.Close()
		body = packed.Bytes()
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

func (s *server) nothing(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, fault.New(fault.NotFound, "web.nothing", "there is nothing here"))
}

func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, nil, err) }

// fail answers with an error page and returns its status.
func (s *server) fail(w http.ResponseWriter, r *http.Request, visit *page.Visit, err error) int {
	kind := fault.KindOf(err)
	status := fault.Status(kind)
	switch {
	case errors.Is(err, errTooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errNotForm):
		status = http.StatusUnsupportedMediaType
	case errors.Is(err, context.DeadlineExceeded):
		kind, status = fault.Unavailable, http.StatusServiceUnavailable
	}
	words := text.For("")
	if visit != nil && visit.Text != nil {
		words = visit.Text
	}
	say := words.Say("error." + string(kind) + ".say")
	if f := fault.As(err); f != nil && kind != fault.NotFound && kind != fault.Internal {
		say = page.Sentence(words, f)
	}
	if errors.Is(err, guard.ErrNoSession) {
		status = http.StatusUnauthorized
		if r.Method == http.MethodGet && r.Header.Get("HX-Request") == "" {
			http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return http.StatusSeeOther
		}
	}
	if kind == fault.TooMany || kind == fault.Unavailable {
		w.Header().Set("Retry-After", "10")
	}
	frame := ui.Frame{Title: words.Say("error." + string(kind) + ".title"), Text: words}
	var body bytes.Buffer
	if broken := errorPage(frame, say, status).Render(r.Context(), &body); broken != nil {
		http.Error(w, say, status)
		return status
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	send(w, r, status, body.Bytes())
	return status
}
