// Package operate is the pages of who runs the installation: practices, health, queues, stops and background work.
//
// They are served by a command of its own (letterhead operator), on this machine's loopback alone and only while it runs: who may read the data folder may
// look (decision 0015). They read and never change anything.
//
// They show ids, practices' own names, counts, states and instants. Never what is of a person: no client, contact or member, no address, no words of a
// message, no reason that somebody typed.
package operate

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"letterhead/app/watch"
	"letterhead/fault"
	"letterhead/guard/secret"
	"letterhead/job"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/ui"
	"letterhead/web/ui/text"
)

// Of is the installation that is looked at.
type Of struct {
	DB    *store.DB
	Watch *watch.Watch
	Host  string // that requests must be for, such as localhost:8099
	Key   string // that the first request must bring
}

const (
	cookie = "letterhead-operator"
	onPage = 100
	within = 10 * time.Second
	back   = 24 * time.Hour
)

// seen is what the page shows.
type seen struct {
	frame   ui.Frame
	text    *text.Catalogue
	trouble string
	lines   []line
	stops   []message.Open
	jobs    []job.Count
	now     time.Time
	next    string
	first   bool
	sum     message.Load
}

type line struct {
	practice practice.Practice
	queue    message.Load
}

// Handler answers whoever brought the key, from this machine.
func (o Of) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+ui.AssetPath, ui.Assets())
	mux.HandleFunc("GET /{$}", o.page)
	mux.HandleFunc("GET /enter/{key}", func(w http.ResponseWriter, r *http.Request) {
		if !o.same(r.PathValue("key")) {
			http.NotFound(w, r)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: o.Key, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // http on loopback
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nonce := ui.NewNonce()
		for name, value := range map[string]string{"Content-Security-Policy": ui.ContentPolicy(nonce), "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			w.Header().Set(name, value)
		}
		if r.Host != o.Host { // a name that somebody else's DNS leads here
			http.Error(w, "this address is not served here", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r.WithContext(ui.WithNonce(r.Context(), nonce)))
	})
}

func (o Of) same(key string) bool { return subtle.ConstantTimeCompare([]byte(key), []byte(o.Key)) == 1 }

func (o Of) page(w http.ResponseWriter, r *http.Request) {
	known, err := r.Cookie(cookie)
	if err != nil || !o.same(known.Value) {
		http.NotFound(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), within)
	defer cancel()
	s, err := o.read(ctx, store.PracticeID(r.URL.Query().Get("after")))
	if err != nil {
		http.Error(w, "the database does not answer as it should; the log says more", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = show(s).Render(ctx, w)
}

func (o Of) read(ctx context.Context, after store.PracticeID) (seen, error) {
	words := text.For("en")
	s := seen{text: words, frame: ui.Frame{Text: words, Title: words.Say("operator.title"), Practice: "Letterhead", Home: "/"}, trouble: o.Watch.Trouble(ctx), first: after == ""}
	err := o.DB.WholeView(ctx, "operator's page", func(w *store.Wide) error {
		s.now = w.Now
		queues, err := message.Loads(ctx, w, w.Now.Add(-back))
		if err != nil {
			return err
		}
		for _, q := range queues {
			s.sum.Queued, s.sum.Held, s.sum.Sent, s.sum.Failed = s.sum.Queued+q.Queued, s.sum.Held+q.Held, s.sum.Sent+q.Sent, s.sum.Failed+q.Failed
		}
		found, err := practice.List(ctx, w, after, onPage+1)
		if err != nil {
			return err
		}
		if len(found) > onPage {
			found, s.next = found[:onPage], string(found[onPage-1].ID)
		}
		for _, p := range found {
			s.lines = append(s.lines, line{p, queues[p.ID]})
		}
		if s.stops, err = message.OpenStops(ctx, w, onPage); err != nil {
			return err
		}
		s.jobs, err = job.Counted(ctx, w)
		return err
	})
	return s, err
}

// Run serves the pages until the context ends, and says where.
func Run(ctx context.Context, db *store.DB, watched *watch.Watch, listen string, said io.Writer) error {
	host, _, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fault.Field("--listen", "operator.listen", "write a loopback address and a port, such as 127.0.0.1:8099; from elsewhere come by ssh -L")
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fault.New(fault.Unavailable, "operator.listen", "cannot listen on "+listen).With(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	o := Of{DB: db, Watch: watched, Host: "localhost:" + port, Key: secret.NewToken()}
	fmt.Fprintf(said, "Open http://%s/enter/%s   (until this ends; nothing can be changed there)\n", o.Host, o.Key)
	server := &http.Server{Handler: o.Handler(), ReadHeaderTimeout: within, ReadTimeout: within, WriteTimeout: 3 * within, MaxHeaderBytes: 32 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}
