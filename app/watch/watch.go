// Package watch answers /healthz and /metrics: counts and states, never a practice's name, a client or an address.
package watch

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"letterhead/courier"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
)

// Of says what is watched.
type Of struct {
	DB      *store.DB
	Journal string // its folder
	Trust   trust.File
	Courier *courier.Courier // nil where another process delivers
}

// Watch is the two handlers.
type Watch struct {
	Of

	up, queued, held, due, frozen, lastSent *prometheus.Desc
	outcomes, unwitnessed, fork             *prometheus.Desc
}

const within = 3 * time.Second

// New describes what will be told.
func New(of Of) *Watch {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("letterhead_"+name, help, labels, nil)
	}
	return &Watch{
		Of:          of,
		up:          describe("able_to_send", "1 when messages can leave, 0 when something stops them."),
		queued:      describe("messages_queued", "Messages that wait for the courier."),
		held:        describe("messages_held", "Messages that are held, by a stop or a check."),
		due:         describe("practices_due", "Practices with something due that is not planned yet (at most 1000 are counted)."),
		frozen:      describe("practices_stopped", "Practices that are stopped."),
		lastSent:    describe("last_sent_timestamp_seconds", "When this process last handed a message off."),
		unwitnessed: describe("record_unwitnessed_seconds", "For how long too few witnesses have signed the record of messages; 0 when enough have, or none is wanted."),
		fork:        describe("record_fork", "1 when a witness has seen another record of messages than this one."),
		outcomes:    describe("messages_total", "Messages by outcome, since this process started.", "outcome"),
	}
}

// Describe implements prometheus.Collector.
func (w *Watch) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(w, out) }

// Collect implements prometheus.Collector.
func (w *Watch) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	able := 0.0
	if w.Trouble(ctx) == "" {
		able = 1
	}
	gauge(w.up, able)
	_ = w.DB.WholeView(ctx, "metrics", func(tx *store.Wide) error { // what cannot be read is left out; able_to_send says 0
		queued, held, err := message.Waiting(ctx, tx)
		if err != nil {
			return err
		}
		gauge(w.queued, float64(queued))
		gauge(w.held, float64(held))
		due, err := plan.NextPractices(ctx, tx, tx.Now, "")
		if err == nil {
			gauge(w.due, float64(len(due)))
		}
		return err
	})
	if w.Courier == nil {
		return
	}
	s := w.Courier.Status()
	gauge(w.frozen, float64(s.Frozen))
	since := 0.0
	if !s.Unwitnessed.IsZero() {
		since = max(0, w.DB.Now().Sub(s.Unwitnessed).Seconds())
	}
	gauge(w.unwitnessed, since)
	gauge(w.fork, map[bool]float64{true: 1}[s.Fork])
	if !s.LastSent.IsZero() {
		gauge(w.lastSent, float64(s.LastSent.UnixMilli())/1000)
	}
	for outcome, n := range map[string]int64{"sent": s.Sent, "deferred": s.Deferred, "refused": s.Refused, "maybe_sent": s.MaybeSent, "held": s.Held, "dropped": s.Dropped} {
		out <- prometheus.MustNewConstMetric(w.outcomes, prometheus.CounterValue, float64(n), outcome)
	}
}

// Trouble is why nothing can be sent, "" when it can.
func (w *Watch) Trouble(ctx context.Context) string {
	if err := w.DB.Ping(ctx); err != nil {
		return "the database does not answer"
	}
	if err := journal.Check(w.Journal, w.Trust.Installation, w.Trust.Epoch); err != nil {
		return "the courier's journal is missing or another's"
	}
	if w.Courier != nil {
		return w.Courier.Status().Why
	}
	return ""
}

// Health answers 200 while messages can leave, and 503 with the reason otherwise.
func (w *Watch) Health() http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), within)
		defer cancel()
		answer.Header().Set("Content-Type", "text/plain; charset=utf-8")
		answer.Header().Set("Cache-Control", "no-store")
		if why := w.Trouble(ctx); why != "" {
			answer.WriteHeader(http.StatusServiceUnavailable)
			_, _ = answer.Write([]byte(why + "\n"))
			return
		}
		_, _ = answer.Write([]byte("able to send\n" + w.witnessed()))
	})
}

// witnessed says what is wrong with who watches the record of messages: bulk messages may wait for it, others go on.
func (w *Watch) witnessed() string {
	if w.Courier == nil {
		return ""
	}
	switch s := w.Courier.Status(); {
	case s.Fork:
		return "a witness has seen another record of messages; bulk messages wait\n"
	case !s.Unwitnessed.IsZero():
		return "the record of messages is unwitnessed since " + s.Unwitnessed.Format(time.RFC3339) + "\n"
	}
	return ""
}

// Metrics answers in the form of Prometheus.
func (w *Watch) Metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(w)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{Timeout: 2 * within, MaxRequestsInFlight: 4})
}
