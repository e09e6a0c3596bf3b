package store

import (
	"context"
	"sync/atomic"
)

// counting is the key under which a context carries a count of statements.
type counting struct{}

// Counting returns a context whose statements are counted in n, for a test that bounds how many a page needs.
func Counting(ctx context.Context, n *atomic.Int64) context.Context {
	return context.WithValue(ctx, counting{}, n)
}

func counted(ctx context.Context) {
	if n, ok := ctx.Value(counting{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}
