package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

type postgresDialect struct{}

func openPostgres(ctx context.Context, dsn string) (dialect, *sql.DB, *sql.DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The cause would repeat the address with its password.
		return nil, nil, nil, errors.New("database: the postgres:// address cannot be read; write it as postgres://USER@HOST/DATABASE")
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	if err := pool.PingContext(ctx); err != nil {
		return nil, nil, nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	return postgresDialect{}, pool, pool, nil
}

func (postgresDialect) viewOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}
func (postgresDialect) changeOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelSerializable}
}
func (postgresDialect) wholeOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelReadCommitted}
}

func (postgresDialect) bind(ctx context.Context, tx *sql.Tx, practice PracticeID) error {
	_, err := tx.ExecContext(ctx, `SELECT set_config('app.practice', $1, true)`, string(practice))
	return err
}

func (postgresDialect) again(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

func (postgresDialect) translate(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "23505":
		return ErrUnique.With(err)
	case "23503":
		return ErrForeign.With(err)
	case "40001", "40P01":
		return ErrBusy.With(err)
	}
	return err
}

func (postgresDialect) skipLocked() string { return " FOR UPDATE SKIP LOCKED" }
func (postgresDialect) explain() string    { return "EXPLAIN " }
func (postgresDialect) catalogue() string {
	return `SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull, COALESCE((SELECT k.n - 1 FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(num, n)
			WHERE i.indrelid = c.oid AND i.indisprimary AND k.num = a.attnum), 0)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE n.nspname = current_schema() AND c.relkind = 'r'
			AND EXISTS (SELECT 1 FROM pg_attribute p WHERE p.attrelid = c.oid AND p.attname = 'practice' AND NOT p.attisdropped)
		ORDER BY c.relname COLLATE "C", a.attnum`
}
func (postgresDialect) anonymous() bool { return false }

func (postgresDialect) word(name string) (string, bool) {
	word, ok := map[string]string{
		"int": "BIGINT", "bool": "BOOLEAN", "bytes": "BYTEA", "text": `TEXT COLLATE "C"`, "strict": "",
	}[name]
	return word, ok
}

func (postgresDialect) selfMigrating() bool { return false }

// afterMigrations puts every table that has a practice column under forced row-level security, and lets the two working roles in. It is
// done by the catalogue, not by each migration, so no table can be forgotten.
func (postgresDialect) afterMigrations(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `
DO $do$
DECLARE t text; r text;
BEGIN
	FOR t IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind = 'r'
		AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'practice' AND NOT a.attisdropped)
		AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)
	LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY own_practice ON %I USING (practice = current_setting(''app.practice'') OR current_setting(''app.practice'') = ''*'')', t);
	END LOOP;
	FOREACH r IN ARRAY ARRAY['letterhead_serve', 'letterhead_courier'] LOOP
		IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r) THEN
			EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), r);
			EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', current_schema(), r);
		END IF;
	END LOOP;
END
$do$;`+analyzeFunction)
	return err
}

func (postgresDialect) backup(context.Context, string) error {
	return errors.New("a PostgreSQL database is copied by pg_dump, which letterhead backup runs")
}
