package courier

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"letterhead/courier/dkim"
	"letterhead/fault"
	"letterhead/store"
)

// Domain is a From domain. It belongs to one practice; the platform's own domain to none. It and its keys are files of the courier's folder:
// domains/NAME/domain.json, SELECTOR.pem.
type Domain struct {
	Name      string           `json:"name"`
	Practice  store.PracticeID `json:"practice"`  // "" for the platform's domain
	Platform  bool             `json:"platform"`  // a subdomain of the platform's: signed and reported with the platform's keys
	Selectors []string         `json:"selectors"` // of the keys, the one that every receiver verifies (RSA) first
	AddedAt   time.Time        `json:"added_at"`
}

// ErrDomain is returned for a domain that another practice has, or that is not there.
var (
	ErrDomainTaken = fault.New(fault.Conflict, "courier.domain_taken", "this domain is in use by another practice")
	ErrDomainNone  = fault.New(fault.NotFound, "courier.domain_none", "this domain was not added; run letterhead domain add")
)

// Domains are the From domains of a courier's folder.
type Domains struct {
	folder   string
	platform string

	mu    sync.Mutex
	known map[string]*signing
}

// signing is a domain with its keys, as they were when the folder was last read.
type signing struct {
	Domain
	signer *dkim.Signer // nil when it has no keys
	stamp  time.Time    // of domain.json
}

// NewDomains looks after the domains in the courier's folder.
func NewDomains(folder, platform string) *Domains {
	return &Domains{folder: filepath.Join(folder, "domains"), platform: platform, known: map[string]*signing{}}
}

// Add makes a domain's folder with two fresh keys, RSA-2048 and Ed25519. A subdomain of the platform's gets none: it is signed with the
// platform's. Adding it again for the same practice changes nothing.
func (d *Domains) Add(name string, practice store.PracticeID, now time.Time) (Domain, error) {
	if !validDomain(name) {
		return Domain{}, fault.Field("domain", "courier.domain", "write the domain in lower case, such as clinic.example")
	}
	if (name == d.platform) != (practice == "") {
		return Domain{}, fault.Field("practice", "courier.domain_practice", "every domain but the platform's belongs to a practice")
	}
	if had, err := d.read(name); err == nil {
		if had.Practice != practice {
			return Domain{}, ErrDomainTaken
		}
		return had.Domain, nil
	} else if !errors.Is(err, ErrDomainNone) {
		return Domain{}, err
	}
	domain := Domain{Name: name, Practice: practice, Platform: d.platform != "" && strings.HasSuffix(name, "."+d.platform), AddedAt: now.UTC()}
	folder := filepath.Join(d.folder, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return Domain{}, fmt.Errorf("make the domain's folder: %w", err)
	}
	if !domain.Platform {
		if err := d.makeKeys(&domain, folder, now); err != nil {
			return Domain{}, err
		}
	}
	raw, err := json.MarshalIndent(domain, "", "\t")
	if err != nil {
		return Domain{}, err
	}
	if err := writeWhole(filepath.Join(folder, "domain.json"), append(raw, '\n')); err != nil {
		return Domain{}, fmt.Errorf("write the domain: %w", err)
	}
	return domain, nil
}

// makeKeys writes the two keys. Selectors carry the month, so that the next keys can stand beside these in the DNS.
func (d *Domains) makeKeys(domain *Domain, folder string, now time.Time) error {
	for _, kind := range []struct {
		mark string
		make func() (crypto.Signer, error)
	}{{"r", dkim.GenerateRSA}, {"e", dkim.GenerateEd25519}} {
		selector := "lh" + now.UTC().Format("200601") + kind.mark
		key, err := kind.make()
		if err != nil {
			return err
		}
		path := filepath.Join(folder, selector+".pem")
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // of an Add that was interrupted: nothing was told of it
			return err
		}
		if err := dkim.Save(path, key); err != nil {
			return err
		}
		domain.Selectors = append(domain.Selectors, selector)
	}
	return nil
}

// List returns every domain, by name.
func (d *Domains) List() ([]Domain, error) {
	entries, err := os.ReadDir(d.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the domains: %w", err)
	}
	var out []Domain
	for _, e := range entries {
		s, err := d.read(e.Name())
		if errors.Is(err, ErrDomainNone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s.Domain)
	}
	return out, nil
}

// Find returns a domain.
func (d *Domains) Find(name string) (Domain, error) {
	s, err := d.read(name)
	if err != nil {
		return Domain{}, err
	}
	return s.Domain, nil
}

// read returns a domain from its folder, cached until its file changes.
func (d *Domains) read(name string) (*signing, error) {
	if !validDomain(name) {
		return nil, ErrDomainNone
	}
	path := filepath.Join(d.folder, name, "domain.json")
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrDomainNone
	}
	if err != nil {
		return nil, fmt.Errorf("look at domain %s: %w", name, err)
	}
	d.mu.Lock()
	had := d.known[name]
	d.mu.Unlock()
	if had != nil && had.stamp.Equal(info.ModTime()) {
		return had, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read domain %s: %w", name, err)
	}
	s := &signing{stamp: info.ModTime()}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s.Domain); err != nil || s.Name != name {
		return nil, fmt.Errorf("the file of domain %s is damaged: %w", name, err)
	}
	keys := make([]dkim.Key, 0, 2)
	for _, selector := range s.Selectors {
		key, err := dkim.Load(filepath.Join(d.folder, name, selector+".pem"))
		if err != nil {
			return nil, err
		}
		keys = append(keys, dkim.Key{Selector: selector, Private: key})
	}
	if len(keys) > 0 {
		if s.signer, err = dkim.New(name, dkim.Options{}, keys...); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	d.known[name] = s
	d.mu.Unlock()
	return s, nil
}

