package rehearse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"letterhead/client"
	"letterhead/order"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/bare"
	"letterhead/testkit/sink"
	"letterhead/wording"
)

const (
	delayMost = 5.0 // s, of another practice's reminder
	stopMost  = 1.0 // s, from a stop's answer to the last hand-off begun
	drainMost = 5.0 // s, from SIGTERM to the end
	crowdTime = 5 * time.Minute
)

const appointmentColumns = `practitioner, service, location, mode, wall, zone, starts, ends, minutes, booking, overbooked, generation, booked_at, booked_by,
	moved_at, cancelled_at, cancelled_by, cancel_reason, cancel_late, import_sum, import_version, batch, version, created_at, changed_at`

// double copies imported appointments with their attendees and due rows. Their ids begin otherwise, their times are some hours later. which narrows
// the appointments by SQL that begins with AND.
func double(ctx context.Context, w *store.Wide, prefix string, hours int, which string) error {
	later := int64(hours) * time.Hour.Microseconds()
	n := len(prefix) + 1
	id := func(column string) string { return fmt.Sprintf(`$1 || substr(%s, %d)`, column, n) }
	from := `FROM appointment a WHERE a.external <> '' ` + which
	for _, statement := range []string{
		`INSERT INTO appointment (practice, id, external, ` + appointmentColumns + `)
			SELECT practice, ` + id("id") + `, '', practitioner, service, location, mode, wall, zone, starts + $2, ends + $2, minutes, booking, overbooked, generation, booked_at, booked_by,
			moved_at, cancelled_at, cancelled_by, cancel_reason, cancel_late, import_sum, import_version, batch, version, created_at, changed_at ` + from,
		`INSERT INTO attendee (practice, id, appointment, client, confirmation, attendance, confirmed_at)
			SELECT t.practice, ` + id("t.id") + `, ` + id("t.appointment") + `, t.client, t.confirmation, t.attendance, t.confirmed_at
			FROM appointment a CROSS JOIN attendee t WHERE t.practice = a.practice AND t.appointment = a.id AND a.external <> '' ` + which,
		`INSERT INTO due (practice, appointment, attendee, recipient, channel, rule, generation, mark, due_at, state, reason, message, decided_at)
			SELECT d.practice, ` + id("d.appointment") + `, ` + id("d.attendee") + `, d.recipient, d.channel, d.rule, d.generation, d.mark, d.due_at + $2, d.state, d.reason, d.message, d.decided_at
			FROM appointment a CROSS JOIN due d WHERE d.practice = a.practice AND d.appointment = a.id AND a.external <> '' ` + which,
	} {
		args := []any{prefix, later}
		if !strings.Contains(statement, "$2") {
			args = args[:1]
		}
		if _, err := w.Exec(ctx, statement, args...); err != nil {
			return fmt.Errorf("copy appointments: %w", err)
		}
	}
	return nil
}

// fill copies the appointments of every practice until each has count.
func (w *world) fill(ctx context.Context, each, count int) error {
	return w.whole(ctx, func(wide *store.Wide) error {
		for have, n := each, 0; have < count; n++ {
			add := min(each, count-have)
			which := fmt.Sprintf(`AND a.external < '%06d'`, add)
			if err := double(ctx, wide, fmt.Sprintf("a%03x", n), 0, which); err != nil {
				return err
			}
			have += add
		}
		return nil
	})
}

// live lets a world live, from a few seconds before ten o'clock, until done says so, and returns when that was.
func (b *bench) live(ctx context.Context, w *world, done func(o Opened, now time.Time) (bool, error)) error {
	return w.open(ctx, b.noon.ten.Add(-b.lead), func(o Opened) error {
		ctx, cancel := context.WithTimeoutCause(ctx, crowdTime, errors.New("it took too long"))
		defer cancel()
		lives := make(chan error, 1)
		living, end := context.WithCancel(ctx)
		go func() { lives <- o.Live(living) }()
		var err error
		for over := false; !over && err == nil; {
			select {
			case err = <-lives:
				end()
				return errors.Join(errors.New("it ended by itself"), err)
			case <-ctx.Done():
				err = context.Cause(ctx)
			case <-time.After(20 * time.Millisecond):
				over, err = done(o, o.Database().Now())
			}
		}
		end()
		return errors.Join(err, <-lives)
	})
}

