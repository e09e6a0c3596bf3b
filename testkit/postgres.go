package testkit

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver for making databases
	"letterhead/store"
)

// Cluster is a private PostgreSQL server on a socket.
type Cluster struct {
	folder string
	number atomic.Int64
}

var shared struct {
	sync.Once
	cluster *Cluster
	err     error
}

// owner is the role that owns the tables; serve is the unprivileged one that tests work as, so that row-level security binds them.
const (
	owner = "owner"
	serve = "serve"
)

func postgresURL(t testing.TB) string {
	t.Helper()
	shared.Do(func() { shared.cluster, shared.err = StartCluster(false) })
	if shared.err != nil {
		t.Fatalf("PostgreSQL for tests: %v", shared.err)
	}
	name := fmt.Sprintf("t%d", shared.cluster.number.Add(1))
	if err := shared.cluster.exec("postgres", `CREATE DATABASE `+name+` OWNER owner TEMPLATE migrated`); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := shared.cluster.exec("postgres", `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return shared.cluster.URL(serve, name)
}

// StartCluster makes a cluster that ends with this process. durable keeps fsync on, for figures.
func StartCluster(durable bool) (*Cluster, error) {
	sweep()
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "letterhead-pg-")
	if err != nil {
		return nil, err
	}
	credential, err := unprivileged(folder)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.Dir = folder
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	arguments := []string{"-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=300", "-c", "shared_buffers=128MB", "-c", "logging_collector=off"}
	if !durable {
		arguments = append(arguments, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	if err := startWithParent(filepath.Join(bin, "postgres"), arguments, folder, credential); err != nil {
		return nil, err
	}
	c := &Cluster{folder: folder}
	if err := c.prepare(); err != nil {
		return nil, fmt.Errorf("%w (its log is %s)", err, filepath.Join(folder, "log"))
	}
	return c, nil
}

// startWithParent starts the server so that the kernel stops it when this process ends, also by kill -9. The signal is bound to the thread
// that started it, which therefore stays.
func startWithParent(program string, arguments []string, folder string, credential *syscall.Credential) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		log, err := os.Create(filepath.Join(folder, "log"))
		if err != nil {
			started <- err
			return
		}
		server := exec.Command(program, arguments...)
		server.Dir, server.Stdout, server.Stderr = folder, log, log
		server.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Pdeathsig: syscall.SIGQUIT}
		err = server.Start()
		started <- err
		if err == nil {
			_ = server.Wait()
		}
	}()
	return <-started
}

// URL is the address of a database for a role.
func (c *Cluster) URL(role, database string) string {
	return "postgres://" + role + "@/" + database + "?host=" + c.folder
}

// Database makes an empty, migrated database and returns its address for the unprivileged role.
func (c *Cluster) Database(name string) (string, error) {
	if err := c.exec("postgres", `CREATE DATABASE `+name+` OWNER owner TEMPLATE migrated`); err != nil {
		return "", err
	}
	return c.URL(serve, name), nil
}

// Empty makes an empty database that the superuser postgres owns.
func (c *Cluster) Empty(name string) error { return c.exec("postgres", `CREATE DATABASE `+name) }

func (c *Cluster) prepare() error {
	var err error
	for range 200 { // the server needs a moment: at most 10 s
		if err = c.exec("postgres", `SELECT 1`); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		return err
	}
	for _, statement := range []string{
		`CREATE ROLE letterhead_serve NOLOGIN`, `CREATE ROLE letterhead_courier NOLOGIN`,
		`CREATE ROLE owner LOGIN`, `CREATE ROLE serve LOGIN IN ROLE letterhead_serve`, `CREATE ROLE courier LOGIN IN ROLE letterhead_courier`,
		`CREATE DATABASE migrated OWNER owner`,
	} {
		if err := c.exec("postgres", statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if err := c.exec("migrated", `ALTER SCHEMA public OWNER TO owner`); err != nil {
		return err
	}
	_, err = store.Migrate(context.Background(), store.Config{URL: c.URL(owner, "migrated")})
	return err
}

func (c *Cluster) exec(database, statement string) error {
	db, err := sql.Open("pgx", c.URL("postgres", database))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// binaries finds the newest PostgreSQL server that Debian installed.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		path, err := exec.LookPath("initdb")
		if err != nil {
			return "", fmt.Errorf("no server found: apt-get install postgresql")
		}
		return filepath.Dir(path), nil
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) < version(found[j]) })
	return filepath.Dir(found[len(found)-1]), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

// unprivileged gives the folder to a user that PostgreSQL accepts: it refuses to run as root.
func unprivileged(folder string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, err
		}
		if err := os.Chown(folder, uid, gid); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("neither a user postgres nor a user nobody to run PostgreSQL as")
}

// sweep removes what clusters of ended processes left behind.
func sweep() {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "letterhead-pg-*"))
	if err != nil {
		return
	}
	for _, folder := range left {
		// A young folder may be another process's, in the middle of initdb.
		if info, err := os.Stat(folder); err != nil || time.Since(info.ModTime()) < 10*time.Minute {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
		if err != nil {
			_ = os.RemoveAll(folder)
			continue
		}
		line, _, _ := bytes.Cut(raw, []byte("\n"))
		pid, err := strconv.Atoi(string(bytes.TrimSpace(line)))
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = os.RemoveAll(folder)
		}
	}
}
