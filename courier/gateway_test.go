package courier_test

import (
	"context"
	"strings"
	"sync"

	"letterhead/courier"
)

// gateway answers each message as told, by what stands before the @ of its key.
type gateway struct {
	mu      sync.Mutex
	results map[string]courier.TextResult
	from    map[string]int
}

func (g *gateway) Text(_ context.Context, _ string, t courier.Text) courier.TextResult {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.from == nil {
		g.from = map[string]int{}
	}
	g.from[t.From]++
	id, _, _ := strings.Cut(t.Key, "@")
	return g.results[id]
}