// withSink gives a world a relay that counts.
func (b *bench) withSink(ctx context.Context, w *world, v variant, do func(*sink.Process) error) (err error) {
	s, address, done, err := b.relay(ctx, v)
	if err != nil {
		return err
	}
	defer closing(&err, done)
	if err := errors.Join(w.sign(v.keys), w.configure(relayConfig{address: address, tls: "none"})); err != nil {
		return err
	}
	return do(s)
}

// herdAtTen lets every practice's reminders fall due at one instant.
func (b *bench) herdAtTen(ctx context.Context, engine testkit.Engine) (err error) {
	booked, err := b.booked(ctx, engine, true)
	if err != nil {
		return err
	}
	w, err := booked.copy()
	if err != nil {
		return err
	}
	defer closing(&err, w.remove)
	if err := w.fill(ctx, b.each, b.herd); err != nil {
		return err
	}
	want := b.practices * b.herd
	return b.withSink(ctx, w, variant{means: bare.Chunking}, func(s *sink.Process) error {
		var took time.Duration
		before := sink.CPU()
		err := b.live(ctx, w, func(_ Opened, now time.Time) (bool, error) {
			report, err := s.Report()
			took = now.Sub(b.noon.ten)
			return report.Count >= want, err
		})
		if err != nil {
			return err
		}
		if _, err := expected(s, want); err != nil {
			return err
		}
		b.say(fmt.Sprintf("herd of %d over %d practices: to the last", want, b.practices), engine, took.Seconds(), "s",
			fmt.Sprintf("unsigned; %.0f/s, %.0f µs CPU a message with its planning", float64(want)/took.Seconds(), micro(sink.CPU()-before, want)))
		return nil
	})
}

// orderBeside queues an order of one practice, or lets as many of its reminders fall due, while those of others fall due.
func (b *bench) orderBeside(ctx context.Context, engine testkit.Engine) error {
	alone, err := b.beside(ctx, engine, "")
	if err != nil {
		return err
	}
	for _, kind := range []string{"order", "reminders"} {
		took, err := b.beside(ctx, engine, kind)
		if err != nil {
			return err
		}
		b.atMost(fmt.Sprintf("%d %s of one practice: latest of others' %d reminders", b.order, kind, (b.practices-1)*b.other), engine, took.Seconds(), "s after ten", delayMost,
			fmt.Sprintf("%.2f s without them", alone.Seconds()))
	}
	return nil
}

func (b *bench) beside(ctx context.Context, engine testkit.Engine, kind string) (late time.Duration, err error) {
	booked, err := b.booked(ctx, engine, true)
	if err != nil {
		return 0, err
	}
	w, err := booked.copy()
	if err != nil {
		return 0, err
	}
	defer closing(&err, w.remove)
	if err := b.prepareBeside(ctx, w, kind); err != nil {
		return 0, err
	}
	big, others := string(w.practices[0]), (b.practices-1)*b.other
	var beside int
	looked := time.Now()
	err = b.withSink(ctx, w, variant{means: bare.Chunking}, func(*sink.Process) error {
		return b.live(ctx, w, func(o Opened, _ time.Time) (bool, error) {
			if time.Since(looked) < time.Second { // looking reads all messages; when each left is written down
				return false, nil
			}
			looked = time.Now()
			var count int
			var last int64
			err := o.Database().WholeView(ctx, "measure delays", func(wide *store.Wide) error {
				return wide.Row(ctx, `SELECT COUNT(CASE WHEN practice <> $1 THEN 1 END), COALESCE(MAX(CASE WHEN practice <> $1 THEN left_at END), 0), COUNT(CASE WHEN practice = $1 THEN 1 END)
					FROM message WHERE state = 'sent'`, big).Scan(&count, &last, &beside)
			})
			late = store.Instant(last).Sub(b.noon.ten)
			return count >= others, err
		})
	})
	if err == nil && kind != "" && beside == 0 {
		err = fmt.Errorf("nothing of the %s left meanwhile", kind)
	}
	return late, err
}

