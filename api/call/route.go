// Package call is what every route of the API is made of: the call (which program asks, for which practice, at what time), how it is read, and how
// it is answered or refused.
//
// A route is made by For, which wants a scope, or by Public, which wants a reason; there is no other way, so a route that has neither does not
// compile. A scope is a permission that package guard lets programs have: a route with another one stops the start.
//
// What comes in is read strictly: JSON of bounded size and depth, each member known and there once; known parameters alone. A refusal names the
// field and the fix and never repeats a value. What makes something is done once for each Idempotency-Key, in the same transaction as the note of
// it; what changes something names the version it was read in (If-Match).
//
// A handler reads and changes through its call's View, Change and Once alone, which are bound to the credential's practice. It never sees another
// practice, never approves, and never lifts a stop: there is no scope that does.
package call

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"letterhead/fault"
	"letterhead/guard"
)

// Reason says why a route needs no credential.
type Reason string

// Route is a line of the route table.
type Route struct {
	pattern string
	scope   guard.Permission
	reason  Reason
	about   string
	plain   http.Handler
	in, out reflect.Type
	status  int
	matched bool
	do      func(*Call) (any, error)
}

// Nothing is what comes in where there is nothing to say.
type Nothing struct{}

// For is a route for programs: method and path, the scope it needs, what it does in a line, and its handler. Of a GET the handler is given the
// address's parameters, of any other method the body.
func For[In, Out any](pattern string, scope guard.Permission, about string, do func(*Call, In) (Out, error)) Route {
	r := Route{pattern: pattern, scope: scope, about: about, in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](), status: http.StatusOK}
	if do == nil {
		return r
	}
	r.do = func(c *Call) (any, error) {
		var in In
		if err := read(c.Request, &in); err != nil {
			return nil, err
		}
		return do(c, in)
	}
	return r
}

// Public is a route that anybody may ask, with the reason why. It gets no call.
func Public(pattern string, reason Reason, handler http.Handler) Route {
	return Route{pattern: pattern, reason: reason, plain: handler}
}

// Making is the route of something that is made, answered with 201, or 202 where it happens later. Its handler uses Once; an Idempotency-Key must be
// there.
func (r Route) Making(status int) Route {
	r.status = status
	return r
}

// Matching is the route of a change: the version that was read must be there, as If-Match.
func (r Route) Matching() Route {
	r.matched = true
	return r
}

// Pattern is the route's method and path.
func (r Route) Pattern() string { return r.pattern }

// Method and Path are the parts of the pattern.
func (r Route) Method() string { method, _, _ := strings.Cut(r.pattern, " "); return method }

// Path is the pattern without the method.
func (r Route) Path() string { _, path, _ := strings.Cut(r.pattern, " "); return path }

// Scope is what the route needs, "" for a public one.
func (r Route) Scope() guard.Permission { return r.scope }

// Reason is why the route is public, "" for the others.
func (r Route) Reason() Reason { return r.reason }

// About is what the route does, in a line.
func (r Route) About() string { return r.about }

// Types are what comes in and what goes out.
func (r Route) Types() (in, out reflect.Type) { return r.in, r.out }

// Status is that of an answer.
func (r Route) Status() int { return r.status }

// Makes tells whether the route makes something, Matches whether it changes what was read.
func (r Route) Makes() bool { return r.status == http.StatusCreated || r.status == http.StatusAccepted }

// Matches tells whether If-Match must be there.
func (r Route) Matches() bool { return r.matched }

// Plain answers anybody; nil of the others.
func (r Route) Plain() http.Handler { return r.plain }

// Class is how a route's use is limited.
func (r Route) Class() string {
	switch {
	case r.plain != nil:
		return "open"
	case r.Method() == http.MethodGet:
		return "read"
	}
	return "change"
}

var paths = regexp.MustCompile(`^(GET|POST|PATCH) /api/v1(/[a-z.]+|/\{[a-z]+\})+$`)

// Check refuses a route that was not made by For or Public with everything they need, or whose scope no program can have.
func (r Route) Check() error {
	if !paths.MatchString(r.pattern) {
		return fault.Field("route", "call.pattern", "write a route as GET, POST or PATCH /api/v1/things/{id}")
	}
	if r.plain != nil && r.reason != "" && r.scope == "" && r.do == nil {
		return nil
	}
	if _, err := guard.ScopeOf(r.scope); err != nil || r.do == nil || r.reason != "" || r.about == "" || r.plain != nil {
		return fault.Field("route", "call.scope", "a route needs a scope that programs can have, or a reason why it is public, and a handler that is described")
	}
	return nil
}
