// Package incidents is the operator's commands about incidents, and what opens them while the program runs.
//
// The commands need the data folder; import, clocks and export of a file need none. Whoever runs them is the operator: they see every practice's figures.
package incidents

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"letterhead/app/halt"
	"letterhead/app/setting"
	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/logbook"
	"letterhead/courier/trust"
	"letterhead/incident/alarm"
	"letterhead/incident/book"
	"letterhead/incident/measure"
	"letterhead/message"
	"letterhead/notice"
	"letterhead/store"
	"letterhead/vault"
)

// Host is the installation that is meant.
type Host struct {
	DB     *store.DB
	Keeper *vault.Keeper
	Folder string // the courier's
	Trust  trust.File
	Config setting.Config
}

func (h Host) halt() halt.Of { return halt.Of{DB: h.DB, Folder: h.Folder, Trust: h.Trust} }

// lookEvery is how often alarms are looked for. What they are about is stopped before.
const lookEvery = time.Second

// Watch opens incidents until the context ends. runs is the courier of this process, nil where another one delivers.
func (h Host) Watch(ctx context.Context, runs *courier.Courier, log *slog.Logger) {
	var status func() courier.Status
	if runs != nil {
		status = runs.Status
	}
	var both sync.WaitGroup
	both.Go(func() { every(ctx, log, h.Figures) }) // which may take seconds, while alarms are looked for
	every(ctx, log, func(ctx context.Context) error { return h.Look(ctx, status) })
	both.Wait()
}

