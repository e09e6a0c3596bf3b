package store

import (
	"context"
	"database/sql"
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
		stmt := w.prepared.get(text, w.db.dialect.anonymous())
		if stmt == nil {
			n, err := w.Exec(ctx, text, args...)
			total += n
			return err
		}
		result, err := w.tx.StmtContext(ctx, stmt).ExecContext(ctx, args...) //nolint:sqlclosecheck // closed with the transaction
		if err != nil {
			return w.db.dialect.translate(err)
		}
		n, err := result.RowsAffected()
		total += n
		return err
	})
	return total, err
}

// prepared keeps the statements of sets prepared on SQLite's connections, those that write or those that read: parsing them takes as long as
// running them. (pgx does the same for PostgreSQL by itself.) A statement is prepared between two transactions, after it was wanted in one.
type prepared struct {
	mu     sync.Mutex
	ready  map[string]*sql.Stmt
	wanted []string
	seen   map[string]int // how often a text was asked for that is not prepared
}

// mostPrepared bounds the statements kept. One is kept when it comes often: lists of values have many lengths.
const (
	mostPrepared = 96
	often        = 3
	mostSeen     = 1000
)

func (p *prepared) get(text string, local bool) *sql.Stmt {
	if !local {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if stmt := p.ready[text]; stmt != nil {
		return stmt
	}
	if len(p.ready)+len(p.wanted) >= mostPrepared {
		return nil
	}
	if p.seen == nil || len(p.seen) > mostSeen {
		p.seen = map[string]int{}
	}
	if p.seen[text]++; p.seen[text] == often {
		p.wanted = append(p.wanted, text)
		delete(p.seen, text)
	}
	return nil
}

// catchUp prepares what was wanted. A statement that cannot be prepared now runs unprepared, as before.
func (p *prepared) catchUp(ctx context.Context, pool *sql.DB) {
	p.mu.Lock()
	wanted := p.wanted
	p.wanted = nil
	p.mu.Unlock()
	for _, text := range wanted {
		stmt, err := pool.PrepareContext(ctx, text) //nolint:sqlclosecheck // kept prepared until the pool is closed
		if err != nil {
			continue
		}
		p.mu.Lock()
		if p.ready == nil {
			p.ready = map[string]*sql.Stmt{}
		}
		if p.ready[text] == nil {
			p.ready[text] = stmt
			stmt = nil
		}
		p.mu.Unlock()
		if stmt != nil {
			_ = stmt.Close() // another goroutine was first
		}
	}
}

// SetQuery runs a set's query over rows and gives each row that it finds to scan.
func (w *Wide) SetQuery(ctx context.Context, s *Set, rows []any, scan func(*Rows) error, last ...any) error {
	return w.parts(s, rows, last, func(text string, args []any) error {
		var found *Rows
		var err error
		if stmt := w.prepared.get(text, w.db.dialect.anonymous()); stmt != nil {
			found, err = w.tx.StmtContext(ctx, stmt).QueryContext(ctx, args...) //nolint:sqlclosecheck // closed with the transaction
			err = w.db.dialect.translate(err)
		} else {
			found, err = w.Query(ctx, text, args...)
		}
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
