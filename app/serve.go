package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"letterhead/api"
	"letterhead/app/desk"
	"letterhead/app/entrance"
	"letterhead/app/incidents"
	"letterhead/app/record"
	"letterhead/app/secure"
	"letterhead/app/watch"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/incident/asked"
	"letterhead/public"
	"letterhead/store"
	"letterhead/transfer/upload"
	"letterhead/web"
	"letterhead/web/page"
	"letterhead/web/ui"
)

func serveCommand() command {
	cmd := command{
		name: "serve", summary: "run the pages, the planning and, unless told otherwise, the courier",
		examples: []string{"serve", "serve --no-courier"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var noCourier bool
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.BoolVar(&noCourier, "no-courier", false, "leave delivery to letterhead courier")
		})
		if err != nil {
			return err
		}
		return c.inFolder(ctx, func(i *installation) error {
			return i.serve(ctx, serving{courier: !noCourier, log: logger(c.errs), said: c.out})
		})
	}
	return cmd
}

const (
	drainIn = 4 * time.Second  // for what is in hand at the end
	readIn  = 10 * time.Second // for a request's header
)

// serving is what a process that stays does.
type serving struct {
	sample   store.PracticeID // of the demonstration: a link signs its owner in
	courier  bool
	log      *slog.Logger
	said     io.Writer
	routes   []page.Route // of the demonstration
	places   []ui.Place
	enter    *entrance.Entrance // of the demonstration
	listener net.Listener       // made from the configuration when nil
	desk     *desk.Desk         // in the process that delivers
	chains   *chain.Chains      // what is signed, for links
	asked    *asked.Log         // who asked which route
	uploads  *upload.Desk       // exports that are handed in
	ready    func(address string)
}

// serve runs until the context ends, then lets what is in hand finish.
func (i *installation) serve(ctx context.Context, s serving) error {
	var err error
	if s.listener == nil {
		if s.listener, err = net.Listen("tcp", i.config.Listen); err != nil {
			return fault.New(fault.Unavailable, "serve.listen", "cannot listen on "+i.config.Listen+"; is another Letterhead running, or does another program use the port?").With(err)
		}
	}
	var c *courier.Courier
	if s.courier {
		if c, err = i.newCourier(s.log); err != nil {
			return errors.Join(err, s.listener.Close())
		}
		defer c.Close()
		if s.desk, err = i.openDesk(s.log, c, s.sample != ""); err != nil {
			return errors.Join(err, s.listener.Close())
		}
		defer s.desk.Close()
	}
	if s.sample != "" && i.trust.Mark == trust.Demo {
		s.enter = entrance.New(s.sample, i.address(s), s.said)
		s.routes = append(s.routes, s.enter.Route())
	}
	if c != nil {
		s.chains = c.Approvals()
	} else {
		noted, err := journal.Open(journalFolder(i.folder), i.trust.Installation, i.trust.Epoch)
		if err != nil {
			return errors.Join(err, s.listener.Close())
		}
		defer noted.Close()
		s.chains = chain.Open(courierFolder(i.folder), noted)
	}
	s.asked = asked.New(i.db, s.log)
	s.uploads = upload.New(i.db, i.keeper, filepath.Join(i.folder, "import"), i.moved)
	handler, err := i.handler(s, c)
	if err != nil {
		return errors.Join(err, s.listener.Close())
	}
	if s.listener, handler, err = i.config.TLS.Around(s.listener, handler, i.config.PublicURL, i.folder); err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: readIn, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	i.say(s)
	return i.together(ctx, s, server, c)
}

// address is where the pages are: in public, or on this machine.
func (i *installation) address(s serving) string {
	if i.config.TLS.Direct() || len(i.config.TLS.Proxies) > 0 {
		return i.config.PublicURL + "/"
	}
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		port = "?"
	}
	return "http://localhost:" + port + "/"
}

func (i *installation) say(s serving) {
	address := i.address(s)
	if s.enter != nil {
		fmt.Fprintf(s.said, "Open %s\n", s.enter.Link())
	} else {
		fmt.Fprintf(s.said, "Open %s\n", address)
	}
	if s.desk != nil {
		fmt.Fprintf(s.said, "The signing desk is at %s\n", s.desk.Address)
	}
	if s.ready != nil {
		s.ready(address)
	}
}