func every(ctx context.Context, log *slog.Logger, do func(context.Context) error) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			log.Error("incidents", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// Figures measures what has no figures yet, or other stops than when it was measured.
func (h Host) Figures(ctx context.Context) error {
	var due []book.Case
	err := h.DB.WholeView(ctx, "incidents to measure", func(w *store.Wide) (err error) {
		due, err = book.Unmeasured(ctx, w)
		return err
	})
	for _, c := range due {
		if err == nil {
			_, err = h.Measure(ctx, c.ID)
		}
	}
	return err
}

// Look looks for alarms once.
func (h Host) Look(ctx context.Context, status func() courier.Status) error {
	err := h.DB.Whole(ctx, "incidents of the breaker", func(w *store.Wide) error {
		_, err := alarm.Breaker(ctx, w)
		return err
	})
	return errors.Join(err, h.complaints(ctx), h.broken(ctx, status))
}

// complaints stops what many complained of, and opens the incident.
func (h Host) complaints(ctx context.Context) error {
	var found []alarm.Burst
	err := h.DB.WholeView(ctx, "complaints", func(w *store.Wide) (err error) {
		all, err := alarm.Bursts(ctx, w)
		for _, b := range all {
			if _, known := book.Alarmed(ctx, w, b.Alarm(w.Now)); errors.Is(known, store.ErrNone) {
				found = append(found, b)
			} else if known != nil {
				return known
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, b := range found {
		scope, subject, reason := b.Stop()
		made, err := h.halt().Stop(ctx, message.Stop{Practice: b.Practice, Scope: scope, Subject: subject, Reason: reason, Who: "complaints"})
		if err != nil {
			return err
		}
		err = h.DB.Whole(ctx, "open an incident", func(w *store.Wide) error {
			c, _, err := book.Raise(ctx, w, b.Opening(w.Now, made))
			if err != nil {
				return err
			}
			return book.Tell(ctx, w, c.ID, b.Practice)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// broken opens the incident of a journal or record that is not to be believed. The courier sends nothing then: it is the freeze.
func (h Host) broken(ctx context.Context, status func() courier.Status) error {
	kind, why := book.Kind(""), ""
	if err := journal.Check(courier.JournalFolder(h.Folder), h.Trust.Installation, h.Trust.Epoch); err != nil {
		kind, why = book.Journal, "the journal is missing, or another installation’s"
	}
	if status != nil {
		switch s := status(); {
		case s.Fork:
			kind, why = book.Verification, "a witness has seen another record of messages than this one"
		case strings.HasPrefix(s.Why, logbook.Disbelieved):
			kind, why = book.Verification, "the record of messages is not the one that the courier’s journal knows"
		}
	}
	if kind == "" {
		return nil
	}
	return h.DB.Whole(ctx, "open an incident", func(w *store.Wide) error {
		_, _, err := book.Raise(ctx, w, alarm.Broken(kind, w.Now, why))
		return err
	})
}

// Open makes the stops that are said, and opens the incident.
func (h Host) Open(ctx context.Context, o book.Opening, stops ...message.Stop) (c book.Case, err error) {
	if err := o.Facts.Check(); err != nil { // before anything is stopped
		return c, err
	}
	for _, s := range stops {
		made, err := h.halt().Stop(ctx, s)
		if err != nil {
			return c, err
		}
		o.Stops = append(o.Stops, made)
	}
	err = h.DB.Whole(ctx, "open an incident", func(w *store.Wide) error {
		c, _, err = book.Raise(ctx, w, o)
		return err
	})
	return c, err
}

// Contain stops something more for an incident.
func (h Host) Contain(ctx context.Context, id string, stop message.Stop) error {
	made, err := h.halt().Stop(ctx, stop)
	if err != nil {
		return err
	}
	return h.DB.Whole(ctx, "contain an incident", func(w *store.Wide) error { return book.Contain(ctx, w, id, made) })
}

// Measure measures an incident.
func (h Host) Measure(ctx context.Context, id string) (map[store.PracticeID][]book.Figure, error) {
	noted, err := journal.Open(courier.JournalFolder(h.Folder), h.Trust.Installation, h.Trust.Epoch)
	if err != nil {
		return nil, err
	}
	defer noted.Close()
	return measure.Measurer{DB: h.DB, Signers: h.signers(chain.Open(h.Folder, noted))}.Run(ctx, id)
}

// signers says whose signatures statements have.
func (h Host) signers(chains *chain.Chains) func(context.Context, store.PracticeID, []string, map[string]string) ([]store.MemberID, error) {
	return func(ctx context.Context, practice store.PracticeID, statements []string, wordings map[string]string) (out []store.MemberID, err error) {
		err = h.DB.View(ctx, store.Actor{Practice: practice, Agent: "incident"}, func(tx *store.Tx) error {
			return chains.Read(ctx, tx, func(s *approval.State) error {
				add := func(signers []approval.Signer) {
					for _, x := range signers {
						out = append(out, x.Member)
					}
				}
				for _, text := range statements {
					digest, err := approval.ParseDigest(text)
					if err != nil {
						return err
					}
					_, signers := s.Signed(digest)
					add(signers)
				}
				for wording, text := range wordings {
					digest, err := approval.ParseDigest(text)
					if err != nil {
						return err
					}
					if stands, why := s.Allows(approval.KindWording, wording, digest, tx.Now); why == nil {
						_, signers := s.Signed(stands.Digest)
						add(signers)
					}
					for _, waits := range s.Waiting(tx.Now) {
						if waits.Statement.Kind == approval.KindWording && waits.Statement.Digest == digest {
							add(waits.Signers)
						}
					}
				}
				return nil
			})
		})
		if refused := new(approval.Refused); errors.As(err, &refused) { // of a chain that does not hold nobody is known to have signed
			return nil, nil
		}
		return out, err
	}
}

// Entity is whose installation it is, as records name it.
func (h Host) Entity() string { return h.Config.Platform() }

// Proof is how far the notices of an incident are.
type Proof struct {
	Practices int       `json:"practices"`
	Queued    int       `json:"queued"`
	Sent      int       `json:"sent"`
	Failed    int       `json:"failed"`
	Read      int       `json:"read"`
	Told      int       `json:"told"` // practices with a notice that was sent
	Last      time.Time `json:"last"` // when the last of them was
}

// Notices reads the notices of an incident and what became of them, and writes down when all practices had been told.
func (h Host) Notices(ctx context.Context, id string) (p Proof, err error) {
	err = h.DB.WholeView(ctx, "notices of an incident", func(w *store.Wide) error {
		concerned, err := book.Practices(ctx, w, id)
		if err != nil {
			return err
		}
		p.Practices = len(concerned)
		for _, c := range concerned {
			if !c.ReadAt.IsZero() {
				p.Read++
			}
		}
		states, err := notice.Of(ctx, w, notice.Incident, id)
		told := map[store.PracticeID]bool{}
		for _, s := range states {
			switch s.State { //nolint:exhaustive // what waits in any way is not told yet
			case message.Sent:
				p.Sent++
				told[s.Practice] = true
				if s.LeftAt.After(p.Last) {
					p.Last = s.LeftAt
				}
			case message.Refused, message.Dropped, message.MaybeSent:
				p.Failed++
			default:
				p.Queued++
			}
		}
		p.Told = len(told)
		return err
	})
	if err != nil || p.Practices == 0 || p.Told < p.Practices {
		return p, err
	}
	return p, h.DB.Whole(ctx, "everybody is told", func(w *store.Wide) error { return book.TellDone(ctx, w, id, p.Last) })
}
