package whole

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"unicode/utf8"

	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
)

// Note writes into the access log that everything of the practice goes out, with how many clients it holds. It is kept before the first byte leaves.
func Note(ctx context.Context, db *store.DB, by store.Actor) error {
	return db.Change(ctx, by, func(tx *store.Tx) error {
		var n int
		if err := tx.Row(ctx, `SELECT COUNT(*) FROM client WHERE practice = $1`).Scan(&n); err != nil {
			return err
		}
		return vault.Saw(tx, vault.Of{Fields: "name,born,email,mobile,alert,appointment,contact,letter,answer,message,log", Purpose: vault.Export, Count: max(1, n)})
	})
}

// Out writes everything of the practice, as it is at one moment. evidence adds the practice's part of the record of messages; nil where nobody can.
func Out(ctx context.Context, db *store.DB, keeper *vault.Keeper, by store.Actor, out io.Writer, evidence func(io.Writer) error) (counts Counts, err error) {
	tables, schema, err := db.Tables(ctx)
	if err != nil {
		return nil, err
	}
	known, err := ruled(tables)
	if err != nil {
		return nil, err
	}
	w := writer{archive: zip.NewWriter(out), counts: Counts{}}
	err = db.View(ctx, by, func(tx *store.Tx) error {
		p, err := practice.Find(ctx, tx)
		if err != nil {
			return err
		}
		w.list = manifest{Form: Version, Schema: schema, Practice: tx.Practice, Name: p.Name, At: store.Micro(tx.Now)}
		w.keys, err = keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		travelling, err := keeper.Leave(ctx, tx)
		if err != nil {
			return err
		}
		if err := w.json("keys.json", map[string]json.RawMessage{"sealing": travelling.Sealing, "indexing": travelling.Indexing}); err != nil {
			return err
		}
		for _, r := range rules {
			if r.fate == stays {
				continue
			}
			if err := w.table(ctx, tx, known[r.table], r.fate); err != nil {
				return fmt.Errorf("export %s: %w", r.table, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if evidence != nil {
		if err := w.entry("evidence", "", func(to io.Writer) (int64, error) { return 0, evidence(to) }); err != nil {
			return nil, err
		}
	}
	to, err := w.archive.Create("manifest.json")
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(to).Encode(w.list); err != nil {
		return nil, err
	}
	return w.counts, w.archive.Close()
}

type writer struct {
	archive *zip.Writer
	list    manifest
	counts  Counts
	keys    *vault.Keys
}

// entry writes one file of the archive and its line in the list.
func (w *writer) entry(name, table string, write func(io.Writer) (int64, error)) error {
	to, err := w.archive.Create(name)
	if err != nil {
		return err
	}
	sum := sha256.New()
	rows, err := write(io.MultiWriter(to, sum))
	if err != nil {
		return err
	}
	w.list.Files = append(w.list.Files, entry{Name: name, Table: table, Rows: rows, SHA256: said(sum)})
	return nil
}

func said(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)) }

func (w *writer) json(name string, value any) error {
	return w.entry(name, "", func(to io.Writer) (int64, error) { return 0, json.NewEncoder(to).Encode(value) })
}

func (w *writer) table(ctx context.Context, tx *store.Tx, t store.Table, f fate) error {
	name := "tables/" + t.Name + ".jsonl"
	if f == shows {
		name = "shown/" + t.Name + ".jsonl"
	}
	return w.entry(name, t.Name, func(to io.Writer) (n int64, err error) {
		encoder, at := json.NewEncoder(to), places(t)
		encoder.SetEscapeHTML(false)
		err = tx.Every(ctx, t, func(values []any) error {
			row, err := w.row(tx, t, at, values)
			if err != nil {
				return err
			}
			n++
			return encoder.Encode(row)
		})
		w.counts[t.Name] = n
		return n, err
	})
}

// row is a row as the file has it: bytes in base64, and what is sealed also opened. Who signs in stays behind.
func (w *writer) row(tx *store.Tx, t store.Table, at map[string]int, values []any) (map[string]any, error) {
	row := make(map[string]any, len(values)+1)
	for i, c := range t.Columns {
		row[c.Name] = values[i]
	}
	if t.Name == "member" {
		row["person"] = ""
	}
	for i, s := range sealed {
		content, _ := row[s.column].([]byte)
		if s.table != t.Name || len(content) == 0 {
			continue
		}
		place, of := placeOf(i, at, values)
		plain, err := w.keys.Open(tx, of, place, content)
		if err != nil {
			return nil, err
		}
		switch {
		case json.Valid(plain):
			row[opened+s.column] = json.RawMessage(plain)
		case utf8.Valid(plain):
			row[opened+s.column] = string(plain)
		}
	}
	return row, nil
}
