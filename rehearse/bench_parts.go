package rehearse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"letterhead/calendar"
	"letterhead/courier"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/wording"
	"letterhead/zone"
)

const (
	planMost   = 20 // µs
	renderMost = 10 // µs
	importMost = 5  // s
)

// parts measures the pure pieces on what the database of one practice holds.
func (b *bench) parts(ctx context.Context, engine testkit.Engine) error {
	w, err := b.queued(ctx, engine, false)
	if err != nil {
		return err
	}
	c, err := b.capture(ctx, engine)
	if err != nil {
		return err
	}
	if err := w.open(ctx, b.noon.ten, func(o Opened) error { return b.pure(ctx, w, o) }); err != nil {
		return err
	}
	for _, k := range []struct {
		keys signing
		name string
	}{{ed25519Only, "sign one message, Ed25519"}, {bothKeys, "sign one message, RSA-2048 and Ed25519"}} {
		signer, err := w.signer(k.keys)
		if err != nil {
			return err
		}
		header, body := split(c.messages[0].Content)
		var out []byte
		took, err := b.timed(func() (err error) {
			out, err = signer.Sign(out[:0], b.noon.ten, header, body)
			return err
		})
		if err != nil {
			return err
		}
		b.say(k.name, "", took, "µs", "one core")
	}
	return nil
}

func (b *bench) pure(ctx context.Context, w *world, o Opened) error {
	var facts []plan.Facts
	var values []courier.Facts
	var raw map[string][]byte
	err := o.Database().View(ctx, store.Actor{Practice: w.practices[0], Agent: "bench"}, func(tx *store.Tx) error {
		some, err := intents(ctx, tx)
		if err != nil || len(some) == 0 {
			return errors.Join(err, errorIf(len(some) == 0, "there are no messages"))
		}
		some = some[:min(len(some), 100)]
		var ids []calendar.ID
		var batch []message.Message
		for _, in := range some {
			ids = append(ids, calendar.ID(in.Appointment))
			batch = append(batch, message.Message{Practice: tx.Practice, Intent: in})
		}
		if facts, err = plan.Load(ctx, tx, ids...); err != nil {
			return err
		}
		source := plan.NewSource(o.Keeper())
		if values, err = source.Facts(ctx, tx, batch); err != nil {
			return err
		}
		raw, err = source.Versions(ctx, tx, []string{some[0].Version})
		return err
	})
	if err != nil {
		return err
	}
	lines, n := 0, 0
	took, err := b.timed(func() error {
		n++
		lines = len(plan.Plan(facts[n%len(facts)], b.noon.ten))
		return nil
	})
	if err != nil {
		return err
	}
	b.atMost("plan one appointment", "", took, "µs", planMost, fmt.Sprintf("starter rules, %d lines", lines))
	for _, text := range raw {
		version, _, err := wording.DecodeCanonical(text)
		if err != nil {
			return err
		}
		compiled, err := wording.Compile(version, version.DefaultLanguage)
		if err != nil {
			return err
		}
		var buffer []byte
		size := 0
		took, err := b.timed(func() error {
			n++
			rendered := compiled.Render(buffer, &values[n%len(values)].Values)
			buffer, size = rendered.Buffer, len(rendered.Body)
			return nil
		})
		if err != nil {
			return err
		}
		b.atMost("render one message", "", took, "µs", renderMost, fmt.Sprintf("%d bytes of HTML and text, %d fields in use", size, len(compiled.Uses())))
	}
	return nil
}

// timed is how long one call takes, in µs: the median of rounds of a few milliseconds.
func (b *bench) timed(do func() error) (float64, error) {
	rounds, round := 41, 10*time.Millisecond
	if b.Quick {
		rounds, round = 3, time.Millisecond
	}
	var all []float64
	for range rounds {
		start, n := time.Now(), 0
		for time.Since(start) < round {
			for range 10 {
				if err := do(); err != nil {
					return 0, err
				}
			}
			n += 10
		}
		all = append(all, micro(time.Since(start), n))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// imports brings in an export shaped like a clinic's: four appointments a client over half a year.
func (b *bench) imports(ctx context.Context, engine testkit.Engine) (err error) {
	w := b.newWorld(engine)
	if err := w.make(ctx); err != nil {
		return err
	}
	defer closing(&err, w.remove)
	var id store.PracticeID
	err = w.open(ctx, b.noon.ten, func(o Opened) (err error) {
		id, err = o.AddPractice(ctx, SamplePractice{Name: "Wattle Street Physiotherapy", Country: "AU", Zone: b.noon.zone, Owner: "owner@wattlestreet.example"})
		return err
	})
	if err != nil {
		return err
	}
	export := benchExport(b.noon.zone, b.imported/4, b.imported, func(i int) zone.Date { return b.noon.day.Add(i/264 - 20) }) // six practitioners a day
	folder := filepath.Join(w.folder, "export")
	if err := os.CopyFS(folder, export); err != nil {
		return err
	}
	u, err := b.runChild(ctx, w.folder, "import", "--practice", string(id), "--from", folder, "--json")
	if err != nil {
		return err
	}
	b.atMost(fmt.Sprintf("import %d appointments of %d clients", b.imported, b.imported/4), engine, u.elapsed.Seconds(), "s", importMost,
		fmt.Sprintf("letterhead import, start to end; %.1f s CPU, %.0f MB", u.cpu.Seconds(), float64(u.memory)/1e6))
	u, err = b.runChild(ctx, w.folder, "import", "--practice", string(id), "--from", folder, "--json")
	if err != nil {
		return err
	}
	b.say("the same again, nothing changed", engine, u.elapsed.Seconds(), "s", "")
	return nil
}