// together runs the parts side by side. The first that fails ends all.
func (i *installation) together(ctx context.Context, s serving, server *http.Server, c *courier.Courier) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wait sync.WaitGroup
	part := func(name string, run func() error) {
		wait.Go(func() {
			if err := run(); err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	part("pages", func() error {
		if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	part("planning", func() error { i.planner().With(s.chains).Loop(ctx, s.log); return nil })
	part("notices", func() error { i.planner().With(s.chains).KeepTelling(ctx, s.log); return nil })
	part("requests", func() error { s.asked.Run(ctx, asked.Kept); return nil })
	part("incidents", func() error { i.incidents().Watch(ctx, c, s.log); return nil })
	part("imports", func() error { return s.uploads.Run(ctx, s.log) })
	part("jobs", func() error { i.planner().Work(ctx, s.log); return nil })
	if s.enter != nil {
		part("rehearsal", func() error { i.keepRehearsing(ctx, s.sample, s.log); return nil })
	}
	if c != nil {
		part("courier", func() error { return c.Run(ctx) })
		part("signing desk", func() error { return s.desk.Run(ctx) })
	}
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainIn)
	defer cancel()
	err := server.Shutdown(closing)
	if err != nil {
		err = server.Close()
	}
	wait.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// handler is everything that answers on the one address until pages, public pages and signing have addresses of their own.
func (i *installation) handler(s serving, c *courier.Courier) (http.Handler, error) {
	port := ""
	if _, p, err := net.SplitHostPort(s.listener.Addr().String()); err == nil {
		port = ":" + p
	}
	hosts := []string{"localhost" + port, "127.0.0.1" + port, "[::1]" + port}
	u, err := url.Parse(i.config.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("public_url: %w", err)
	}
	door, err := i.door(port)
	if err != nil {
		return nil, err
	}
	signing := i.config.Sign.URL
	if s.desk != nil {
		signing = s.desk.Address
	}
	codes, err := i.outside().Callers(s.chains)
	if err != nil {
		return nil, err
	}
	members, err := web.New(web.Config{
		DB: i.db, Keeper: i.keeper, Door: door, Hosts: append(hosts, u.Host), Secure: u.Scheme == "https", Log: s.log, Routes: s.routes, Places: s.places,
		Desk: signing, Signed: s.chains.Read, Record: record.Pages{Host: i.recordHost(), Config: i.config.Courier}, Asked: s.asked, Codes: codes, Incidents: incidents.Pages{Host: i.incidents()},
		Sender: i.brand(), Uploads: s.uploads, Platform: i.config.Platform(), LooksKept: i.config.LooksKept,
	})
	if err != nil {
		return nil, err
	}
	programs, err := api.New(api.Config{DB: i.db, Keeper: i.keeper, Door: door, Hosts: append(hosts, u.Host), Secure: u.Scheme == "https", Log: s.log, Asked: s.asked, Incidents: incidents.Programs{Host: i.incidents()}})
	if err != nil {
		return nil, err
	}
	outside := i.outside()
	outside.Register = incidents.Publish(i.incidents(), i.folder, outside.Config.PublicURL, s.log)
	strangers, err := outside.Handler(s.chains, s.log)
	if err != nil {
		return nil, err
	}
	watched, mux := watch.New(watch.Of{DB: i.db, Journal: journalFolder(i.folder), Trust: i.trust, Courier: c}), http.NewServeMux()
	mux.Handle("/", members)
	mux.Handle(api.Prefix, programs)
	for _, prefix := range public.Prefixes() {
		mux.Handle(prefix, strangers)
	}
	mux.Handle("GET /healthz", watched.Health())
	mux.Handle("GET /metrics", secure.Local(watched.Metrics()))
	return mux, nil
}

func courierCommand() command {
	cmd := command{
		name: "courier", summary: "run delivery alone, beside serve --no-courier",
		examples: []string{"courier"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		if err := c.parse(cmd, nil); err != nil {
			return err
		}
		c.delivers()
		return c.inFolder(ctx, func(i *installation) error {
			log := logger(c.errs)
			runs, err := i.newCourier(log)
			if err != nil {
				return err
			}
			defer runs.Close()
			log.Info("the courier runs", slog.String("installation", i.trust.Installation), slog.Int64("epoch", i.trust.Epoch))
			signs, err := i.openDesk(log, runs, false)
			if err != nil {
				return err
			}
			defer signs.Close()
			return signs.Beside(ctx, runs.Run)
		})
	}
	return cmd
}
