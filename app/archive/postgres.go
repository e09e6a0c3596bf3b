package archive

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"letterhead/fault"
)

// Dump writes a PostgreSQL database to a file in pg_dump's custom format. The role must be one that may read every row (BYPASSRLS).
func Dump(ctx context.Context, database, path string) error {
	said, err := run(ctx, database, "pg_dump", "--format=custom", "--no-owner", "--file="+path)
	if err != nil {
		return fault.New(fault.Unavailable, "backup.pg_dump", "pg_dump did not finish; it needs a role that may read every row (BYPASSRLS): name it in LETTERHEAD_DATABASE for this command. It said: "+said).With(err)
	}
	return nil
}

// Load fills an empty PostgreSQL database from such a file, in one transaction.
func Load(ctx context.Context, database, path string) error {
	said, err := run(ctx, database, "pg_restore", "--exit-on-error", "--no-owner", "--single-transaction", path)
	if err != nil {
		return fault.New(fault.Unavailable, "restore.pg_restore", "pg_restore did not finish: "+said).With(err)
	}
	return nil
}

func run(ctx context.Context, database, program string, arguments ...string) (said string, err error) {
	address, env := withoutPassword(database)
	command := exec.CommandContext(ctx, program, append([]string{"--dbname=" + address}, arguments...)...)
	var errs bytes.Buffer
	command.Env, command.Stderr = env, &errs
	err = command.Run()
	line, _, _ := strings.Cut(strings.TrimSpace(errs.String()), "\n")
	return line[:min(len(line), 300)], err
}

// withoutPassword takes the password out of an address and into the environment: everybody on the machine can read a process list.
func withoutPassword(address string) (string, []string) {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return address, os.Environ()
	}
	password, ok := u.User.Password()
	if !ok {
		return address, os.Environ()
	}
	u.User = url.User(u.User.Username())
	return u.String(), append(os.Environ(), "PGPASSWORD="+password)
}
