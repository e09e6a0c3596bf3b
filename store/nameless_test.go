package store

import (
	"slices"
	"testing"
)

func TestPlaceholdersLoseTheirNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query string
		args  []any
		text  string
		want  []any
	}{
		{"SELECT 1", nil, "SELECT 1", nil},
		{"a = $1 AND b IN ($2, $3) OR a = $1", []any{"p", 2, 3}, "a = ? AND b IN (?, ?) OR a = ?", []any{"p", 2, 3, "p"}},
		{"a = $10", []any{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "a = ?", []any{10}},
		{"a = '$1' AND b = $1", []any{"p"}, "a = '$1' AND b = ?", []any{"p"}},
		{"a = 'it''s $1' AND b = $1", []any{"p"}, "a = 'it''s $1' AND b = ?", []any{"p"}},
		{"a = ? AND b = ?", []any{1, 2}, "a = ? AND b = ?", []any{1, 2}},
		{"a = $2", []any{"p"}, "a = $2", []any{"p"}}, // the driver says what is missing
		{"cost $ and $x", nil, "cost $ and $x", nil},
	} {
		s := newStatements()
		for range 2 { // made, and remembered
			if text, args := s.anonymous(c.query, c.args); text != c.text || !slices.Equal(args, c.want) {
				t.Errorf("%s: %s with %v", c.query, text, args)
			}
		}
	}
}
