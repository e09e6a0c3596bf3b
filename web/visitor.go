package web

import (
	"errors"
	"net"
	"net/http"
	"time"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/guard/throttle"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/web/ui/text"
)

// The cookies' names. With __Host- a browser keeps a cookie to this host, the whole of it, and https. ASVS 3.3.1, 3.3.3.
const (
	sessionCookie = "letterhead"
	deviceCookie  = "letterhead-device"
	hostOnly      = "__Host-"
)

// How often pages may be asked, by the class of their route. ASVS 2.4.1.
var allowances = map[string]throttle.Allowance{
	"read":   {Burst: 300, Every: 100 * time.Millisecond}, // of one session
	"change": {Burst: 60, Every: 500 * time.Millisecond},
	"open":   {Burst: 60, Every: time.Second}, // of one network address, or of one device that somebody has used
}

const mostVisitors = 50_000

var errTooOften = fault.New(fault.TooMany, "web.too_often", "too many requests from here; wait a moment")

// visitor says who asks: the browser by its device cookie, the member by the session's cookie. On an open route nobody needs to be signed in.
func (s *server) visitor(route page.Route, r *http.Request) (*page.Visit, error) {
	v := &page.Visit{Request: r, DB: s.DB, Keeper: s.Keeper, Door: s.Door, Secure: s.Secure, Now: s.DB.Now(), Text: text.For(""), Desk: s.Desk, Record: s.Record, Codes: s.Codes, Incidents: s.Incidents, Signed: s.Signed, Sender: s.Sender, Uploads: s.Uploads, Platform: s.Platform, LooksKept: s.LooksKept}
	v.Base = ui.Frame{Text: v.Text}
	v.Browser = s.Door.Browser(s.cookie(r, deviceCookie), s.address(r), r.UserAgent())
	open := route.Permission() == ""
	if open && !s.allowed(v, "open", v.Browser.Source()) {
		return v, errTooOften
	}
	var err error
	if v.Token = s.cookie(r, sessionCookie); v.Token != "" {
		visit := s.Door.Visit
		if route.IsQuiet() {
			visit = s.Door.Glance
		}
		v.Session, err = visit(r.Context(), v.Token, v.Browser)
	} else {
		err = guard.ErrNoSession
	}
	if err != nil {
		v.Token = ""
		if open && errors.Is(err, guard.ErrNoSession) {
			return v, nil
		}
		if !errors.Is(err, guard.ErrNoSession) {
			return v, err
		}
		if !s.allowed(v, "open", v.Browser.Source()) {
			return v, errTooOften
		}
		return v, err
	}
	if open {
		return v, nil
	}
	if !s.allowed(v, route.Class(), v.Session.ID) {
		return v, errTooOften
	}
	return v, s.complete(v, route)
}

func (s *server) allowed(v *page.Visit, class, who string) bool {
	limits := s.strangers
	if class != "open" || v.Browser.Known() {
		limits = s.known
	}
	ok, _ := limits.Take(v.Now, class, who, allowances[class])
	return ok
}

// address is the network address a request came from.
func (s *server) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (s *server) name(cookie string) string {
	if s.Secure {
		return hostOnly + cookie
	}
	return cookie
}

func (s *server) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.name(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// cookies are what an answer leaves with the browser.
func (s *server) cookies(w http.ResponseWriter, answer page.Answer, v *page.Visit) {
	if v == nil {
		return
	}
	set := func(name, value string, life time.Duration) {
		c := &http.Cookie{Name: s.name(name), Value: value, Path: "/", MaxAge: int(life / time.Second), Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
		http.SetCookie(w, c)
	}
	switch {
	case answer.Known != nil:
		set(deviceCookie, s.Door.DeviceCookie(*answer.Known), guard.DeviceLife)
	case v.Browser.New && answer.Body != nil:
		set(deviceCookie, s.Door.DeviceCookie(v.Browser), guard.DeviceLife)
	}
	switch {
	case answer.Enter != "":
		set(sessionCookie, answer.Enter, guard.TotalLimit)
	case answer.Leave:
		set(sessionCookie, "", -time.Second)
		w.Header().Set("Clear-Site-Data", `"cache"`) // ASVS 14.3.1
	}
}
