package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"letterhead/courier"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/vault"
)

// Config is the whole configuration: one file, letterhead.toml in the data folder, each scalar of which may also come from the environment as
// LETTERHEAD_ and its name in capitals. The zero value works.
type Config struct {
	Database  string         `toml:"database"`   // sqlite:PATH or postgres://…; the folder's letterhead.db when empty
	KeyFile   string         `toml:"key_file"`   // holds the key-encryption key; kek.key in the folder when empty
	Listen    string         `toml:"listen"`     // HOST:PORT of the pages; localhost:8080 when empty
	PublicURL string         `toml:"public_url"` // where clients reach the public pages; http://LISTEN when empty
	Courier   courier.Config `toml:"courier"`
}

const configFile = "letterhead.toml"

func readConfig(folder string, env map[string]string) (Config, error) {
	var c Config
	path := filepath.Join(folder, configFile)
	meta, err := toml.DecodeFile(path, &c)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// The text names line and setting; secrets stand in files of their own, never here.
		return c, fault.Field(configFile, "config.form", "%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return c, fault.Field(configFile, "config.unknown", "there is no setting %s", unknown[0])
	}
	for name, setting := range map[string]*string{
		"LETTERHEAD_DATABASE": &c.Database, "LETTERHEAD_KEY_FILE": &c.KeyFile, "LETTERHEAD_LISTEN": &c.Listen, "LETTERHEAD_PUBLIC_URL": &c.PublicURL,
	} {
		if value := env[name]; value != "" {
			*setting = value
		}
	}
	if err := c.fill(folder); err != nil {
		return c, err
	}
	return c, nil
}

func (c *Config) fill(folder string) error {
	if c.Database == "" {
		c.Database = "sqlite:" + filepath.Join(folder, "letterhead.db")
	} else if path, ok := strings.CutPrefix(c.Database, "sqlite:"); ok && !filepath.IsAbs(path) {
		c.Database = "sqlite:" + filepath.Join(folder, path)
	}
	if c.KeyFile == "" {
		c.KeyFile = "kek.key"
	}
	if !filepath.IsAbs(c.KeyFile) {
		c.KeyFile = filepath.Join(folder, c.KeyFile)
	}
	if c.Listen == "" {
		c.Listen = "localhost:8080"
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fault.Field("listen", "config.listen", "write it as HOST:PORT, for example localhost:8080")
	}
	if !loopback(host) {
		return fault.Field("listen", "config.loopback", "pages are open on loopback only until sign-in exists: use localhost:PORT")
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.Listen
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.Path != "" {
		return fault.Field("public_url", "config.public_url", "write it as https://HOST without a path")
	}
	return c.Courier.Validate()
}

// party is the name that passkeys are for, and the addresses under which they may be used: the public one, and this machine's own where that is it.
// (An IP address cannot carry passkeys.) port is that of the listener, with its colon.
func (c Config) party(port string) (party string, origins []string) {
	u, err := url.Parse(c.PublicURL)
	if err != nil || loopback(u.Hostname()) {
		return "localhost", []string{"http://localhost" + port, c.PublicURL}
	}
	return u.Hostname(), []string{c.PublicURL}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// installation is an opened data folder.
type installation struct {
	folder string
	config Config
	trust  trust.File
	db     *store.DB
	keeper *vault.Keeper
}

func courierFolder(folder string) string { return filepath.Join(folder, "courier") }

// open opens the data folder. now may be nil.
func (c *call) open(ctx context.Context, now func() time.Time) (*installation, error) {
	if !folderExists(c.folder) {
		return nil, fault.New(fault.Unavailable, "data.missing", fmt.Sprintf("there is no data folder %s; letterhead init makes one, LETTERHEAD_DATA or --data names another", c.folder))
	}
	config, err := readConfig(c.folder, c.env)
	if err != nil {
		return nil, err
	}
	t, err := trust.Read(courierFolder(c.folder))
	if err != nil {
		return nil, err
	}
	kek, err := vault.ReadKEK(config.KeyFile)
	if err != nil {
		return nil, err
	}
	keeper, err := vault.NewKeeper(kek)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Config{URL: config.Database, Now: now, Small: c.small})
	if err != nil {
		return nil, err
	}
	return &installation{folder: c.folder, config: config, trust: t, db: db, keeper: keeper}, nil
}

func (i *installation) Close() error { return i.db.Close() }

// inFolder opens the data folder for a function and closes it after.
func (c *call) inFolder(ctx context.Context, do func(*installation) error) error {
	i, err := c.open(ctx, nil)
	if err != nil {
		return err
	}
	defer i.Close()
	return do(i)
}

// practiceID reads the flag --practice and makes sure that there is one like it.
func (i *installation) practice(ctx context.Context, id string) (store.Actor, error) {
	if err := required("practice", id); err != nil {
		return store.Actor{}, err
	}
	return store.Actor{Practice: store.PracticeID(id), Agent: "command"}, nil
}

func writeConfig(folder, database string) error {
	text := `# Letterhead's configuration. Every setting has a good value without being named; docs/operators.md lists them all.
# A setting may also come from the environment: LETTERHEAD_DATABASE, LETTERHEAD_KEY_FILE, LETTERHEAD_LISTEN, LETTERHEAD_PUBLIC_URL.

`
	if database != "" {
		text += fmt.Sprintf("database = %q\n", database)
	}
	return os.WriteFile(filepath.Join(folder, configFile), []byte(text), 0o600)
}
