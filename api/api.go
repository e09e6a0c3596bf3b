// Package api is JSON for programs: what an integrator needs first, below /api/v1. One route table (routes.go), a scope on each line, and what stands
// between the network and a handler.
//
// It promises: every route names a scope that programs can have, or the reason why it is public, and one that does not is refused at the start; who asks
// is said by a bearer key in the request's header and by nothing else: no cookie, no key in an address; a request that a page of a browser sent never
// reaches a route, so there is no cross-site request and no CORS; a request of another host, too large or too often never reaches one; another practice's
// thing is not found; an error is a problem (RFC 9457) that names the field and the fix and repeats nothing that was sent; one log event a request, with
// the route's pattern and the credential's id, and no personal data.
//
// It never approves, lifts a stop, or takes words to send: a message is a grant that the practice's people signed, and a client's id.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"letterhead/api/call"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/guard/throttle"
	"letterhead/incident/asked"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/zone"
)

// Prefix is below what everything here is.
const Prefix = "/api/"

// Config is what the API needs.
type Config struct {
	DB        *store.DB
	Keeper    *vault.Keeper
	Door      *guard.Door
	Hosts     []string // HOST or HOST:PORT that requests may be for
	Secure    bool     // reached by https
	Log       *slog.Logger
	Routes    []call.Route   // beside the table's, for tests
	Incidents call.Incidents // what went wrong; nil where nobody keeps it
	Asked     *asked.Log     // keeps who asked which route; nil keeps nothing
}

const (
	maxTime        = 15 * time.Second
	mostPrograms   = 20_000
	strictlyNobody = "default-src 'none'; frame-ancestors 'none'"
)

// How often a program may ask, by the class of the route. ASVS 2.4.1.
var allowances = map[string]throttle.Allowance{
	"read":   {Burst: 120, Every: 100 * time.Millisecond},
	"change": {Burst: 60, Every: 500 * time.Millisecond},
	"open":   {Burst: 60, Every: time.Second}, // of one network address
}

var (
	errTooOften = fault.New(fault.TooMany, "api.too_often", "too many requests; wait as long as Retry-After says")
	errPage     = fault.New(fault.Denied, "api.browser", "this is for programs; a page in a browser cannot use it")
	errScope    = fault.New(fault.Denied, "api.scope", "this credential does not have the scope that the route needs; somebody of the practice can make one that does")
	errNothing  = fault.New(fault.NotFound, "api.nothing", "there is nothing under this address; see /api/v1/openapi.json")
	errMethod   = fault.New(fault.Invalid, "api.method", "this address does not know that method; Allow lists those it knows")
)

type server struct {
	Config
	hosts  map[string]bool
	limits *throttle.Limits
	mux    *http.ServeMux
}

// New makes the handler of everything below Prefix.
func New(c Config) (http.Handler, error) {
	s := &server{Config: c, hosts: map[string]bool{}, limits: throttle.New(mostPrograms), mux: http.NewServeMux()}
	if c.DB == nil || c.Keeper == nil || c.Door == nil || c.Log == nil || len(c.Hosts) == 0 {
		return nil, fault.New(fault.Internal, "api.config", "the API needs a database, a keeper, a door, a log and its hosts")
	}
	for _, host := range c.Hosts {
		s.hosts[host] = true
	}
	seen := map[string]bool{}
	for _, route := range append(table(), c.Routes...) {
		if err := route.Check(); err != nil {
			return nil, err
		}
		if seen[route.Pattern()] {
			return nil, fault.Field("route", "api.route", "%s is in the table twice", route.Pattern())
		}
		seen[route.Pattern()] = true
		s.mux.Handle(route.Pattern(), s.serve(route))
	}
	return http.HandlerFunc(s.guard), nil
}

// Table lists the route table as text, for the command that prints it and for tests.
func Table() []string {
	var lines []string
	for _, route := range table() {
		why := "program with " + string(route.Scope())
		if route.Scope() == "" {
			why = "public: " + string(route.Reason())
		}
		lines = append(lines, fmt.Sprintf("%-44s %-6s %s", route.Pattern(), route.Class(), why))
	}
	return lines
}

// guard is what every request passes before the route table.
func (s *server) guard(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", strictlyNobody)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	if s.Secure {
		header.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
	if !s.hosts[r.Host] {
		http.Error(w, "this address is not served here", http.StatusMisdirectedRequest)
		return
	}
	// A browser sends one of these with whatever a page asks for; "none" is somebody who opened the description by its address. (Fetch Metadata §2.)
	if site := r.Header.Get("Sec-Fetch-Site"); r.Header.Get("Origin") != "" || site != "" && (site != "none" || r.Method != http.MethodGet) {
		call.Refuse(errPage, false).Write(w)
		return
	}
	if !s.known(w, r) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, call.MaxBody)
	s.mux.ServeHTTP(w, r)
}

