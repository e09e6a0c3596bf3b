package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"letterhead/fault"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// Checkpoint signs the state of the log, with the list of counts, and keeps it. Where that state was signed already the note is the one that is kept.
func Checkpoint(ctx context.Context, db *store.DB, key note.Signer) (raw string, err error) {
	var c proof.Checkpoint
	err = db.WholeView(ctx, "sign the state of the ledger", func(w *store.Wide) error {
		head, err := Head(ctx, w)
		if err != nil {
			return err
		}
		list, err := listOf(ctx, w, head.Size)
		if err != nil {
			return err
		}
		c = proof.Checkpoint{Origin: key.Name(), Head: head, Counts: list.Size(), List: list.Root()}
		return nil
	})
	if err != nil {
		return "", err
	}
	signed, err := c.Sign(key)
	if err != nil {
		return "", err
	}
	return string(signed), db.Whole(ctx, "keep a checkpoint", func(w *store.Wide) error {
		_, err := w.Exec(ctx, `INSERT INTO ledger_checkpoint (size, origin, note, at) VALUES ($1, $2, $3, $4) ON CONFLICT (size, origin) DO NOTHING`,
			c.Size, c.Origin, string(signed), store.Micro(w.Now))
		if err != nil {
			return fmt.Errorf("keep a checkpoint: %w", err)
		}
		return nil
	})
}

// listOf makes the list of counts of the log at a size, from the last leaf of each practice before it.
func listOf(ctx context.Context, w *store.Wide, size int64) (*proof.List, error) {
	rows, err := w.Query(ctx, `SELECT p.practice, p.label, p.count, p.head, l.sequence, l.count, l.place, l.leaves FROM ledger_practice p
		JOIN ledger_leaf l ON l.practice = p.practice AND l.sequence = (SELECT max(m.sequence) FROM ledger_leaf m WHERE m.practice = p.practice AND m.place < $1)
		ORDER BY p.practice`, size)
	var total uint64
	counts, err := store.Collect(rows, err, func(r *store.Rows) (c proof.Count, err error) {
		var x runRow
		var label, head []byte
		var count int64
		if err := r.Scan(&x.practice, &label, &count, &head, &x.sequence, &x.count, &x.place, &x.leaves); err != nil {
			return c, err
		}
		if len(label) != len(c.Label) {
			return c, damaged("the line of a practice")
		}
		c, err = x.end(Hash(label))
		total += c.Count
		return c, err
	})
	if err != nil {
		return nil, wrap("read the list of counts", err)
	}
	if total != uint64(size) {
		return nil, damaged("the practices have %d leaves of %d", total, size)
	}
	list, err := proof.NewList(counts)
	if err != nil {
		return nil, damaged("the list of counts: %w", err)
	}
	return list, nil
}

// end is the practice's count and head behind a run.
func (x runRow) end(label Hash) (proof.Count, error) {
	c := proof.Count{Label: label}
	err := x.each(func(s Stored) error {
		c.Count, c.Head = s.Sequence, sumOf(s.Raw)
		return nil
	})
	return c, err
}

// Latest returns the last checkpoint of an origin, or the last one not larger than a size, with the cosignatures that are kept of it.
func Latest(ctx context.Context, w *store.Wide, origin string, size int64) (string, error) {
	raw, _, err := latest(ctx, w, origin, size)
	return raw, err
}

func latest(ctx context.Context, w *store.Wide, origin string, size int64) (string, []*proof.Cosigner, error) {
	rows, err := w.Query(ctx, `SELECT size, note FROM ledger_checkpoint WHERE origin = $1 AND size <= $2 ORDER BY size DESC LIMIT 1`, origin, size)
	type kept struct {
		size int64
		note string
	}
	found, err := store.Collect(rows, err, func(r *store.Rows) (k kept, err error) { return k, r.Scan(&k.size, &k.note) })
	if err != nil {
		return "", nil, fmt.Errorf("read the last checkpoint: %w", err)
	}
	if len(found) == 0 {
		return "", nil, store.ErrNone
	}
	raw := found[0].note
	rows, err = w.Query(ctx, `SELECT cosigner, line FROM ledger_cosignature WHERE size = $1 AND origin = $2 ORDER BY cosigner LIMIT $3`, found[0].size, origin, mostCosigners)
	cosigners, err := store.Collect(rows, err, func(r *store.Rows) (*proof.Cosigner, error) {
		var key, line string
		if err := r.Scan(&key, &line); err != nil {
			return nil, err
		}
		raw += line
		c, err := proof.ParseCosigner(key)
		if err != nil {
			return nil, damaged("a cosigner: %w", err)
		}
		return c, nil
	})
	if err != nil {
		return "", nil, wrap("read cosignatures", err)
	}
	return raw, cosigners, nil
}

