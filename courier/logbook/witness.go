package logbook

import (
	"context"
	"sync/atomic"
	"time"

	"letterhead/courier/setting"
	"letterhead/fault"
	"letterhead/ledger"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// Watch is what this process knows of the log's witnesses. Its zero value wants none.
type Watch struct {
	Cosigners []*proof.Cosigner
	Wanted    int
	Wait      time.Duration // orders wait when the log has been unwitnessed for so long

	now  atomic.Pointer[ledger.Witnessed]
	fork atomic.Bool
}

// NewWatch is what the configuration says, which was found good.
func NewWatch(c setting.Config) *Watch {
	w := &Watch{Wanted: c.Wanted(), Wait: c.OrdersWaitAfter()}
	for _, x := range c.Witnesses {
		if key, err := proof.ParseCosigner(x.Key); err == nil {
			w.Cosigners = append(w.Cosigners, key)
		}
	}
	return w
}

// Witnessed is what was read last; false where no witness is wanted, or nothing was read yet.
func (w *Watch) Witnessed() (ledger.Witnessed, bool) {
	if x := w.now.Load(); x != nil {
		return *x, true
	}
	return ledger.Witnessed{}, false
}

// Fork tells whether a witness has seen another history than this log shows. It is so until the process ends.
func (w *Watch) Fork() bool { return w.fork.Load() }

// Waits tells whether orders wait: a witness has seen another history, too few have signed for too long, or who signed cannot be read.
func (w *Watch) Waits(now time.Time) bool {
	if w.Wanted == 0 {
		return false
	}
	x := w.now.Load()
	return w.Fork() || x == nil || !x.Since.IsZero() && now.Sub(x.Since) > w.Wait
}

// Show has the witnesses shown what was signed, beside everything else, until ctx ends. A fork is a fault with the key ledger.fork.
func (w *Watch) Show(ctx context.Context, ask func(context.Context) error, trouble func(what string, err error)) {
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.Shown(ctx, ask, trouble)
		}
	}
}

const showEvery = 15 * time.Second

// Shown is Show, once.
func (w *Watch) Shown(ctx context.Context, ask func(context.Context) error, trouble func(what string, err error)) {
	if ask == nil || w.Wanted == 0 {
		return
	}
	err := ask(ctx)
	if f := fault.As(err); f != nil && f.Key == "ledger.fork" {
		w.fork.Store(true)
	}
	if err != nil && ctx.Err() == nil {
		trouble("witness", err)
	}
}

// Watch reads who signed what.
func (l *Logbook) Watch(ctx context.Context, w *Watch) error {
	if w.Wanted == 0 {
		return nil
	}
	var found ledger.Witnessed
	err := l.db.WholeView(ctx, "who has witnessed the ledger", func(x *store.Wide) (err error) {
		found, err = ledger.Witness(ctx, x, l.key.Verifier, w.Cosigners, w.Wanted)
		return err
	})
	if err != nil {
		w.now.Store(nil)
		return err
	}
	w.now.Store(&found)
	return nil
}
