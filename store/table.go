package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Table is a table that holds rows of practices, as the engine's own catalogue describes it. Its names stand in migrations: they are no values.
type Table struct {
	Name    string
	Columns []Column // without practice
}

// Column is one of a table. Kind is text, int, bool or bytes.
type Column struct {
	Name string
	Kind string
	full bool // never null
	key  int  // its place in the primary key; 0: it is no part of one
}

// Tables are the tables with a column practice, by name. The schema's number comes with them.
func (db *DB) Tables(ctx context.Context) (tables []Table, schema int, err error) {
	err = db.WholeView(ctx, "read the catalogue", func(w *Wide) error {
		tables = nil
		rows, err := w.Query(ctx, db.dialect.catalogue())
		_, err = Collect(rows, err, func(r *Rows) (struct{}, error) {
			var table, kind string
			var c Column
			err := r.Scan(&table, &c.Name, &kind, &c.full, &c.key)
			if c.Kind, err = kinds[strings.ToLower(kind)], errors.Join(err); c.Kind == "" && err == nil {
				err = fmt.Errorf("store: %s.%s is of the unknown type %s", table, c.Name, kind)
			}
			if len(tables) == 0 || tables[len(tables)-1].Name != table {
				tables = append(tables, Table{Name: table})
			}
			if last := &tables[len(tables)-1]; c.Name != "practice" {
				last.Columns = append(last.Columns, c)
			}
			return struct{}{}, err
		})
		if err != nil {
			return err
		}
		return w.Row(ctx, `SELECT MAX(number) FROM migration`).Scan(&schema)
	})
	return tables, schema, err
}

var kinds = map[string]string{"text": "text", "integer": "int", "bigint": "int", "boolean": "bool", "blob": "bytes", "bytea": "bytes"}

// Every reads every row of the transaction's practice in a table, in the order of its primary key, one at a time. A bool is 0 or 1, as on either engine.
func (t *Tx) Every(ctx context.Context, table Table, see func(values []any) error) error {
	names, order := make([]string, len(table.Columns)), []string(nil)
	for i, c := range table.Columns {
		names[i] = c.Name
	}
	for place := 1; place <= len(table.Columns)+1; place++ {
		for _, c := range table.Columns {
			if c.key == place {
				order = append(order, c.Name)
			}
		}
	}
	if len(order) == 0 {
		order = names
	}
	rows, err := t.Query(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+table.Name+" WHERE practice = $1 ORDER BY "+strings.Join(order, ", "))
	if err != nil {
		return err
	}
	defer rows.Close()
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, c := range table.Columns {
			switch is, bool := values[i].(bool); {
			case bool && is:
				values[i] = int64(1)
			case bool:
				values[i] = int64(0)
			case c.full && c.Kind == "bytes":
				if raw, _ := values[i].([]byte); len(raw) == 0 { // nil, says SQLite's driver
					values[i] = []byte{}
				}
			}
		}
		if err := see(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Put writes rows of the transaction's practice into a table, with values in the order of its columns.
func (t *Tx) Put(ctx context.Context, table Table, rows [][]any) error {
	names := make([]string, len(table.Columns))
	for i, c := range table.Columns {
		names[i] = c.Name
		if c.Kind != "bool" {
			continue
		}
		for _, row := range rows {
			if n, ok := row[i].(int64); ok {
				row[i] = n != 0
			}
		}
	}
	_, err := t.Bulk(ctx, "INSERT INTO "+table.Name+" (practice, "+strings.Join(names, ", ")+") VALUES", "", rows)
	return err
}
