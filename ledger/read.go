package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
	"letterhead/fault"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// storedCount is how many hashes the tree of a size has brought about.
func storedCount(size int64) int64 {
	if size == 0 {
		return 0
	}
	return tlog.StoredHashCount(size)
}

// reader reads stored hashes. It keeps the rows that it read last.
type reader struct {
	ctx  context.Context
	w    *store.Wide
	rows map[int64][]byte // by place of the first hash
	keys []int64          // in the order in which they were read
}

// mostRows bounds what a reader keeps: with 100 leaves in a row, 2 MB.
const mostRows = 256

func newReader(ctx context.Context, w *store.Wide) *reader {
	return &reader{ctx: ctx, w: w, rows: map[int64][]byte{}}
}

// ReadHashes implements tlog.HashReader.
func (r *reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		h, err := r.one(at)
		if err != nil {
			return nil, err
		}
		out[i] = h
	}
	return out, nil
}

func (r *reader) one(at int64) (tlog.Hash, error) {
	for place, raw := range r.rows {
		if at >= place && at < place+int64(len(raw)/len(Hash{})) {
			return tlog.Hash(raw[(at-place)*int64(len(Hash{})):]), nil
		}
	}
	type row struct {
		place int64
		raw   []byte
	}
	rows, err := r.w.Query(r.ctx, `SELECT place, hashes FROM ledger_hash WHERE place <= $1 ORDER BY place DESC LIMIT 1`, at)
	found, err := store.Collect(rows, err, func(rows *store.Rows) (x row, err error) { return x, rows.Scan(&x.place, &x.raw) })
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("read the ledger's hashes: %w", err)
	}
	if len(found) == 0 || len(found[0].raw)%len(Hash{}) != 0 || at >= found[0].place+int64(len(found[0].raw)/len(Hash{})) {
		return tlog.Hash{}, damaged("hash %d is missing", at)
	}
	x := found[0]
	if len(r.keys) >= mostRows {
		delete(r.rows, r.keys[0])
		r.keys = r.keys[1:]
	}
	r.rows[x.place], r.keys = x.raw, append(r.keys, x.place)
	return tlog.Hash(x.raw[(at-x.place)*int64(len(Hash{})):]), nil
}

// Head is the state of the log.
func Head(ctx context.Context, w *store.Wide) (proof.Head, error) {
	rows, err := w.Query(ctx, `SELECT size, edge, at FROM ledger_head WHERE one = 1`)
	head, err := oneHead(rows, err)
	if err != nil {
		return proof.Head{}, err
	}
	return head.tree.Head(), nil
}

// Prove proves a leaf's place in the log of a size.
func Prove(ctx context.Context, w *store.Wide, size, index int64) ([]Hash, error) {
	if index < 0 || index >= size {
		return nil, fault.Field("index", "ledger.index", "the log of %d leaves has none at %d", size, index)
	}
	return proof.ProveLeaf(size, index, newReader(ctx, w))
}

// ProveGrowth proves that the log of a size is that of an older one with leaves added.
func ProveGrowth(ctx context.Context, w *store.Wide, newer, older int64) ([]Hash, error) {
	if older < 0 || older > newer {
		return nil, fault.Field("size", "ledger.size", "the log grows: from a size to a larger one")
	}
	return proof.ProveGrowth(newer, older, newReader(ctx, w))
}

// tileHeight is that of C2SP tlog-tiles.
const tileHeight = 8

var errTile = fault.New(fault.NotFound, "ledger.tile", "there is no such tile")

// Tile returns a tile of hashes by level and place as C2SP tlog-tiles writes them, such as 0/x001/067.p/8, of the log as of its last checkpoint: for
// everybody. The leaves themselves are nobody's but their practice's.
func Tile(ctx context.Context, w *store.Wide, origin, path string) ([]byte, error) {
	tile, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", tileHeight, path))
	if err != nil || tile.L < 0 || tile.L > 5 {
		return nil, errTile
	}
	rows, err := w.Query(ctx, `SELECT coalesce(max(size), 0) FROM ledger_checkpoint WHERE origin = $1`, origin)
	size := int64(0)
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) { return struct{}{}, r.Scan(&size) })
	if err != nil {
		return nil, fmt.Errorf("read how much is published: %w", err)
	}
	if last := (tile.N<<tileHeight + int64(tile.W)) << (tile.L * tileHeight); tile.N > size || last > size || last <= 0 {
		return nil, errTile
	}
	return tlog.ReadTileData(tile, newReader(ctx, w))
}

// Stored is a leaf and where it stands.
type Stored struct {
	Index    int64
	Sequence uint64
	Raw      []byte
}

// runRow is a row of ledger_leaf.
type runRow struct {
	practice               store.PracticeID
	sequence, count, place int64
	leaves                 []byte
}

const runColumns = `practice, sequence, count, place, leaves`

func scanRun(r *store.Rows) (x runRow, err error) {
	return x, r.Scan(&x.practice, &x.sequence, &x.count, &x.place, &x.leaves)
}

// each takes the leaves of a row apart.
func (x runRow) each(do func(Stored) error) error {
	rest := x.leaves
	for i := range x.count {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return damaged("the leaves from %d on", x.place)
		}
		n := int(binary.BigEndian.Uint16(rest))
		if err := do(Stored{Index: x.place + i, Sequence: uint64(x.sequence + i), Raw: rest[2 : 2+n]}); err != nil {
			return err
		}
		rest = rest[2+n:]
	}
	if len(rest) > 0 {
		return damaged("the leaves from %d on", x.place)
	}
	return nil
}

