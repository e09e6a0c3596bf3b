// Package setting is the courier's part of the configuration file: relays, gateways and their credentials stand there and never in rows.
package setting

import (
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"letterhead/courier/domain"
	"letterhead/courier/smtp"
	"letterhead/fault"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// Config is the courier's part of the configuration file. Its zero value is good for a courier that has nowhere to deliver: everything
// stays queued. Relays, gateways and their credentials stand here and never in rows.
type Config struct {
	PlatformDomain string    `toml:"platform_domain"` // practices without a domain send as label.<this>
	Notices        string    `toml:"notices_from"`    // where Letterhead's own mails to members come from, of the platform domain; notices@ it when empty
	HostName       string    `toml:"host_name"`       // what EHLO says; the platform domain when empty
	PublicURL      string    `toml:"-"`               // where the unsubscribe page lives; app fills it in
	Workers        int       `toml:"workers"`         // batches at once; 3
	Relays         []Relay   `toml:"relay"`           // the first that can be reached is used
	Gateways       []Gateway `toml:"gateway"`         // the first is used

	Witnesses       []Witness `toml:"witness"`             // who is shown every state of the record of messages
	WitnessesWanted int       `toml:"witnesses_wanted"`    // how many of them must have signed; all when 0
	OrdersWait      int       `toml:"orders_wait_minutes"` // without as many, bulk messages wait after so long; 1440 when 0
}

// Witness is somebody else's machine that signs the states of the record of messages (C2SP tlog-witness).
type Witness struct {
	URL    string `toml:"url"`
	Key    string `toml:"key"`     // its verifier key: name+hash+key
	CAFile string `toml:"ca_file"` // PEM of who may have signed its certificate; the system's when empty
}

// Relay is a server that takes mail by SMTP submission.
type Relay struct {
	Name         string  `toml:"name"`
	Address      string  `toml:"address"`          // host:port
	TLS          string  `toml:"tls"`              // "starttls" (also when empty), "implicit", or "none": only to this machine
	ServerName   string  `toml:"server_name"`      // the name in its certificate; the address's host when empty
	User         string  `toml:"user"`             // AUTH when not empty
	PasswordFile string  `toml:"password_file"`    // read at start; its last newline does not count
	CAFile       string  `toml:"ca_file"`          // PEM of who may have signed the certificate; the system's when empty
	Connections  int     `toml:"connections"`      // at once; 10
	PerSecond    float64 `toml:"per_second"`       // messages; 0 means no limit
	HookSecret   string  `toml:"hook_secret_file"` // signs the reports that it passes to /hooks/mail/NAME; no reports that way when empty
	NoChunking   bool    `toml:"no_chunking"`      // for relays that offer CHUNKING and do not mean it
	NoPipelining bool    `toml:"no_pipelining"`
}

// Gateway is a server that takes text messages by HTTP.
type Gateway struct {
	Name       string            `toml:"name"`
	URL        string            `toml:"url"`
	TokenFile  string            `toml:"token_file"`       // the bearer token, read at start
	HookSecret string            `toml:"hook_secret_file"` // signs receipts and replies to /hooks/sms/NAME; none that way when empty
	Sender     string            `toml:"sender"`           // for practices that are not among Senders; "" means: they cannot send
	Senders    map[string]string `toml:"senders"`          // practice id → sender id: a number or up to 11 letters and digits
}

// SMSSender is the sender id of a practice's text messages; "" when it has none.
func (c *Config) SMSSender(practice store.PracticeID) string {
	if len(c.Gateways) == 0 {
		return ""
	}
	return c.Gateways[0].SenderOf(practice)
}

var (
	entryName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	senderID  = regexp.MustCompile(`^(\+?[0-9]{3,15}|[A-Za-z0-9][A-Za-z0-9 ]{0,9}[A-Za-z0-9])$`)
)

// Validate names the first field that is wrong, and the fix.
func (c *Config) Validate() error {
	if c.PlatformDomain != "" && !domain.Valid(c.PlatformDomain) {
		return fault.Field("courier.platform_domain", "courier.domain", "write a domain in lower case, such as mail.example.org")
	}
	if c.HostName != "" && !domain.Valid(c.HostName) && c.HostName != "localhost" {
		return fault.Field("courier.host_name", "courier.host", "write this machine's name as DNS knows it, such as mail.example.org")
	}
	if local, at, ok := strings.Cut(c.Notices, "@"); c.Notices != "" && (!ok || local == "" || c.PlatformDomain == "" || at != c.PlatformDomain) {
		return fault.Field("courier.notices_from", "courier.notices", "write an address of courier.platform_domain, such as notices@mail.example.org: its keys sign what Letterhead says itself")
	}
	if c.Workers < 0 || c.Workers > 32 {
		return fault.Field("courier.workers", "courier.workers", "between 1 and 32, or 0 for the usual 3")
	}
	seen := map[string]bool{}
	for i := range c.Relays {
		r := &c.Relays[i]
		if seen[r.Name] {
			return fault.Field("courier.relay.name", "courier.name", "two relays are named %q", r.Name)
		}
		seen[r.Name] = true
		if err := r.validate(); err != nil {
			return err
		}
	}
	for i := range c.Gateways {
		g := &c.Gateways[i]
		if seen[g.Name] {
			return fault.Field("courier.gateway.name", "courier.name", "two entries are named %q", g.Name)
		}
		seen[g.Name] = true
		if err := g.validate(); err != nil {
			return err
		}
	}
	return c.validateWitnesses()
}

const mostWitnesses = 10

func (c *Config) validateWitnesses() error {
	if len(c.Witnesses) > mostWitnesses || c.WitnessesWanted < 0 || c.WitnessesWanted > len(c.Witnesses) {
		return fault.Field("courier.witnesses_wanted", "courier.witness", "name at most %d witnesses, and want no more of them than are named", mostWitnesses)
	}
	if c.OrdersWait < 0 || c.OrdersWait > 60*24*30 {
		return fault.Field("courier.orders_wait_minutes", "courier.witness", "minutes, up to 43200 (30 days), or 0 for the usual 1440 (a day)")
	}
	seen := map[string]bool{}
	for _, w := range c.Witnesses {
		scheme, host := hostOf(w.URL)
		switch _, err := proof.ParseCosigner(w.Key); {
		case err != nil:
			return fault.Field("courier.witness.key", "courier.witness", "give the witness's verifier key, as letterhead witness prints it: name+hash+key")
		case seen[w.Key]:
			return fault.Field("courier.witness.key", "courier.witness", "two witnesses have the same key")
		case scheme != "http" && scheme != "https" || host == "":
			return fault.Field("courier.witness.url", "courier.witness", "write a witness's address as https://host/path")
		case scheme == "http" && !Loopback(host):
			return fault.Field("courier.witness.url", "courier.witness", "without TLS only a witness on this machine (127.0.0.1, [::1], localhost) may be asked; write https")
		}
		seen[w.Key] = true
	}
	return nil
}

// Wanted is how many witnesses must have signed a state.
func (c *Config) Wanted() int {
	if c.WitnessesWanted == 0 {
		return len(c.Witnesses)
	}
	return c.WitnessesWanted
}

// OrdersWaitAfter is how long bulk messages go without as many.
func (c *Config) OrdersWaitAfter() time.Duration {
	if c.OrdersWait == 0 {
		return 24 * time.Hour
	}
	return time.Duration(c.OrdersWait) * time.Minute
}

func (r *Relay) validate() error {
	bad := func(field, format string, args ...any) error {
		return fault.Field("courier.relay."+field, "courier.relay", format, args...)
	}
	host, port, err := net.SplitHostPort(r.Address)
	switch {
	case !entryName.MatchString(r.Name):
		return bad("name", "name each relay with letters in lower case, digits and hyphens, such as main")
	case err != nil || host == "" || port == "":
		return bad("address", "relay %s: write its address as host:port, such as 127.0.0.1:25", r.Name)
	case r.TLS == "none" && !Loopback(host):
		return bad("tls", "relay %s: without TLS only a relay on this machine (127.0.0.1, ::1, localhost) may be spoken to", r.Name)
	case r.TLS != "" && r.TLS != "starttls" && r.TLS != "implicit" && r.TLS != "none":
		return bad("tls", "relay %s: tls is starttls, implicit or none", r.Name)
	case r.User != "" && r.PasswordFile == "":
		return bad("password_file", "relay %s: a user needs a password_file", r.Name)
	case r.User == "" && r.PasswordFile != "":
		return bad("user", "relay %s: a password_file needs a user", r.Name)
	case r.Connections < 0 || r.Connections > 200:
		return bad("connections", "relay %s: between 1 and 200, or 0 for the usual 10", r.Name)
	case r.PerSecond < 0 || r.PerSecond > 1e6:
		return bad("per_second", "relay %s: messages a second, 0 for no limit", r.Name)
	}
	return nil
}

func (g *Gateway) validate() error {
	bad := func(field, format string, args ...any) error {
		return fault.Field("courier.gateway."+field, "courier.gateway", format, args...)
	}
	if !entryName.MatchString(g.Name) {
		return bad("name", "name each gateway with letters in lower case, digits and hyphens, such as sms")
	}
	scheme, host := g.Host()
	switch {
	case scheme != "http" && scheme != "https" || host == "":
		return bad("url", "gateway %s: write its address as https://host/path", g.Name)
	case scheme == "http" && !Loopback(host):
		return bad("url", "gateway %s: without TLS only a gateway on this machine (127.0.0.1, [::1], localhost) may be spoken to; write https", g.Name)
	case g.Sender != "" && !senderID.MatchString(g.Sender):
		return bad("sender", "gateway %s: a sender is a number or 2 to 11 letters and digits", g.Name)
	}
	for practice, sender := range g.Senders {
		if practice == "" || !senderID.MatchString(sender) {
			return bad("senders", "gateway %s: a sender is a number or 2 to 11 letters and digits, listed by the practice's id", g.Name)
		}
	}
	return nil
}

// Host is where the gateway is; the scheme is "" where the address is none.
func (g *Gateway) Host() (scheme, host string) { return hostOf(g.URL) }

func hostOf(url string) (scheme, host string) {
	scheme, rest, _ := strings.Cut(url, "://")
	authority, _, _ := strings.Cut(rest, "/")
	host, _, err := net.SplitHostPort(authority)
	if err != nil {
		host = authority
	}
	return scheme, host
}

// SenderOf is the sender id that a practice's text messages carry; "" when it has none.
func (g *Gateway) SenderOf(practice store.PracticeID) string {
	if s := g.Senders[string(practice)]; s != "" {
		return s
	}
	return g.Sender
}

// Loopback tells whether a host is this machine by its very name, without asking anybody.
func Loopback(host string) bool {
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Security is how the relay is spoken to.
func (r *Relay) Security() smtp.Security {
	switch r.TLS {
	case "implicit":
		return smtp.ImplicitTLS
	case "none":
		return smtp.Plain
	}
	return smtp.StartTLS
}

// NoticesFrom is where Letterhead's own mails come from.
func (c *Config) NoticesFrom(platform string) string {
	if c.Notices != "" {
		return c.Notices
	}
	return "notices@" + platform
}
