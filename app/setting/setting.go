// Package setting is the whole configuration: one file and its environment, read into one struct. The zero value of each setting works; what
// cannot work is refused when it is read, by the name of the setting.
package setting

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"letterhead/app/secure"
	"letterhead/courier"
	"letterhead/fault"
	"letterhead/vault"
)

// Config is the whole configuration: one file, letterhead.toml in the data folder, each scalar of which may also come from the environment as
// LETTERHEAD_ and its name in capitals. The zero value works.
type Config struct {
	Database  string         `toml:"database"`   // sqlite:PATH or postgres://…; the folder's letterhead.db when empty
	KeyFile   string         `toml:"key_file"`   // holds the key-encryption key; kek.key in the folder when empty
	Listen    string         `toml:"listen"`     // HOST:PORT of the pages; localhost:8080 when empty
	PublicURL string         `toml:"public_url"` // where clients reach the public pages; http://LISTEN when empty
	LooksKept int            `toml:"looks_kept"` // days that the access log is kept; 1095 when empty
	TLS       secure.Config  `toml:"tls"`
	Courier   courier.Config `toml:"courier"`
	Sign      Sign           `toml:"sign"`
}

// Sign is where the signing desk is: an origin of its own, so that no page of the members' can reach into it.
type Sign struct {
	Address string        `toml:"address"` // HOST:PORT that it listens on; the port behind that of the pages when empty
	URL     string        `toml:"url"`     // where people reach it, https://HOST; http://localhost:PORT when empty, for this machine alone
	TLS     secure.Config `toml:"tls"`
}

// File is its name in the data folder.
const File = "letterhead.toml"

// Read reads a data folder's configuration, and what of it comes from the environment.
func Read(folder string, env map[string]string) (Config, error) {
	var c Config
	path := filepath.Join(folder, File)
	meta, err := toml.DecodeFile(path, &c)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// The text names line and setting; secrets stand in files of their own, never here.
		return c, fault.Field(File, "config.form", "%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return c, fault.Field(File, "config.unknown", "there is no setting %s", unknown[0])
	}
	for name, setting := range map[string]*string{
		"LETTERHEAD_DATABASE": &c.Database, "LETTERHEAD_KEY_FILE": &c.KeyFile, "LETTERHEAD_LISTEN": &c.Listen, "LETTERHEAD_PUBLIC_URL": &c.PublicURL,
		"LETTERHEAD_SIGN_ADDRESS": &c.Sign.Address, "LETTERHEAD_SIGN_URL": &c.Sign.URL,
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
	if c.LooksKept == 0 {
		c.LooksKept = vault.KeepDefault
	}
	if c.LooksKept < vault.KeepLeast || c.LooksKept > vault.KeepMost {
		return fault.Field("looks_kept", "config.looks_kept", "say how many days the access log is kept: %d to %d", vault.KeepLeast, vault.KeepMost)
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.Listen
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.Path != "" {
		return fault.Field("public_url", "config.public_url", "write it as https://HOST without a path")
	}
	if err := c.TLS.Validate(!Loopback(host), strings.HasPrefix(c.PublicURL, "https://")); err != nil {
		return err
	}
	for _, path := range []*string{&c.TLS.Certificate, &c.TLS.Key, &c.TLS.Authorities, &c.Sign.TLS.Certificate, &c.Sign.TLS.Key, &c.Sign.TLS.Authorities} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(folder, *path)
		}
	}
	if err := c.fillSign(); err != nil {
		return err
	}
	return c.Courier.Validate()
}

func (c *Config) fillSign() error {
	if c.Sign.Address == "" {
		_, port, _ := net.SplitHostPort(c.Listen)
		n, err := strconv.Atoi(port)
		if err != nil || n < 0 || n > 65534 {
			return fault.Field("listen", "config.listen", "write it as HOST:PORT, for example localhost:8080")
		}
		if n > 0 {
			n++
		}
		c.Sign.Address = "localhost:" + strconv.Itoa(n)
	}
	host, _, err := net.SplitHostPort(c.Sign.Address)
	if err != nil {
		return fault.Field("sign.address", "config.sign_address", "write it as HOST:PORT, for example localhost:8081")
	}
	if err := c.Sign.TLS.Validate(!Loopback(host), strings.HasPrefix(c.Sign.URL, "https://")); err != nil {
		if f := fault.As(err); f != nil {
			return fault.Field("sign", f.Key, "%s, within [sign]: %s", f.Field, f.Say)
		}
		return err
	}
	if c.Sign.Address == c.Listen && !strings.HasSuffix(c.Listen, ":0") { // any port is another one
		return fault.Field("sign.address", "config.sign_address", "the signing desk has an address of its own, not that of the pages")
	}
	if c.Sign.URL == "" {
		return nil
	}
	u, err := url.Parse(c.Sign.URL)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost") {
		return fault.Field("sign.url", "config.sign_url", "write it as https://HOST without a path; http is for localhost alone")
	}
	if c.Sign.URL == c.PublicURL {
		return fault.Field("sign.url", "config.sign_url", "the signing desk has a host or port of its own: another one than public_url")
	}
	return nil
}

// Party is the name that passkeys are for, and the addresses under which they may be used: the public one, and this machine's own where that is it.
// (An IP address cannot carry passkeys.) port is that of the listener, with its colon.
func (c Config) Party(port string) (party string, origins []string) {
	u, err := url.Parse(c.PublicURL)
	if err != nil || Loopback(u.Hostname()) {
		return "localhost", []string{"http://localhost" + port, c.PublicURL}
	}
	return u.Hostname(), []string{c.PublicURL}
}

// Loopback reports whether a host is this machine itself.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Platform is the domain below which a practice without a domain of its own sends. Its default can be delivered from by nobody else, and to nobody:
// good for a first look; a host names a domain of its own in courier.platform_domain.
func (c Config) Platform() string {
	if c.Courier.PlatformDomain != "" {
		return c.Courier.PlatformDomain
	}
	return "letterhead.localhost"
}

// Carrying is the courier's configuration with what comes from elsewhere filled in.
func (c Config) Carrying() courier.Config {
	out := c.Courier
	out.PublicURL, out.PlatformDomain = c.PublicURL, c.Platform()
	return out
}

// Write writes a new installation's file.
func Write(folder, database string) error {
	text := `# Letterhead's configuration. Every setting has a good value without being named; docs/operators.md lists them all.
# A setting may also come from the environment: LETTERHEAD_DATABASE, LETTERHEAD_KEY_FILE, LETTERHEAD_LISTEN, LETTERHEAD_PUBLIC_URL.

`
	if database != "" {
		text += fmt.Sprintf("database = %q\n", database)
	}
	return os.WriteFile(filepath.Join(folder, File), []byte(text), 0o600)
}
