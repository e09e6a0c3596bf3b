// Package doctor examines an installation and says what to do.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"letterhead/app/record"
	"letterhead/calendar"
	"letterhead/courier"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/ledger"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// Of is the installation that is examined.
type Of struct {
	Folder   string
	Database string // its address
	KeyFile  string
	Courier  string         // the courier's folder
	Journal  string         // the journal's
	Config   courier.Config // as it is written, nothing filled in
	Trust    trust.File
	DB       *store.DB
}

// Finding is one line.
type Finding struct {
	State string `json:"state"` // good, note, bad
	About string `json:"about"`
	Say   string `json:"say"`
}

// Examine looks at everything.
func (o Of) Examine(ctx context.Context) []Finding {
	mark := "real"
	if o.Trust.Mark != "" {
		mark = string(o.Trust.Mark) + ": hands off to loopback only"
	}
	out := []Finding{
		{"good", "installation", fmt.Sprintf("%s, epoch %d, %s", o.Trust.Installation, o.Trust.Epoch, mark)},
		{"good", "zones", zone.Version()},
		o.examineFolder(),
		{"note", "key", "the key-encryption key is " + o.KeyFile + ". It is in no backup: keep a copy elsewhere, or contact details are lost with this disk"},
		o.examineDatabase(ctx),
		o.examineJournal(),
		o.examineLogKey(),
	}
	out = append(out, o.examineRecord(ctx)...)
	out = append(out, o.examineWitnesses(ctx)...)
	out = append(out, o.examineStops(ctx)...)
	out = append(out, o.examineRelays(ctx)...)
	return append(out, o.examineDrift(ctx)...)
}

func (o Of) examineFolder() Finding {
	info, err := os.Stat(o.Folder)
	switch {
	case err != nil:
		return Finding{"bad", "folder", "cannot be read"}
	case info.Mode().Perm()&0o077 != 0:
		return Finding{"bad", "folder", fmt.Sprintf("others on this machine can enter %s: chmod 700 it", o.Folder)}
	}
	return Finding{"good", "folder", o.Folder}
}

func (o Of) examineDatabase(ctx context.Context) Finding {
	kind, _, _ := strings.Cut(o.Database, ":")
	practices := 0
	err := practice.Each(ctx, o.DB, false, func(practice.Practice) error { practices++; return nil })
	if err != nil {
		return Finding{"bad", "database", "does not answer"}
	}
	return Finding{"good", "database", fmt.Sprintf("%s, %d open practices", kind, practices)}
}

// examineStops says what is stopped: a stop that somebody forgot looks like a fault of everything else.
func (o Of) examineStops(ctx context.Context) []Finding {
	var stops []message.Stop
	err := o.DB.WholeView(ctx, "doctor asks what is stopped", func(w *store.Wide) (err error) {
		stops, err = message.Stops(ctx, w)
		return err
	})
	if err != nil {
		return []Finding{{"bad", "sending", "what is stopped cannot be read, so nothing is sent"}}
	}
	out := []Finding{}
	for _, s := range stops[:min(len(stops), 20)] {
		whom, lift := "everybody", "letterhead lift ends it"
		if s.Practice != "" {
			whom, lift = "practice "+string(s.Practice), "its people end it at the signing desk"
		}
		out = append(out, Finding{"bad", "sending", fmt.Sprintf("stopped for %s since %s, %s: %s; %s", whom, s.At.Format(time.RFC3339), s.Words(), s.Reason, lift)})
	}
	if len(stops) == 0 {
		out = append(out, Finding{"good", "sending", "nothing is stopped"})
	}
	return out
}

func (o Of) examineJournal() Finding {
	if err := journal.Check(o.Journal, o.Trust.Installation, o.Trust.Epoch); err != nil {
		return Finding{"bad", "journal", "nothing is sent: " + err.Error()}
	}
	return Finding{"good", "journal", "belongs to this installation and epoch"}
}

// examineLogKey says where the key of the record of messages lies: without it nobody can be shown anything new of it.
func (o Of) examineLogKey() Finding {
	file := ledger.KeyFile(o.Courier, o.Trust.Epoch)
	key, err := ledger.OpenKey(o.Courier, o.Trust.Installation, o.Trust.Epoch)
	if err != nil {
		return Finding{"bad", "record key", "nothing is sent: " + err.Error()}
	}
	return Finding{"note", "record key", "the key of the record of messages is " + file + "; backups have it, and without it no message can leave. Whoever checks what was sent needs " + key.Text}
}