// pageRows bounds one reading of leaves.
const pageRows = 20

// AllLeaves calls do with every leaf from a place of the log on, in order, below a size: for auditors.
func AllLeaves(ctx context.Context, w *store.Wide, from, size int64, do func(store.PracticeID, Stored) error) error {
	for last := from - 1; ; {
		rows, err := w.Query(ctx, `SELECT `+runColumns+` FROM ledger_leaf WHERE place > $1 AND place < $2 ORDER BY place LIMIT $3`, last, size, pageRows)
		runs, err := store.Collect(rows, err, scanRun)
		if err != nil {
			return fmt.Errorf("read leaves: %w", err)
		}
		for _, x := range runs {
			if err := x.each(func(s Stored) error { return do(x.practice, s) }); err != nil {
				return err
			}
			last = x.place
		}
		if len(runs) < pageRows {
			return nil
		}
	}
}

// ErrEnough is returned by what Since calls, to end it.
var ErrEnough = errors.New("enough")

// Since calls do with the leaves of a practice that are not before an instant, in order, at most most of them and what stands in a row with the last.
func Since(ctx context.Context, w *store.Wide, practice store.PracticeID, since int64, most int, do func(Stored, *leaf.Leaf) error) error {
	return ofAny(w, practice).since(ctx, since, most, do)
}

// query asks about the leaves of one practice, which is $1.
type query func(ctx context.Context, text string, args ...any) (*store.Rows, error)

func ofAny(w *store.Wide, practice store.PracticeID) query {
	return func(ctx context.Context, text string, args ...any) (*store.Rows, error) {
		return w.Query(ctx, text, append([]any{string(practice)}, args...)...)
	}
}

func (q query) since(ctx context.Context, since int64, most int, do func(Stored, *leaf.Leaf) error) error {
	from, err := q.firstRun(ctx, since)
	if err != nil {
		return err
	}
	for looked := 0; looked < most; {
		rows, err := q(ctx, `SELECT `+runColumns+` FROM ledger_leaf WHERE practice = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3`, from, pageRows)
		runs, err := store.Collect(rows, err, scanRun)
		if err != nil {
			return fmt.Errorf("look for a leaf: %w", err)
		}
		for _, x := range runs {
			err = x.each(func(s Stored) error {
				l, err := leaf.Parse(s.Raw)
				if err != nil {
					return damaged("leaf %d: %w", s.Index, err)
				}
				if l.At < since {
					return nil
				}
				return do(s, l)
			})
			if err != nil {
				return err
			}
			looked += int(x.count)
			from = x.sequence + x.count
		}
		if len(runs) < pageRows {
			return nil
		}
	}
	return nil
}

// Find returns the first leaf of a practice, not before an instant, that fits: a message's leaf is found by the commitment to its recipient under its
// salt. It looks at most most leaves on; store.ErrNone says that none of them fits.
func Find(ctx context.Context, w *store.Wide, practice store.PracticeID, since int64, most int, fits func(*leaf.Leaf) bool) (found Stored, err error) {
	err = Since(ctx, w, practice, since, most, func(s Stored, l *leaf.Leaf) error {
		if !fits(l) {
			return nil
		}
		found = s
		return ErrEnough
	})
	switch {
	case errors.Is(err, ErrEnough):
		return found, nil
	case err != nil:
		return Stored{}, err
	}
	return Stored{}, store.ErrNone
}

// firstRun is the sequence of the first leaf that is not before an instant: instants never go back, so halving finds it. A run has one instant.
func (q query) firstRun(ctx context.Context, since int64) (int64, error) {
	rows, err := q(ctx, `SELECT coalesce(max(count), 0) FROM ledger_practice WHERE practice = $1`)
	high := int64(0)
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) { return struct{}{}, r.Scan(&high) })
	if err != nil {
		return 0, fmt.Errorf("look for a leaf: %w", err)
	}
	if high == 0 {
		return 0, store.ErrNone
	}
	low := int64(1)
	for low <= high {
		middle := (low + high) / 2
		x, at, err := q.runAt(ctx, middle)
		switch {
		case err != nil:
			return 0, err
		case at >= since:
			high = x.sequence - 1
		default:
			low = x.sequence + x.count
		}
	}
	return low, nil
}

// runAt is the run that holds a leaf, and its instant.
func (q query) runAt(ctx context.Context, sequence int64) (x runRow, at int64, err error) {
	rows, err := q(ctx, `SELECT `+runColumns+` FROM ledger_leaf WHERE practice = $1 AND sequence <= $2 ORDER BY sequence DESC LIMIT 1`, sequence)
	runs, err := store.Collect(rows, err, scanRun)
	if err != nil {
		return x, 0, fmt.Errorf("look for a leaf: %w", err)
	}
	if len(runs) == 0 || runs[0].sequence+runs[0].count <= sequence {
		return x, 0, damaged("leaf %d of a practice is missing", sequence)
	}
	err = runs[0].each(func(s Stored) error {
		l, err := leaf.Parse(s.Raw)
		if err != nil {
			return damaged("leaf %d: %w", s.Index, err)
		}
		at = l.At
		return nil
	})
	return runs[0], at, err
}
