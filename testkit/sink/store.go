package sink

import (
	"context"
	"sync"
)

// The usual bounds of what is kept.
const (
	defaultMessages = 10_000
	defaultBytes    = 64 << 20
)

// shelf keeps the newest items within two bounds and counts all that ever came.
type shelf[T any] struct {
	maxItems, maxBytes int

	mu      sync.Mutex
	items   []T
	sizes   []int
	held    int   // bytes of items
	count   int   // ever put
	bytes   int64 // ever put
	changed chan struct{}
}

func newShelf[T any](maxItems, maxBytes int) *shelf[T] {
	if maxItems <= 0 {
		maxItems = defaultMessages
	}
	if maxBytes <= 0 {
		maxBytes = defaultBytes
	}
	return &shelf[T]{maxItems: maxItems, maxBytes: maxBytes, changed: make(chan struct{})}
}

// put adds what create makes of the item's number, the first being 1.
func (s *shelf[T]) put(size int, create func(id int) T) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(size)
	s.items, s.sizes = append(s.items, create(s.count)), append(s.sizes, size)
	s.held += size
	drop := 0
	for len(s.items)-drop > s.maxItems || (s.held > s.maxBytes && len(s.items)-drop > 1) {
		s.held -= s.sizes[drop]
		drop++
	}
	if drop > 0 {
		clear(s.items[:drop])
		s.items, s.sizes = s.items[drop:], s.sizes[drop:]
	}
	return s.count
}

// tally counts an item without keeping it.
func (s *shelf[T]) tally(size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(size)
}

func (s *shelf[T]) note(size int) {
	s.count++
	s.bytes += int64(size)
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *shelf[T]) list() []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]T(nil), s.items...)
}

// get gives the item of that number, if it is still kept.
func (s *shelf[T]) get(id int) (item T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := len(s.items) - 1 - (s.count - id)
	if at < 0 || at >= len(s.items) {
		return item, false
	}
	return s.items[at], true
}

func (s *shelf[T]) totals() (count int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count, s.bytes
}

// wait returns when count items have come, or with the context's error.
func (s *shelf[T]) wait(ctx context.Context, count int) error {
	for {
		s.mu.Lock()
		have, changed := s.count, s.changed
		s.mu.Unlock()
		if have >= count {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
