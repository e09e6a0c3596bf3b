package ledger

import (
	"context"
	"io"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/fault"
	"letterhead/ledger/evidence"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// Export is what a practice's evidence file is made of.
type Export struct {
	DB       *store.DB
	Practice store.PracticeID
	Log      note.Verifier
	Desks    []assertion.Party // where its people signed
	Size     int64             // of the checkpoint that it is made for: the last one not larger; 0 for the last
}

// exporting is one Write.
type exporting struct {
	Export
	label   Hash
	point   *proof.Signed
	keys    []string // of those who cosigned it
	out     *evidence.Writer
	entries map[uint64]*approval.Entry // read, and not written yet
	read    int64                      // position of the last entry that was read
}

// Write writes the file, page by page: what lies below a checkpoint does not change any more.
func (e Export) Write(ctx context.Context, out io.Writer) error {
	x := &exporting{Export: e, entries: map[uint64]*approval.Entry{}}
	if err := x.readEntries(ctx, 1); err != nil {
		return err
	}
	if x.entries[1] == nil {
		return fault.New(fault.NotFound, "evidence.no_root", "no practice of this id has a first signing key: see `letterhead practice list`; if it is there, its owner signs first")
	}
	start := evidence.Start{Desks: e.Desks}
	err := e.DB.WholeView(ctx, "begin an evidence file", func(w *store.Wide) (err error) {
		start.Lines, start.Checkpoint, err = x.begin(ctx, w)
		return err
	})
	if err != nil {
		return err
	}
	start.Cosigners = x.keys
	x.out = evidence.NewWriter(out, start)
	if len(start.Lines) != 1 || start.Lines[0].Count.Label != x.label { // nothing is recorded in its name
		x.out.Entry(x.entries[1].Text)
		return x.out.End(0, nil)
	}
	return x.leaves(ctx)
}

func (x *exporting) begin(ctx context.Context, w *store.Wide) (lines []proof.Line, raw string, err error) {
	most := x.Size
	if most == 0 {
		most = proof.MaxSize
	}
	raw, cosigners, err := latest(ctx, w, x.Log.Name(), most)
	if err != nil {
		return nil, "", err
	}
	if x.point, err = proof.OpenCheckpoint([]byte(raw), x.Log, cosigners...); err != nil {
		return nil, "", damaged("the checkpoint: %w", err)
	}
	for _, c := range cosigners {
		x.keys = append(x.keys, c.String())
	}
	list, err := listOf(ctx, w, x.point.Size)
	if err != nil {
		return nil, "", err
	}
	lines, err = list.Prove(x.label)
	return lines, raw, err
}

// readEntries reads a page of the practice's approvals from a position on.
func (x *exporting) readEntries(ctx context.Context, from uint64) error {
	return x.DB.View(ctx, store.Actor{Practice: x.Practice, Agent: "evidence"}, func(tx *store.Tx) error {
		entries, _, err := approval.List(ctx, tx, int64(from)-1)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Head.Position == 1 {
				x.label = LabelOf(e)
			}
			x.entries[uint64(e.Head.Position)], x.read = e, e.Head.Position
		}
		return nil
	})
}

func (x *exporting) leaves(ctx context.Context) error {
	for last := int64(0); ; {
		var runs []runRow
		err := x.DB.WholeView(ctx, "read leaves for an evidence file", func(w *store.Wide) (err error) {
			rows, err := w.Query(ctx, `SELECT `+runColumns+` FROM ledger_leaf WHERE practice = $1 AND sequence > $2 AND place < $3 ORDER BY sequence LIMIT $4`,
				string(x.Practice), last, x.point.Size, pageRows)
			runs, err = store.Collect(rows, err, scanRun)
			return err
		})
		if err != nil {
			return err
		}
		for _, run := range runs {
			last = run.sequence
			if err := x.run(ctx, run); err != nil {
				return err
			}
		}
		if len(runs) == pageRows {
			continue
		}
		return x.DB.WholeView(ctx, "end an evidence file", func(w *store.Wide) error {
			return x.out.End(x.point.Size, newReader(ctx, w).subtree)
		})
	}
}

// run writes the leaves of a row, each entry before its first. Of an entry that is not there any more the leaves stand alone.
func (x *exporting) run(ctx context.Context, run runRow) error {
	begins := map[int64]uint64{} // index → position of the entry
	err := run.each(func(s Stored) error {
		l, err := leaf.Parse(s.Raw)
		if err != nil {
			return damaged("leaf %d: %w", s.Index, err)
		}
		b, is := l.Body.(*leaf.Statement)
		if !is || b.Index > 0 {
			return nil
		}
		if x.entries[b.Position] == nil {
			if err := x.readEntries(ctx, b.Position); err != nil {
				return err
			}
		}
		if e := x.entries[b.Position]; e != nil && Hash(e.Head.Hash) == b.Entry { // else it was lost, and who verifies is told
			begins[s.Index] = b.Position
		}
		return nil
	})
	if err != nil {
		return err
	}
	return x.DB.WholeView(ctx, "write an evidence file", func(w *store.Wide) error {
		hashes := newReader(ctx, w)
		return run.each(func(s Stored) error {
			if position := begins[s.Index]; position > 0 {
				x.out.Entry(x.entries[position].Text)
				delete(x.entries, position)
			}
			return x.out.Leaf(s.Index, s.Raw, hashes.subtree)
		})
	})
}

// subtree is the hash of 2^level leaves.
func (r *reader) subtree(level int, n int64) (Hash, error) {
	h, err := r.one(tlog.StoredHashIndex(level, n))
	return Hash(h), err
}

// WriteEntries writes every leaf below the last checkpoint (or the last one not larger than a size, 0 for the last), for auditors.
func WriteEntries(ctx context.Context, db *store.DB, log note.Verifier, size int64, out io.Writer) error {
	if size == 0 {
		size = proof.MaxSize
	}
	return db.WholeView(ctx, "give the log's entries to an auditor", func(w *store.Wide) error {
		raw, err := Latest(ctx, w, log.Name(), size)
		if err != nil {
			return err
		}
		point, err := proof.OpenCheckpoint([]byte(raw), log)
		if err != nil {
			return damaged("the checkpoint: %w", err)
		}
		e := evidence.NewEntriesWriter(out, raw)
		if err := AllLeaves(ctx, w, 0, point.Size, func(_ store.PracticeID, s Stored) error { return e.Leaf(s.Raw) }); err != nil {
			return err
		}
		return e.End()
	})
}
