// Package web serves members' pages: one route table (routes.go), the frame around every page, and what stands between the network and a
// page.
//
// It promises: every route names a permission, or the reason why it is public, and one that does not is refused at the start; a request for
// another host, from another site or too large never reaches a page; another practice's thing is not found; every answer carries a strict
// Content-Security-Policy with a nonce of its own; an error tells a person what to do and a stranger nothing; one log event a request, with
// the route's pattern and no personal data.
//
// Who asks is said by a session's cookie, and for which practice; nobody without one reaches a members' page. What anybody may ask is limited
// for each network address, the rest for each session, in bounded memory.
//
// It never reads a table itself: pages ask the product's packages.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/guard/throttle"
	"letterhead/incident/asked"
	"letterhead/store"
	"letterhead/transfer/upload"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// Config is what the pages need.
type Config struct {
	DB     *store.DB
	Keeper *vault.Keeper
	Door   *guard.Door
	Hosts  []string // HOST or HOST:PORT that requests may be for, such as localhost:8080
	Secure bool     // reached by https
	Log    *slog.Logger
	Routes []page.Route // of other packages, such as the demonstration's inbox
	Places []ui.Place   // their entries in the menu
	Desk   string       // address of the signing desk, for links; "" when it is not known

	Record page.Record // what can be said of the record of messages; nil where nobody can
	Asked  *asked.Log  // keeps who asked which route; nil keeps nothing
	Sender page.Sender // what can be said of where messages come from; nil where nobody can

	Uploads   *upload.Desk // takes exports that are handed in; nil where nobody does
	Platform  string       // the domain below which each practice has a name
	LooksKept int          // days that the access log is kept; 0: for ever

	Incidents page.Incidents // what is known of incidents; nil where nobody can tell
	Codes     page.Codes     // what can be said of the codes of mails; nil where nobody can

	// Signed reads what a practice's people signed, within a transaction; nil where nobody can tell.
	Signed func(ctx context.Context, tx *store.Tx, read func(*approval.State) error) error
}

// The bounds of a request.
const (
	maxBody = 64 << 10
	maxTime = 15 * time.Second
)

type server struct {
	Config
	platform         platform
	hosts            map[string]bool
	uploads          map[string]int64 // method and path of forms that bring a file, and how much at most
	strangers, known *throttle.Limits // apart, so that a flood of strangers takes no room of sessions and of devices that somebody has used
}

// New makes the handler of members' pages.
func New(c Config) (http.Handler, error) {
	s := &server{Config: c, hosts: map[string]bool{}, uploads: map[string]int64{}, strangers: throttle.New(mostVisitors), known: throttle.New(mostVisitors)}
	if c.DB == nil || c.Keeper == nil || c.Door == nil || c.Log == nil {
		return nil, fault.New(fault.Internal, "web.config", "web needs a database, a keeper, a door and a log")
	}
	if len(c.Hosts) == 0 {
		return nil, fault.Field("hosts", "web.hosts", "name the hosts under which pages are reached, for example localhost:8080")
	}
	for _, host := range c.Hosts {
		s.hosts[host] = true
	}
	mux := http.NewServeMux()
	seen := map[string]bool{}
	for _, route := range s.routes() {
		if err := route.Check(); err != nil {
			return nil, err
		}
		if seen[route.Pattern()] {
			return nil, fault.Field("route", "web.route", "%s is in the table twice", route.Pattern())
		}
		seen[route.Pattern()] = true
		switch {
		case route.Uploads() && route.IsStream():
			s.uploads[route.Pattern()] = upload.MaxBody
		case route.Uploads():
			s.uploads[route.Pattern()] = page.MaxUpload
		}
		mux.Handle(route.Pattern(), s.serve(route))
	}
	return s.guard(mux), nil
}

// Routes lists the route table as text, for the command that prints it and for tests.
func Routes(others ...page.Route) []string {
	s := &server{Config: Config{Routes: others}}
	var lines []string
	for _, route := range s.routes() {
		why := string(route.Permission())
		if why == "" {
			why = "public: " + string(route.Reason())
		}
		if route.Back() != "" {
			why += " · proven within 10 minutes"
		}
		lines = append(lines, fmt.Sprintf("%-44s %-6s %s", route.Pattern(), route.Class(), why))
	}
	return lines
}
