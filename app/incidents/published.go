package incidents

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"letterhead/app/register"
	"letterhead/fault"
	"letterhead/incident/book"
	"letterhead/incident/form"
	"letterhead/incident/tell"
	records "letterhead/register"
	"letterhead/register/site"
	"letterhead/store"
)

// Published is the public register of an installation: the records in a folder, and its own closed incidents. It is built when one of them changed.
type Published struct {
	Host    Host
	From    string // the folder; one that is not there has no records
	Address string // where the register is found; may be empty
	Log     *slog.Logger

	mu     sync.Mutex
	looked time.Time
	mark   string
	files  map[string][]byte
}

// Publish is the register of a data folder, found below the address of the public pages.
func Publish(h Host, folder, public string, log *slog.Logger) *Published {
	p := &Published{Host: h, From: filepath.Join(folder, "register"), Log: log}
	if public != "" {
		p.Address = strings.TrimSuffix(public, "/") + "/register/"
	}
	return p
}

// lookAfter is how old a register may be before it is asked whether something changed.
const lookAfter = 5 * time.Second

// File is a file of the register by its name, such as incident/2024-08-25-power-diary.html.
func (p *Published) File(ctx context.Context, name string) (raw []byte, found bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.Host.DB.Now(); p.files == nil || now.Sub(p.looked) > lookAfter {
		if err := p.refresh(ctx, now); err != nil {
			return nil, false, err
		}
		p.looked = now
	}
	raw, found = p.files[name]
	return raw, found, nil
}

// refresh builds the register anew where something changed.
func (p *Published) refresh(ctx context.Context, now time.Time) error {
	mark, err := register.Changed(p.From)
	if err != nil {
		return err
	}
	var closed []book.Case
	err = p.Host.DB.WholeView(ctx, "closed incidents", func(w *store.Wide) (err error) {
		closed, err = book.Closed(ctx, w)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range closed {
		mark += " " + c.ID + c.ClosedAt.Format(time.RFC3339Nano)
	}
	mark += now.Format(time.DateOnly)
	if p.files != nil && p.mark == mark {
		return nil
	}
	var told bytes.Buffer
	entries, err := register.Folder(p.From, &told)
	if err != nil {
		return err
	}
	for _, c := range closed {
		e, err := p.own(ctx, c)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	files, refused, err := site.Build(site.Options{Title: "Register of incidents", Keeper: p.Host.Entity(), Address: p.Address, Built: now.UTC()}, entries)
	if err != nil {
		return err
	}
	for _, r := range refused {
		told.WriteString(r.Name + ": " + r.Why + "\n")
	}
	for line := range strings.Lines(told.String()) {
		p.Log.Warn("register", slog.String("record", strings.TrimPrefix(strings.TrimSpace(line), filepath.Clean(p.From)+string(filepath.Separator))))
	}
	p.mark, p.files = mark, map[string][]byte{}
	for _, f := range files {
		p.files[f.Name] = f.Bytes
	}
	return nil
}

// own is a closed incident of this installation as an entry: through the register's form, as it would be exported.
func (p *Published) own(ctx context.Context, c book.Case) (e site.Entry, err error) {
	err = p.Host.DB.WholeView(ctx, "a closed incident's record", func(w *store.Wide) error {
		i, err := tell.Record(ctx, w, c.ID, p.Host.Entity())
		if err != nil {
			return err
		}
		e.Raw, err = form.Write(tell.Public(i), form.Register)
		return err
	})
	if err != nil {
		return e, err
	}
	d, err := records.Parse(e.Raw)
	if err != nil {
		return e, fault.New(fault.Internal, "register.own", "an incident of this installation cannot be shown").With(err)
	}
	e.Name, e.Record = c.ID+".md", d.View()
	return e, nil
}
