package courier_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"letterhead/courier"
	"letterhead/message"
)

// gateway answers each message as told, by what stands before the @ of its key.
type gateway struct {
	mu      sync.Mutex
	results map[string]courier.TextResult
	from    map[string]int
	asked   chan struct{} // closed at the first text, which is then answered slowly; nil for at once
}

func (g *gateway) Text(ctx context.Context, _ string, t courier.Text) courier.TextResult {
	if g.asked != nil {
		close(g.asked)
		select {
		case <-ctx.Done():
			return courier.TextResult{Class: courier.TextMaybeSent}
		case <-time.After(300 * time.Millisecond):
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.from == nil {
		g.from = map[string]int{}
	}
	g.from[t.From]++
	id, _, _ := strings.Cut(t.Key, "@")
	return g.results[id]
}

// A courier that ends lets the gateway answer what it was asked, so that nothing is left in doubt.
func TestATextUnderWayAtTheEndIsAnswered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		texts := &gateway{results: map[string]courier.TextResult{"m0": {Class: courier.TextAccepted, ID: "o1"}}, asked: make(chan struct{})}
		w.queue("a", "m", 1, func(i *message.Intent) { i.Channel = message.SMS })
		o := w.options()
		o.Texts = texts
		o.Config.Gateways = []courier.Gateway{{Name: "sms", URL: "http://127.0.0.1:1/", Sender: "Wattle"}}
		c := w.courier(o)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		<-texts.asked
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if m := w.find("a", "m0"); m.State != message.Sent {
			t.Errorf("%s %s", m.State, m.Reason)
		}
	})
}
