package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"letterhead/app/setting"
	"letterhead/app/when"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"letterhead/app/people"
	"letterhead/courier/trust"
	"letterhead/rehearse"
	"letterhead/rehearse/inbox"
	"letterhead/store"
	"letterhead/transfer"
	"letterhead/zone"
)

// demoDays is how many days the demonstration lives through before it opens, so that there are messages to look at.
const demoDays = 8

func demoCommand() command {
	cmd := command{
		name: "demo", summary: "start a sample practice with a mail-and-SMS sink, on this machine alone, in a fresh folder",
		examples: []string{"demo", "demo --listen localhost:9000"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var listen string
		var keep bool
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&listen, "listen", "", "`HOST:PORT` of the pages; localhost:8080, or any free port when that is taken")
			f.BoolVar(&keep, "keep", false, "keep the folder at the end")
		})
		if err != nil {
			return err
		}
		folder, err := os.MkdirTemp("", "letterhead-demo-")
		if err != nil {
			return fmt.Errorf("make a folder for the demonstration: %w", err)
		}
		if !keep {
			defer os.RemoveAll(folder)
		}
		// A configuration from the environment belongs to another installation.
		demo := &call{folder: filepath.Join(folder, "data"), env: map[string]string{}, out: c.out, errs: c.errs}
		return demo.demonstrate(ctx, listen)
	}
	return cmd
}

func (c *call) demonstrate(ctx context.Context, listen string) error {
	listener, err := demoListener(listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	fmt.Fprintf(c.out, "Making a sample practice and letting %d days pass …\n", demoDays)
	sinks, err := inbox.Open()
	if err != nil {
		return err
	}
	defer sinks.Close()
	practice, err := c.sample(ctx, sinks)
	if err != nil {
		return err
	}
	i, err := c.open(ctx, nil)
	if err != nil {
		return err
	}
	defer i.Close()
	fmt.Fprintf(c.out, "A mail-and-SMS sink takes everything: nothing leaves this machine. Its inbox is the last entry of the menu. Ctrl-C ends it all.\n")
	return i.serve(ctx, serving{
		sample: practice, courier: true, log: logger(io.Discard), said: c.out, listener: listener,
		routes: sinks.Routes(), places: sinks.Places(),
	})
}

// demoListener takes the port that was asked for, or 8080, or any.
func demoListener(listen string) (net.Listener, error) {
	if listen != "" {
		host, _, err := net.SplitHostPort(listen)
		if err != nil || !setting.Loopback(host) {
			return nil, errors.New("--listen: the demonstration stays on this machine: localhost:PORT")
		}
		return net.Listen("tcp", listen)
	}
	if l, err := net.Listen("tcp", "localhost:8080"); err == nil {
		return l, nil
	}
	return net.Listen("tcp", "localhost:0")
}

// sample makes the practice as it was some days ago, by init and import, and ticks through the days since.
func (c *call) sample(ctx context.Context, sinks *inbox.Sinks) (store.PracticeID, error) {
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(c.folder, setting.File), []byte(sinks.Config()), 0o600); err != nil {
		return "", err
	}
	first, err := makeInstallation(ctx, c, "", trust.Demo)
	if err != nil {
		return "", err
	}
	if err := first.Close(); err != nil {
		return "", err
	}
	now := time.Now()
	local, err := zone.Load(rehearse.Zone)
	if err != nil {
		return "", err
	}
	today := zone.DateOf(now.In(local))
	id, err := c.firstDay(ctx, zone.At(zone.Wall{Date: today.Add(-demoDays), Minute: 8 * 60}, local), today)
	if err != nil {
		return "", err
	}
	for day := -demoDays; day <= 0; day++ {
		// A minute after ten, and after the minute to eight of other zones' evenings.
		at := zone.At(zone.Wall{Date: today.Add(day), Minute: 10*60 + 1}, local)
		if at.After(now) {
			at = now
		}
		if err := c.passDay(ctx, at); err != nil {
			return "", err
		}
	}
	return id, nil
}

func (c *call) firstDay(ctx context.Context, at time.Time, today zone.Date) (store.PracticeID, error) {
	i, err := c.open(ctx, when.Clock(at))
	if err != nil {
		return "", err
	}
	defer i.Close()
	p, _, err := i.addPractice(ctx, people.New{
		Name: "Wattle Street Physiotherapy", Country: "AU", Zone: rehearse.Zone, Owner: "petra@wattlestreet.example", OwnerName: "Petra Schäfer",
		Phone: "(03) 5550 0142", Email: "hello@wattlestreet.example", Website: "wattlestreet.example", Address: "12 Wattle Street\nBallarat VIC 3350",
	})
	if err != nil {
		return "", err
	}
	actor := store.Actor{Practice: p.ID, Agent: "import"}
	_, err = transfer.Import(ctx, i.db, i.keeper, p.ID, transfer.Source{FS: rehearse.Export(today)}, transfer.Options{Actor: actor})
	if err != nil {
		return "", err
	}
	return p.ID, i.rehearsed(ctx, p.ID)
}

func (c *call) passDay(ctx context.Context, at time.Time) error {
	i, err := c.open(ctx, when.Clock(at))
	if err != nil {
		return err
	}
	defer i.Close()
	_, err = i.tick(ctx, slog.New(slog.DiscardHandler))
	return err
}
