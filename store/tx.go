package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Tx is a transaction bound to one practice. Its statements carry that practice as $1; their other values begin at $2.
type Tx struct {
	Actor    Actor
	Practice PracticeID
	Now      time.Time // one instant for the whole transaction
	left     *left
	conn
}

// Wide is a transaction across practices: its values begin at $1 and nothing is supplied.
type Wide struct {
	Now      time.Time
	why      string
	prepared *prepared
	conn
}

type conn struct {
	tx   *sql.Tx
	db   *DB
	keep *prepared // where statements stay prepared; nil for nowhere
}

// Rows are the rows of a query; close them or read them to the end, then look at Err.
type Rows = sql.Rows

// Row is the one row of a query.
type Row struct {
	row *sql.Row
	db  *DB
}

// Scan copies the row's columns. No row is ErrNone.
func (r Row) Scan(dest ...any) error {
	err := r.row.Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNone
	}
	return err
}

// Exec runs a statement and returns how many rows it touched.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := t.db.stmts.lawful(query); err != nil {
		return 0, err
	}
	return t.exec(ctx, query, t.args(args))
}

// Query runs a query of many rows.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	if err := t.db.stmts.lawful(query); err != nil {
		return nil, err
	}
	return t.query(ctx, query, t.args(args))
}

// Row runs a query of at most one row.
func (t *Tx) Row(ctx context.Context, query string, args ...any) Row {
	if err := t.db.stmts.lawful(query); err != nil {
		// The text is the programmer's: the first test that runs it must fail, whoever forgets to look at an error.
		panic(err)
	}
	return t.row(ctx, query, t.args(args))
}

// Bulk runs head + "($1, $2, …), ($1, …)" + tail for rows of equal length, in as few statements as fit: for INSERT INTO t (practice, …) VALUES.
func (t *Tx) Bulk(ctx context.Context, head, tail string, rows [][]any) (int64, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	width := len(rows[0])
	anonymous, most := t.db.dialect.anonymous(), MaxParameters-1
	if anonymous {
		most = 1000 // SQLite's driver looks for each value among all that came before it: 10,000 rows of 29 columns take 0.9 s so, 5.2 s with 32,000
	}
	each := max(1, min(512, most/(width+1)))
	var total int64
	for len(rows) > 0 {
		n := min(each, len(rows))
		args := make([]any, 0, n*(width+1))
		for i, row := range rows[:n] {
			if len(row) != width {
				return total, fmt.Errorf("store: a row of %d values among rows of %d", len(row), width)
			}
			if anonymous && i > 0 { // its own ? for the practice in each row; Exec supplies the first
				args = append(args, string(t.Practice))
			}
			args = append(args, row...)
		}
		// The law is checked on the shape that $1 would give: with ? in its place, the list is made here alone.
		if err := t.db.stmts.lawful(head + " ($1, )" + tail); err != nil {
			return total, err
		}
		touched, err := t.exec(ctx, head+" "+t.db.stmts.values(n, width, anonymous)+" "+tail, t.args(args))
		total += touched
		if err != nil {
			return total, err
		}
		rows = rows[n:]
	}
	return total, nil
}

func (t *Tx) args(args []any) []any {
	all := make([]any, 0, len(args)+1)
	return append(append(all, string(t.Practice)), args...)
}

// SkipLocked ends the SELECT of a claim so that several processes never wait for, or take, the same rows.
func (t *Tx) SkipLocked() string { return t.db.dialect.skipLocked() }

// Exec runs a statement across practices.
func (w *Wide) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return w.exec(ctx, query, args)
}

// Query runs a query across practices.
func (w *Wide) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	return w.query(ctx, query, args)
}

// Row runs a query of at most one row across practices.
func (w *Wide) Row(ctx context.Context, query string, args ...any) Row {
	return w.row(ctx, query, args)
}

// SkipLocked is as Tx.SkipLocked.
func (w *Wide) SkipLocked() string { return w.db.dialect.skipLocked() }

// Plan returns the engine's query plan, for the tests that prove that an index is used.
func (w *Wide) Plan(ctx context.Context, query string, args ...any) (string, error) {
	rows, err := w.tx.QueryContext(ctx, w.db.dialect.explain()+query, args...)
	if err != nil {
		return "", w.db.dialect.translate(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	var out []string
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(sql.NullString)
		}
		if err := rows.Scan(cells...); err != nil {
			return "", err
		}
		out = append(out, cells[len(cells)-1].(*sql.NullString).String)
	}
	return strings.Join(out, "\n"), rows.Err()
}

func (c conn) exec(ctx context.Context, query string, args []any) (int64, error) {
	counted(ctx)
	result, err := c.executed(ctx, query, args)
	if err != nil {
		return 0, c.db.dialect.translate(err)
	}
	return result.RowsAffected()
}

