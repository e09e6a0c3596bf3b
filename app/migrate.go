package app

import (
	"context"
	"flag"
	"fmt"
	"letterhead/app/setting"
	"strings"

	"letterhead/store"
)

func migrateCommand() command {
	cmd := command{
		name: "migrate", summary: "bring the database's schema to this version, with the owner's role for PostgreSQL",
		examples: []string{"migrate --database postgres://letterhead_owner@/letterhead"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var database string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&database, "database", "", "the database's `address` for its owner; the configured one when empty")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		if database == "" {
			config, err := setting.Read(c.folder, c.env)
			if err != nil {
				return err
			}
			database = config.Database
		}
		applied, err := store.Migrate(ctx, store.Config{URL: database})
		if err != nil {
			return err
		}
		if c.json {
			return printJSON(c, map[string]any{"applied": append([]string{}, applied...)})
		}
		if len(applied) == 0 {
			fmt.Fprintln(c.out, "The schema is current.")
			return nil
		}
		fmt.Fprintf(c.out, "Applied:\n  %s\n", strings.Join(applied, "\n  "))
		return nil
	}
	return cmd
}
