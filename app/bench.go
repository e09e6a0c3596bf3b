package app

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"sync"
	"time"

	"letterhead/app/people"
	"letterhead/courier/trust"
	"letterhead/rehearse"
	"letterhead/rehearse/drill"
	"letterhead/rehearse/drill/august"
	"letterhead/store"
	"letterhead/vault"
)

func benchCommand() command {
	cmd := command{
		name: "bench", argument: "[NAME …]", summary: "take the figures of docs/performance.md on this machine; missed targets are said and are no failure",
		examples: append([]string{"bench", "bench send sign --engine sqlite", "bench --quick --json"}, rehearse.BenchExamples()...),
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var engine string
		var quick, sink, bare, noChunking, noPipelining, tls bool
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&engine, "engine", "both", "sqlite, postgres or both")
			f.BoolVar(&quick, "quick", false, "small numbers: does it work, not how fast is it")
			f.BoolVar(&c.json, "json", false, "print JSON")
			f.BoolVar(&sink, "sink", false, "be the counting sink: a process that bench starts")
			f.BoolVar(&bare, "bare", false, "be the bare client: a process that bench starts")
			f.BoolVar(&noChunking, "no-chunking", false, "the sink does not offer CHUNKING")
			f.BoolVar(&noPipelining, "no-pipelining", false, "the sink does not offer PIPELINING")
			f.BoolVar(&tls, "tls", false, "the sink offers STARTTLS")
		})
		if err != nil {
			return err
		}
		switch {
		case sink:
			return rehearse.ServeSink(c.in, c.out, noChunking, noPipelining, tls)
		case bare:
			return rehearse.ServeBare(ctx, c.in, c.out)
		}
		options := rehearse.BenchOptions{Names: c.args, Engine: engine, Quick: quick, JSON: c.json, Out: c.out, Log: c.errs}
		program, err := rehearse.Itself()
		if err != nil {
			return err
		}
		options.Command = []string{program}
		return rehearse.Bench(ctx, benched{}, options)
	}
	return cmd
}

// benched is this program as the bench sees it: data folders made and opened as every command does, with no environment.
type benched struct{}

func (benched) call(folder string) *call { return &call{folder: folder, env: map[string]string{}} }

func (p benched) Make(ctx context.Context, folder string) error {
	i, err := makeInstallation(ctx, p.call(folder), "", trust.Test)
	if err != nil {
		return err
	}
	return i.Close()
}

func (p benched) Open(ctx context.Context, folder string, now func() time.Time) (rehearse.Opened, error) {
	i, err := p.call(folder).open(ctx, now)
	if err != nil {
		return nil, err
	}
	return &opened{i}, nil
}

type opened struct{ *installation }

func (o *opened) Database() *store.DB   { return o.db }
func (o *opened) Keeper() *vault.Keeper { return o.keeper }

func (o *opened) AddPractice(ctx context.Context, p rehearse.SamplePractice) (store.PracticeID, error) {
	added, _, err := o.addPractice(ctx, people.New{Name: p.Name, Country: p.Country, Zone: p.Zone, Owner: p.Owner, Phone: p.Phone, Email: p.Email, Website: p.Website, Address: p.Address})
	return added.ID, err
}

func (o *opened) Sign(ctx context.Context, practice store.PracticeID) error {
	all := o.signing()
	all.Limits = rehearse.BenchLimits
	return rehearse.SignAll(ctx, rehearse.Signing{DB: o.db, Folder: courierFolder(o.folder), Journal: journalFolder(o.folder), Practice: practice, Setting: all})
}

func (o *opened) Jobs(ctx context.Context) (int, error) { return o.planner().DoJobs(ctx) }

func (o *opened) Plan(ctx context.Context) (int, error) {
	did, err := o.planner().TurnDue(ctx, slog.New(slog.DiscardHandler))
	if err == nil && did.Failed > 0 {
		err = errors.New("practices could not be planned")
	}
	return did.Queued, err
}

func (o *opened) Live(ctx context.Context) error {
	log := slog.New(slog.DiscardHandler)
	c, err := o.newCourier(log)
	if err != nil {
		return err
	}
	defer c.Close()
	var wait sync.WaitGroup
	wait.Go(func() { o.planner().Loop(ctx, log) })
	err = c.Run(ctx)
	wait.Wait()
	return err
}

func drillCommand() command {
	cmd := command{
		name: "drill", summary: "play the attacks of docs/threat.md against the program itself, on this machine alone, in fresh folders; exit 1 if a bound is broken",
		examples: []string{"drill", "drill --only version-swapped,stolen-session", "drill --full --json", "drill --incident   (August 2024 to its end: stopped, measured, told, written down)"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		o, whole := drill.Options{Program: benched{}, Out: c.out, Log: c.errs}, false
		err := c.parse(cmd, func(f *flag.FlagSet) {
			o.Flags(f)
			f.BoolVar(&whole, "incident", false, "play one incident to its end instead, and print its timeline and record")
		})
		if err == nil && whole {
			return august.Run(ctx, august.Options{Program: benched{}, Database: o.Database, Out: c.out})
		} else if err != nil {
			return err
		}
		return drill.Run(ctx, o)
	}
	return cmd
}