func (c conn) executed(ctx context.Context, query string, args []any) (sql.Result, error) {
	if c.keep != nil && len(query) < longQuery {
		query, args = c.db.stmts.anonymous(query, args)
		if stmt := c.keep.get(query, true); stmt != nil {
			return c.tx.StmtContext(ctx, stmt).ExecContext(ctx, args...) //nolint:sqlclosecheck // closed with the transaction
		}
	}
	return c.tx.ExecContext(ctx, query, args...)
}

// longQuery is from when on a text is one of many, made of values' number, and not worth keeping.
const longQuery = 16 << 10

func (c conn) query(ctx context.Context, query string, args []any) (*Rows, error) {
	counted(ctx)
	if c.keep != nil && len(query) < longQuery {
		query, args = c.db.stmts.anonymous(query, args)
		if stmt := c.keep.get(query, true); stmt != nil {
			rows, err := c.tx.StmtContext(ctx, stmt).QueryContext(ctx, args...) //nolint:sqlclosecheck // closed with the transaction
			if err != nil {
				return nil, c.db.dialect.translate(err)
			}
			return rows, nil
		}
	}
	rows, err := c.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, c.db.dialect.translate(err)
	}
	return rows, nil
}

func (c conn) row(ctx context.Context, query string, args []any) Row {
	counted(ctx)
	if c.keep != nil && len(query) < longQuery {
		query, args = c.db.stmts.anonymous(query, args)
		if stmt := c.keep.get(query, true); stmt != nil {
			return Row{row: c.tx.StmtContext(ctx, stmt).QueryRowContext(ctx, args...), db: c.db} //nolint:sqlclosecheck // closed with the transaction
		}
	}
	return Row{row: c.tx.QueryRowContext(ctx, query, args...), db: c.db}
}

// Collect reads every row with scan and closes them: the shape of nearly every List.
func Collect[T any](rows *Rows, err error, scan func(*Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// statements remembers which texts keep the $1 law and the VALUES lists that Bulk made.
type statements struct {
	seen sync.Map // query text → error or nil
	list sync.Map // [2]int{rows, width} → text
	bare sync.Map // text with $n → nameless
}

func newStatements() *statements { return &statements{} }

// lawful is the $1 law: a statement of a practice's transaction names the practice, and only through $1.
func (s *statements) lawful(query string) error {
	if known, ok := s.seen.Load(query); ok {
		if known == nil {
			return nil
		}
		return known.(error)
	}
	var err error
	if !strings.Contains(query, "practice = $1") && !strings.Contains(query, "VALUES ($1,") && !strings.Contains(query, "SELECT $1,") {
		err = fmt.Errorf("store: a statement without practice = $1: %s", head(query))
	}
	if len(query) < 4096 { // long texts are Bulk's, few and made of lawful ones
		if err == nil {
			s.seen.Store(query, nil)
		} else {
			s.seen.Store(query, err)
		}
	}
	return err
}

// values is a VALUES list whose every row begins with the practice: as $1, or anonymously as one of many question marks.
func (s *statements) values(rows, width int, anonymous bool) string {
	key := [2]int{rows, width}
	if text, ok := s.list.Load(key); ok {
		return text.(string)
	}
	var b strings.Builder
	next := 2
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		if anonymous {
			b.WriteString("(?" + strings.Repeat(", ?", width) + ")")
		} else {
			b.WriteString("($1, " + List(next, width) + ")")
		}
		next += width
	}
	text := b.String()
	s.list.Store(key, text)
	return text
}

func head(query string) string {
	query = strings.Join(strings.Fields(query), " ")
	return query[:min(len(query), 90)]
}

// nameless is a statement with ? for each $n, and which value each of them is.
type nameless struct {
	text  string
	order []int
}

// anonymous writes a statement's $n as ?, with a value for each: to SQLite $7 is a name, which it looks up among all others, and the driver again.
func (s *statements) anonymous(query string, args []any) (string, []any) {
	known, ok := s.bare.Load(query)
	if !ok {
		known, _ = s.bare.LoadOrStore(query, newNameless(query))
	}
	n := known.(*nameless)
	if len(n.order) == 0 { // it has none, or is nameless already
		return query, args
	}
	out := make([]any, len(n.order))
	for i, at := range n.order {
		if at < 0 || at >= len(args) {
			return query, args // the driver says what is missing
		}
		out[i] = args[at]
	}
	return n.text, out
}

func newNameless(query string) *nameless {
	n := &nameless{}
	var b strings.Builder
	quoted := false
	for i := 0; i < len(query); i++ {
		c := query[i]
		if c == '\'' {
			quoted = !quoted
		}
		if c != '$' || quoted || i+1 == len(query) || !digit(query[i+1]) {
			b.WriteByte(c)
			continue
		}
		value := 0
		for ; i+1 < len(query) && digit(query[i+1]); i++ {
			value = value*10 + int(query[i+1]-'0')
		}
		n.order = append(n.order, value-1)
		b.WriteByte('?')
	}
	n.text = b.String()
	return n
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