// examineRecord reads the record of messages again, from its first entry on, and holds the messages' own rows against it: as many left as are on record.
func (o Of) examineRecord(ctx context.Context) (out []Finding) {
	err := o.DB.WholeView(ctx, "doctor reads the record of messages again", func(w *store.Wide) error {
		all, err := ledger.Audit(ctx, w)
		if err != nil {
			return err
		}
		left, err := message.Departures(ctx, w)
		if err != nil {
			return err
		}
		out = []Finding{{"good", "record", fmt.Sprintf("%d entries, read again from the first on", all.Size)}}
		for p := range left {
			all.Messages[p] += 0
		}
		for p, n := range all.Messages {
			if left[p] != n {
				name := "practice " + string(p)
				if p == "" {
					name = "Letterhead's own"
				}
				out = append(out, Finding{"bad", "record", fmt.Sprintf("%s: %d messages are on record as leaving, the messages' own list has %d: somebody changed that list, or put back an old one", name, n, left[p])})
			}
		}
		return nil
	})
	if err != nil {
		return []Finding{{"bad", "record", "the record of messages was changed, or cannot be read: " + err.Error()}}
	}
	return out[:min(len(out), 20)]
}

// examineWitnesses asks the witnesses, and says since when too few have signed.
func (o Of) examineWitnesses(ctx context.Context) []Finding {
	asker, err := record.NewAsker(record.Host{DB: o.DB, Folder: o.Courier, Trust: o.Trust}, o.Config)
	if err != nil {
		return []Finding{{"bad", "witness", err.Error()}}
	}
	if asker == nil {
		return []Finding{{"note", "witness", "no courier.witness is set: that others are shown the same record of messages is this installation's word alone"}}
	}
	var out []Finding
	for _, t := range asker.Each(ctx) {
		switch {
		case t.Err == nil:
			out = append(out, Finding{"good", "witness", t.Name + " has signed the last state of the record of messages"})
		case errors.Is(t.Err, record.ErrFork):
			out = append(out, Finding{"bad", "witness", t.Name + " has seen another record of messages than this database has; bulk messages wait: find out which one is right"})
		default:
			out = append(out, Finding{"bad", "witness", t.Name + ": " + t.Err.Error()})
		}
	}
	if since, err := asker.Unwitnessed(ctx, o.Config.Wanted()); err != nil {
		out = append(out, Finding{"bad", "witness", "who signed the record of messages cannot be read"})
	} else if !since.IsZero() {
		out = append(out, Finding{"bad", "witness", fmt.Sprintf("the record of messages is unwitnessed since %s; bulk messages wait %s after that", since.Format(time.RFC3339), o.Config.OrdersWaitAfter())})
	}
	return out
}

func (o Of) examineRelays(ctx context.Context) []Finding {
	var out []Finding
	if o.Config.PlatformDomain == "" {
		out = append(out, Finding{"note", "domain", "courier.platform_domain is not set: practices without a domain of their own send from letterhead.localhost, which only this machine takes"})
	}
	if len(o.Config.Relays) == 0 {
		out = append(out, Finding{"note", "relay", "no courier.relay is set: mails stay queued until one is"})
	}
	if len(o.Config.Gateways) == 0 {
		out = append(out, Finding{"note", "gateway", "no courier.gateway is set: text messages are held until one is"})
	}
	for _, relay := range o.Config.Relays {
		dialer := net.Dialer{Timeout: 3 * time.Second}
		connection, err := dialer.DialContext(ctx, "tcp", relay.Address)
		if err != nil {
			out = append(out, Finding{"bad", "relay", relay.Name + " at " + relay.Address + " does not answer"})
			continue
		}
		connection.Close()
		out = append(out, Finding{"good", "relay", relay.Name + " at " + relay.Address + " answers"})
	}
	return out
}

// examineDrift lists appointments to come whose wall time means another instant than when they were written, because a government changed its rules
// and this program brought them.
func (o Of) examineDrift(ctx context.Context) []Finding {
	const most = 20
	var out []Finding
	total := 0
	err := practice.Each(ctx, o.DB, false, func(p practice.Practice) error {
		return o.DB.View(ctx, store.Actor{Practice: p.ID, Agent: "doctor"}, func(tx *store.Tx) error {
			drifted, err := calendar.Drifted(ctx, tx, most+1)
			for _, d := range drifted {
				if total++; total <= most {
					out = append(out, Finding{"bad", "zone rules", fmt.Sprintf("practice %s, appointment %s: %s in %s was %s and is now %s; move it to the same time once to set it right, and tell the client",
						p.ID, d.ID, d.Wall, d.Zone, d.Written.UTC().Format(time.RFC3339), d.Now.UTC().Format(time.RFC3339))})
				}
			}
			return err
		})
	})
	switch {
	case err != nil:
		return append(out, Finding{"bad", "zone rules", "the calendar cannot be read"})
	case total == 0:
		return append(out, Finding{"good", "zone rules", "every appointment to come is where its wall time says"})
	case total > most:
		return append(out, Finding{"bad", "zone rules", fmt.Sprintf("%d more appointments like these", total-most)})
	}
	return out
}
