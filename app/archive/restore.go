package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"letterhead/app/setting"
	"letterhead/fault"
)

var databaseSetting = regexp.MustCompile(`(?m)^database = .*$`)

// Restore feeds the PostgreSQL dump of an unpacked backup to pg_restore and names the new database in the restored configuration; a SQLite backup has nothing to
// do here.
func Restore(ctx context.Context, work, entry, database string) error {
	dump := filepath.Join(work, entry)
	if _, err := os.Stat(dump); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if database == "" {
		return fault.Field("--database", "restore.database", "name the empty PostgreSQL database's address")
	}
	if err := Load(ctx, database, dump); err != nil {
		return err
	}
	config := filepath.Join(work, setting.File)
	raw, err := os.ReadFile(config)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	line := fmt.Sprintf("database = %q", database)
	text := databaseSetting.ReplaceAllLiteralString(string(raw), line)
	if !databaseSetting.MatchString(text) {
		text = line + "\n" + text
	}
	return errors.Join(os.WriteFile(config, []byte(text), 0o600), os.Remove(dump))
}