// belongs tells whether a practice may send from a domain, and returns what signs for it: the domain's own keys, or the platform's.
func (d *Domains) belongs(practice store.PracticeID, name string) (*dkim.Signer, bool, error) {
	s, err := d.read(name)
	if errors.Is(err, ErrDomainNone) || err == nil && (s.Practice == "" || s.Practice != practice) {
		return nil, false, nil
	}
	if err != nil || !s.Platform {
		if err != nil {
			return nil, false, err
		}
		return s.signer, true, nil
	}
	above, err := d.read(d.platform)
	if errors.Is(err, ErrDomainNone) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	return above.signer, true, nil
}

// Record is one DNS record to paste, and why.
type Record struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
	Why   string `json:"why"`
}

// returnPathOf is the domain of a From domain's return paths: of the same organisation, so that SPF counts for DMARC.
func returnPathOf(domain string) string { return "bounce." + domain }

// Records returns what the DNS must say for a domain. relay is the host name that mail leaves from.
func (d *Domains) Records(name, relay string) ([]Record, error) {
	domain, err := d.Find(name)
	if err != nil {
		return nil, err
	}
	path := returnPathOf(name)
	out := []Record{
		{path, "MX", "10 " + relay, "reports of mail that could not be delivered come back here"},
		{path, "TXT", "v=spf1 a:" + relay + " -all", "SPF (RFC 7208): only our relay may send with this return path"},
	}
	if domain.Platform {
		// SPF, DKIM and DMARC of the platform's own domain cover its subdomains.
		return out, nil
	}
	for _, selector := range domain.Selectors {
		key, err := dkim.Load(filepath.Join(d.folder, name, selector+".pem"))
		if err != nil {
			return nil, err
		}
		value, err := dkim.Record(key)
		if err != nil {
			return nil, err
		}
		why := "DKIM (RFC 6376): the key that proves a mail is the domain's"
		if strings.Contains(value, "k=ed25519") {
			why = "DKIM with Ed25519 (RFC 8463): the same for receivers that know it"
		}
		out = append(out, Record{selector + "._domainkey." + name, "TXT", value, why})
	}
	return append(out, Record{"_dmarc." + name, "TXT", "v=DMARC1; p=reject; adkim=r; aspf=r", "DMARC (RFC 9989): mail in this name that proves nothing is to be refused; begin with p=none if others send for this domain"}), nil
}

// Resolver is what Check asks: *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// Finding is how one record stands in the DNS.
type Finding struct {
	Record
	Good  bool     `json:"good"`
	Found []string `json:"found"`
	Say   string   `json:"say"` // what to do; "" when good
}

// Check compares the DNS with Records.
func (d *Domains) Check(ctx context.Context, r Resolver, name, relay string) ([]Finding, error) {
	records, err := d.Records(name, relay)
	if err != nil {
		return nil, err
	}
	out := make([]Finding, 0, len(records))
	for _, want := range records {
		f := Finding{Record: want}
		if f.Found, err = lookUp(ctx, r, want); err != nil {
			f.Say = "the DNS did not answer: " + err.Error()
		} else {
			f.Say = d.judge(name, want, f.Found)
			f.Good = f.Say == ""
		}
		out = append(out, f)
	}
	return out, nil
}

func lookUp(ctx context.Context, r Resolver, want Record) ([]string, error) {
	var found []string
	var err error
	if want.Type == "MX" {
		var all []*net.MX
		all, err = r.LookupMX(ctx, want.Name)
		for _, mx := range all {
			found = append(found, fmt.Sprintf("%d %s", mx.Pref, strings.TrimSuffix(mx.Host, ".")))
		}
	} else {
		found, err = r.LookupTXT(ctx, want.Name)
	}
	var none *net.DNSError
	if errors.As(err, &none) && none.IsNotFound {
		return nil, nil
	}
	return found, err
}

// judge says what is wrong with what was found; "" when it serves.
func (d *Domains) judge(name string, want Record, found []string) string {
	starting := func(start string) []string {
		return slices.DeleteFunc(slices.Clone(found), func(s string) bool { return !strings.HasPrefix(strings.ToLower(strings.TrimSpace(s)), start) })
	}
	switch {
	case want.Type == "MX":
		_, host, _ := strings.Cut(want.Value, " ")
		if !slices.ContainsFunc(found, func(s string) bool { return strings.HasSuffix(strings.ToLower(s), " "+host) }) {
			return "add this record"
		}
	case strings.HasPrefix(want.Value, "v=spf1"):
		switch all := starting("v=spf1"); {
		case len(all) == 0:
			return "add this record"
		case len(all) > 1:
			return "there are several SPF records; keep one (RFC 7208 §3.2)"
		case !strings.Contains(all[0], strings.Fields(want.Value)[1]):
			return "add " + strings.Fields(want.Value)[1] + " to the record that is there"
		}
	case strings.HasPrefix(want.Value, "v=DMARC1"):
		switch all := starting("v=dmarc1"); {
		case len(all) == 0:
			return "add this record"
		case len(all) > 1:
			return "there are several DMARC records; keep one"
		}
	default:
		selector, _, _ := strings.Cut(want.Name, ".")
		key, err := dkim.Load(filepath.Join(d.folder, name, selector+".pem"))
		if err != nil {
			return err.Error()
		}
		if len(found) == 0 {
			return "add this record"
		}
		for _, f := range found {
			if err = dkim.CheckRecord(f, key); err == nil {
				return ""
			}
		}
		return "the record that is there has another key: " + err.Error()
	}
	return ""
}

func writeWhole(path string, raw []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(raw)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