// mostCosigners bounds what is shown of one checkpoint.
const mostCosigners = 20

// Asked is the size of the last checkpoint of an origin that a cosigner signed, from which it wants to be shown how the log grew; 0 for none.
func Asked(ctx context.Context, w *store.Wide, origin string, by *proof.Cosigner) (size int64, err error) {
	rows, err := w.Query(ctx, `SELECT coalesce(max(size), 0) FROM ledger_cosignature WHERE origin = $1 AND cosigner = $2`, origin, by.String())
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) { return struct{}{}, r.Scan(&size) })
	if err != nil {
		return 0, fmt.Errorf("read what a cosigner signed: %w", err)
	}
	return size, nil
}

// KeepCosignature keeps a cosigner's line for a checkpoint, when it holds.
func KeepCosignature(ctx context.Context, w *store.Wide, log note.Verifier, raw, line string, by *proof.Cosigner) error {
	signed, err := proof.OpenCheckpoint([]byte(raw+line), log, by)
	if err != nil || len(signed.Cosigned) != 1 {
		return fault.Field("cosignature", "ledger.cosignature", "it does not hold for this checkpoint").With(err)
	}
	_, err = w.Exec(ctx, `INSERT INTO ledger_cosignature (size, origin, cosigner, line, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (size, origin, cosigner) DO UPDATE SET line = excluded.line, at = excluded.at`, signed.Size, signed.Origin, by.String(), line, store.Micro(w.Now))
	if err != nil {
		return fmt.Errorf("keep a cosignature: %w", err)
	}
	return nil
}

// Witnessed is a state that enough cosigners signed.
type Witnessed struct {
	Size  int64
	At    time.Time // when the last one did of as many as were wanted, by its own clock
	Names []string  // of all who did
	Since time.Time // instant of the first leaf that is not under it; zero: every leaf is
}

// Witness returns the last checkpoint of a log that at least so many cosigners signed; its zero value, but for Since, when there is none. Every signature
// is verified.
func Witness(ctx context.Context, w *store.Wide, log note.Verifier, cosigners []*proof.Cosigner, least int) (out Witnessed, err error) {
	args := []any{log.Name(), least}
	for _, c := range cosigners {
		args = append(args, c.String())
	}
	if least < 1 || len(cosigners) < least {
		return out, fault.Field("witnesses", "ledger.witnesses", "name as many cosigners as are wanted")
	}
	rows, err := w.Query(ctx, `SELECT size FROM ledger_cosignature WHERE origin = $1 AND cosigner IN (`+store.List(3, len(cosigners))+`)
		GROUP BY size HAVING count(*) >= $2 ORDER BY size DESC LIMIT `+mostTried, args...)
	sizes, err := store.Collect(rows, err, func(r *store.Rows) (size int64, err error) { return size, r.Scan(&size) })
	if err != nil {
		return out, fmt.Errorf("read what is witnessed: %w", err)
	}
	for _, size := range sizes {
		raw, err := Latest(ctx, w, log.Name(), size)
		if err != nil {
			return out, err
		}
		signed, err := proof.OpenCheckpoint([]byte(raw), log, cosigners...)
		if err != nil || signed.Size != size || len(signed.Cosigned) < least {
			continue // somebody wrote into the rows
		}
		out = witnessed(signed, least)
		break
	}
	return out, out.since(ctx, w)
}

// mostTried bounds how many checkpoints are looked at whose rows say that they are witnessed.
const mostTried = "20"

func witnessed(signed *proof.Signed, least int) Witnessed {
	out := Witnessed{Size: signed.Size}
	at := make([]int64, len(signed.Cosigned))
	for i, c := range signed.Cosigned {
		out.Names, at[i] = append(out.Names, c.Name), c.At
	}
	slices.Sort(out.Names)
	slices.Sort(at)
	out.At = time.Unix(at[least-1], 0).UTC()
	return out
}

func (x *Witnessed) since(ctx context.Context, w *store.Wide) error {
	head, err := Head(ctx, w)
	if err != nil || head.Size <= x.Size {
		return err
	}
	err = AllLeaves(ctx, w, x.Size, x.Size+1, func(_ store.PracticeID, s Stored) error {
		l, err := leaf.Parse(s.Raw)
		if err != nil {
			return damaged("leaf %d: %w", s.Index, err)
		}
		x.Since = store.Instant(l.At)
		return ErrEnough
	})
	switch {
	case errors.Is(err, ErrEnough):
		return nil
	case err != nil:
		return err
	}
	return damaged("leaf %d is missing", x.Size)
}