// prepareBeside leaves a few reminders to each other practice, and gives the first one its many.
func (b *bench) prepareBeside(ctx context.Context, w *world, kind string) error {
	big := string(w.practices[0])
	err := w.whole(ctx, func(wide *store.Wide) error {
		_, err := wide.Exec(ctx, `UPDATE due SET due_at = due_at + $1 WHERE practice <> $2 AND NOT EXISTS
			(SELECT 1 FROM appointment a WHERE a.practice = due.practice AND a.id = due.appointment AND a.external < $3)`, (240 * time.Hour).Microseconds(), big, fmt.Sprintf("%06d", b.other))
		if err != nil || kind == "reminders" {
			return err
		}
		_, err = wide.Exec(ctx, `UPDATE due SET due_at = due_at + $1 WHERE practice = $2`, (240 * time.Hour).Microseconds(), big)
		return err
	})
	switch {
	case err != nil || kind == "":
		return err
	case kind == "reminders":
		return w.whole(ctx, func(wide *store.Wide) error {
			for n := 1; n*b.each < b.order; n++ {
				if err := double(ctx, wide, fmt.Sprintf("a%03x", n), 0, `AND a.practice = '`+big+`'`); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return w.open(ctx, b.noon.ten.Add(-time.Minute), func(o Opened) error { return b.ask(ctx, o, w.practices[0]) })
}

// ask makes an order to as many clients of a practice, and has its owner sign it.
func (b *bench) ask(ctx context.Context, o Opened, p store.PracticeID) error {
	actor := store.Actor{Practice: p, Agent: "bench"}
	change := func(do func(*store.Tx) error) error { return o.Database().Change(ctx, actor, do) }
	for n := 0; n < b.order; {
		part := min(1000, b.order-n)
		err := change(func(tx *store.Tx) error {
			keys, err := o.Keeper().Keys(ctx, tx)
			for i := n; i < n+part && err == nil; i++ {
				_, err = client.Add(ctx, tx, keys, client.Client{FirstName: "Jo", LastName: "Lindqvist", Email: client.Address{Written: fmt.Sprintf("jo%06d@client.example", i)}})
			}
			return err
		})
		if err != nil {
			return err
		}
		n += part
	}
	err := change(func(tx *store.Tx) error {
		id, err := ClosedNotice(ctx, tx)
		if err != nil {
			return err
		}
		made, err := order.New(ctx, tx, order.Request{Name: "Closed", Wording: id, Channel: "email", From: tx.Now.Add(-time.Hour), Until: tx.Now.Add(12 * time.Hour)})
		if err != nil {
			return err
		}
		return order.Ask(ctx, tx, made[0].ID, made[0].Edition)
	})
	if err != nil {
		return err
	}
	if _, err := o.Jobs(ctx); err != nil {
		return err
	}
	return o.Sign(ctx, p)
}

// ClosedNotice makes a wording of the practice that speaks of no appointment.
func ClosedNotice(ctx context.Context, tx *store.Tx) (template.ID, error) {
	sent, err := template.SentVersions(ctx, tx)
	if err != nil {
		return "", err
	}
	for _, v := range sent {
		words, err := template.Read(ctx, tx, v.ID)
		if err != nil || words.Purpose != wording.Transactional {
			continue
		}
		words.DefaultLanguage = "en"
		words.Languages = []wording.Language{{Tag: "en", Subject: wording.Say("We are closed on Friday"), Blocks: []wording.Block{
			wording.Text("Hello {recipient.greeting_name},", "we are closed on Friday and back on Monday."), wording.Footer(wording.Say("You get this because you come to us."))}}}
		made, _, err := template.New(ctx, tx, "Closed", words)
		return made.ID, err
	}
	return "", errors.New("the practice has no template to make another of")
}

// stopping measures from a stop's answer to the last hand-off that began.
func (b *bench) stopping(ctx context.Context, engine testkit.Engine) (err error) {
	return b.flying(ctx, engine, variant{means: bare.Chunking, keys: bothKeys, trip: farTrip}, func(w *world, c *child) error {
		if _, err := b.runChild(ctx, w.folder, "stop", "--reason", "a rehearsal"); err != nil {
			return err
		}
		answered := time.Now()
		time.Sleep(2 * time.Second) // whatever would still begin begins in this time
		if err := c.terminate(); err != nil {
			return err
		}
		if _, err := c.wait(); err != nil {
			return err
		}
		var last, leaving, queued int64
		err := w.whole(ctx, func(wide *store.Wide) error {
			return wide.Row(ctx, `SELECT MAX(left_at), COUNT(CASE WHEN state = 'leaving' THEN 1 END), COUNT(CASE WHEN state = 'queued' THEN 1 END) FROM message`).Scan(&last, &leaving, &queued)
		})
		if err != nil {
			return err
		}
		if leaving != 0 || queued == 0 {
			return fmt.Errorf("%d messages are leaving and %d wait", leaving, queued)
		}
		b.atMost("stop: last hand-off begun after its answer", engine, max(0, store.Instant(last).Sub(answered).Seconds()), "s", stopMost, fmt.Sprintf("%d wait", queued))
		return nil
	})
}

// draining measures from SIGTERM to the end, the relay being slow.
func (b *bench) draining(ctx context.Context, engine testkit.Engine) error {
	return b.flying(ctx, engine, variant{means: bare.Neither, trip: 4 * farTrip}, func(w *world, c *child) error {
		start := time.Now()
		if err := c.terminate(); err != nil {
			return err
		}
		if _, err := c.wait(); err != nil {
			return err
		}
		took := time.Since(start)
		var leaving, claimed, maybe int64
		err := w.whole(ctx, func(wide *store.Wide) error {
			return wide.Row(ctx, `SELECT COUNT(CASE WHEN state = 'leaving' THEN 1 END), COUNT(CASE WHEN claimed_by <> '' THEN 1 END), COUNT(CASE WHEN state = 'maybe sent' THEN 1 END) FROM message`).Scan(&leaving, &claimed, &maybe)
		})
		if err == nil && leaving+claimed > 0 {
			err = fmt.Errorf("%d messages are leaving and %d are claimed", leaving, claimed)
		}
		b.atMost("SIGTERM to the end, relay 80 ms away, one command at a time", engine, took.Seconds(), "s", drainMost, fmt.Sprintf("%d maybe sent", maybe))
		return err
	})
}

// flying runs `letterhead courier` by the real clock until it has sent something and far from all.
func (b *bench) flying(ctx context.Context, engine testkit.Engine, v variant, do func(*world, *child) error) (err error) {
	queued, err := b.queued(ctx, engine, false)
	if err != nil {
		return err
	}
	w, err := queued.copy()
	if err != nil {
		return err
	}
	defer closing(&err, w.remove)
	if err := w.multiply(ctx, b.drained); err != nil {
		return err
	}
	return b.withSink(ctx, w, v, func(s *sink.Process) error {
		c, err := b.start(ctx, w.folder, "courier")
		if err != nil {
			return err
		}
		for deadline := time.Now().Add(time.Minute); ; {
			report, err := s.Report()
			if err == nil && report.Count >= 50 {
				break
			}
			if err != nil || time.Now().After(deadline) {
				_ = c.command.Process.Kill()
				_, ended := c.wait()
				return errors.Join(err, errors.New("the courier sends nothing"), ended)
			}
			time.Sleep(10 * time.Millisecond)
		}
		return do(w, c)
	})
}