// known answers what the table does not know, as a problem.
func (s *server) known(w http.ResponseWriter, r *http.Request) bool {
	there := func(method string) bool {
		_, pattern := s.mux.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL})
		return pattern != ""
	}
	clean := path.Clean(r.URL.Path) == r.URL.Path // the mux would redirect
	if clean && there(r.Method) {
		return true
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch} {
		if clean && there(method) {
			allowed = append(allowed, method)
		}
	}
	p := call.Refuse(errNothing, false)
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		p = call.Refuse(errMethod, false)
		p.Status, p.Title = http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)
	}
	p.Write(w)
	return false
}

// serve runs one route: who asks, scope, allowance, handler, answer, one log event.
func (s *server) serve(route call.Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if plain := route.Plain(); plain != nil {
			if ok, _ := s.limits.Take(s.DB.Now(), "open", address(r), allowances["open"]); !ok {
				call.Refuse(errTooOften, false).Write(w)
				return
			}
			plain.ServeHTTP(w, r)
			return
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), maxTime)
		defer cancel()
		c := &call.Call{Request: r.WithContext(ctx), DB: s.DB, Keeper: s.Keeper, Incidents: s.Incidents, Now: s.DB.Now()}
		status, err := route.Status(), s.answer(w, route, c)
		if err != nil {
			p := call.Refuse(err, route.Matches())
			p.Write(w)
			status = p.Status
		}
		s.note(c, route, status, time.Since(began), err)
		s.Asked.Note(asked.Request{Practice: c.Credential.Practice, At: c.Now, Route: route.Pattern(), Status: status, Credential: c.Credential.ID,
			Address: s.Keeper.Network(c.Credential.Practice, guard.Network(address(r)))})
	})
}

func (s *server) note(c *call.Call, route call.Route, status int, took time.Duration, err error) {
	level, attributes := slog.LevelInfo, []slog.Attr{slog.String("route", route.Pattern()), slog.String("credential", c.Credential.ID), slog.Int("status", status), slog.Duration("took", took)}
	if err != nil && status >= 500 {
		level = slog.LevelError
		attributes = append(attributes, slog.String("error", err.Error()))
	}
	s.Log.LogAttrs(c.Context(), level, "api", attributes...)
}

// answer lets a call through to its route. One that panics is an error like another: the process serves others meanwhile.
func (s *server) answer(w http.ResponseWriter, route call.Route, c *call.Call) (err error) {
	defer func() {
		if wreck := recover(); wreck != nil {
			err = fmt.Errorf("%s: %v", route.Pattern(), wreck)
		}
	}()
	if err := s.enter(w, route, c); err != nil {
		return err
	}
	return c.Serve(w, route)
}

// enter says who asks, and whether they may.
func (s *server) enter(w http.ResponseWriter, route call.Route, c *call.Call) error {
	key, err := bearer(c.Request)
	if err != nil {
		return err
	}
	if c.Credential, err = s.Door.Program(c.Context(), s.Door.Browser("", address(c.Request), ""), key); err != nil {
		return err
	}
	c.Came(route, guard.Network(address(c.Request)))
	if ok, wait := s.limits.Take(c.Now, route.Class(), c.Credential.ID, allowances[route.Class()]); !ok {
		w.Header().Set("Retry-After", strconv.Itoa(1+int(wait/time.Second)))
		return errTooOften
	}
	if !c.Credential.May(route.Scope()) {
		return errScope
	}
	err = c.View(func(ctx context.Context, tx *store.Tx) (err error) {
		c.Now = tx.Now
		c.Practice, err = practice.Find(ctx, tx)
		return err
	})
	switch {
	case errors.Is(err, practice.ErrNotFound) || err == nil && !c.Practice.ClosedAt.IsZero():
		return guard.ErrNoCredential
	case err != nil:
		return fmt.Errorf("read who asks: %w", err)
	}
	c.Location, err = zone.Load(c.Practice.Zone)
	return err
}

// bearer is the key of a request. RFC 6750 §2.1; never one in an address (§5.3) or a cookie.
func bearer(r *http.Request) (string, error) {
	given := r.Header.Values("Authorization")
	if len(given) != 1 {
		return "", guard.ErrNoCredential
	}
	scheme, key, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || len(key) > 100 {
		return "", guard.ErrNoCredential
	}
	return key, nil
}

func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
