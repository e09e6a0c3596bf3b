package store

import (
	"context"
	"strconv"
	"strings"
	"sync"
)

// Set is a statement across practices over a set of rows: head, a list of rows of equal width, tail. Values are written ? in head and tail.
// It is made once, and comes in few constant shapes, so that PostgreSQL keeps it prepared; SQLite, whose driver looks for each value among
// all that came before it, gets small ones.
type Set struct {
	head, tail string
	pad        []any    // a row that does nothing, to fill up to a shape
	texts      sync.Map // [2]int{rows, anonymous} → text
}

// NewSet makes a statement; pad is a row that does nothing, and gives the width.
func NewSet(head, tail string, pad ...any) *Set { return &Set{head: head, tail: tail, pad: pad} }

var (
	wideShapes  = []int{1, 4, 16, 50, 100, 200}
	smallShapes = []int{1, 5, 25}
)

// Set runs a set's statement over rows, one after another in one slice, and returns how many rows it touched. last are the values in tail.
func (w *Wide) Set(ctx context.Context, s *Set, rows []any, last ...any) (int64, error) {
	var total int64
	err := w.parts(s, rows, last, func(text string, args []any) error {
		n, err := w.Exec(ctx, text, args...)
		total += n
		return err
	})
	return total, err
}

// SetQuery runs a set's query over rows and gives each row that it finds to scan.
func (w *Wide) SetQuery(ctx context.Context, s *Set, rows []any, scan func(*Rows) error, last ...any) error {
	return w.parts(s, rows, last, func(text string, args []any) error {
		found, err := w.Query(ctx, text, args...)
		_, err = Collect(found, err, func(r *Rows) (struct{}, error) { return struct{}{}, scan(r) })
		return err
	})
}

func (w *Wide) parts(s *Set, rows, last []any, run func(text string, args []any) error) error {
	anonymous := w.db.dialect.anonymous()
	shapes := wideShapes
	if anonymous {
		shapes = smallShapes
	}
	width := len(s.pad)
	for len(rows) > 0 {
		n := len(rows) / width
		shape := shapes[len(shapes)-1]
		for _, candidate := range shapes {
			if n <= candidate {
				shape = candidate
				break
			}
		}
		n = min(n, shape)
		args := make([]any, 0, shape*width+len(last))
		args = append(args, rows[:n*width]...)
		for range shape - n {
			args = append(args, s.pad...)
		}
		if err := run(s.text(shape, anonymous), append(args, last...)); err != nil {
			return err
		}
		rows = rows[n*width:]
	}
	return nil
}

func (s *Set) text(rows int, anonymous bool) string {
	key := [2]int{rows, 0}
	if anonymous {
		key[1] = 1
	}
	if text, ok := s.texts.Load(key); ok {
		return text.(string)
	}
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(s.pad)), ", ") + ")"
	text := s.head + strings.TrimSuffix(strings.Repeat(row+", ", rows), ", ") + s.tail
	if !anonymous {
		var b strings.Builder
		parts := strings.Split(text, "?")
		for i, part := range parts {
			b.WriteString(part)
			if i < len(parts)-1 {
				b.WriteString("$" + strconv.Itoa(i+1))
			}
		}
		text = b.String()
	}
	s.texts.Store(key, text)
	return text
}
