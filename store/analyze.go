package store

import (
	"context"
	"fmt"
	"strings"
)

// Analyze tells the engine to look at how tables are filled. PostgreSQL does so by itself a minute after many rows came; whoever has just brought many and
// asks about them at once would get plans made for empty tables. On SQLite, whose planner goes by the indexes, it does nothing.
func (db *DB) Analyze(ctx context.Context, tables ...string) error {
	if _, ok := db.dialect.(postgresDialect); !ok {
		return nil
	}
	// Only an owner may analyze a table; the function, made with the schema, is the owner's.
	if _, err := db.write.ExecContext(ctx, `SELECT letterhead_analyze($1)`, strings.Join(tables, ",")); err != nil {
		return fmt.Errorf("analyze tables: %w", db.dialect.translate(err))
	}
	return nil
}

// analyzeFunction lets the working roles have tables of this schema analyzed.
const analyzeFunction = `
CREATE OR REPLACE FUNCTION letterhead_analyze(tables text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY string_to_array(tables, ',') LOOP
		EXECUTE format('ANALYZE %I', t);
	END LOOP;
END
$body$;
REVOKE ALL ON FUNCTION letterhead_analyze(text) FROM PUBLIC;
DO $do$
DECLARE r text;
BEGIN
	FOREACH r IN ARRAY ARRAY['letterhead_serve', 'letterhead_courier'] LOOP
		IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r) THEN
			EXECUTE format('GRANT EXECUTE ON FUNCTION letterhead_analyze(text) TO %I', r);
		END IF;
	END LOOP;
END
$do$`
