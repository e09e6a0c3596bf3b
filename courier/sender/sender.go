// Package sender keeps the From domains of an installation and their DKIM keys: files of the courier's folder, never rows. A domain belongs to one
// practice, or is the platform's, below which each practice has a name of its own.
package sender

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"letterhead/courier/dkim"
	"letterhead/courier/domain"
	"letterhead/fault"
	"letterhead/store"
)

// Domain is a From domain. It Belongs to one practice; the platform's own domain to none. It and its keys are files of the courier's folder:
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
	keys   []dkim.Key
	signer *dkim.Signer // nil when it has no keys
	stamp  time.Time    // of domain.json
}

// New looks after the domains in the courier's folder.
func New(folder, platform string) *Domains {
	return &Domains{folder: filepath.Join(folder, "domains"), platform: platform, known: map[string]*signing{}}
}

// Add makes a domain's folder with two fresh keys, RSA-2048 and Ed25519. A subdomain of the platform's gets none: it is signed with the
// platform's. Adding it again for the same practice changes nothing.
func (d *Domains) Add(name string, practice store.PracticeID, now time.Time) (Domain, error) {
	if !domain.Valid(name) {
		return Domain{}, fault.Field("domain", "courier.domain", "write the domain in lower case, such as clinic.example")
	}
	if (name == d.platform) != (practice == "") {
		return Domain{}, fault.Field("practice", "courier.domain_practice", "every domain but the platform's Belongs to a practice")
	}
	if had, err := d.read(name); err == nil {
		if had.Practice != practice {
			return Domain{}, ErrDomainTaken
		}
		return had.Domain, nil
	} else if !errors.Is(err, ErrDomainNone) {
		return Domain{}, err
	}
	if err := d.allowed(name, practice); err != nil {
		return Domain{}, err
	}
	made := Domain{Name: name, Practice: practice, Platform: d.platform != "" && strings.HasSuffix(name, "."+d.platform), AddedAt: now.UTC()}
	folder := filepath.Join(d.folder, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return Domain{}, fmt.Errorf("make the domain's folder: %w", err)
	}
	if !made.Platform {
		if err := d.makeKeys(&made, folder, now); err != nil {
			return Domain{}, err
		}
	}
	raw, err := json.MarshalIndent(made, "", "\t")
	if err != nil {
		return Domain{}, err
	}
	if err := writeWhole(filepath.Join(folder, "domain.json"), append(raw, '\n')); err != nil {
		return Domain{}, fmt.Errorf("write the domain: %w", err)
	}
	return made, nil
}

// allowed tells whether a practice may have a new domain: its own name, and not one whose mail could pass for another's. The platform's labels
// are given out by the platform.
func (d *Domains) allowed(name string, practice store.PracticeID) error {
	if practice == "" || d.platform != "" && domain.Within(name, d.platform) {
		return nil
	}
	if err := domain.CheckName(name, d.platform); err != nil {
		return err
	}
	if d.platform != "" && domain.Related(name, d.platform) {
		return ErrDomainTaken
	}
	all, err := d.List()
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.Practice != practice && domain.Related(name, other.Name) {
			return ErrDomainTaken
		}
	}
	return nil
}

// makeKeys writes the two keys. Selectors carry the month, so that the next keys can stand beside these in the DNS.
func (d *Domains) makeKeys(made *Domain, folder string, now time.Time) error {
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
		made.Selectors = append(made.Selectors, selector)
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
	if !domain.Valid(name) {
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
	for _, selector := range s.Selectors {
		key, err := dkim.Load(filepath.Join(d.folder, name, selector+".pem"))
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, dkim.Key{Selector: selector, Private: key})
	}
	if len(s.keys) > 0 {
		if s.signer, err = dkim.New(name, dkim.Options{}, s.keys...); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	d.known[name] = s
	d.mu.Unlock()
	return s, nil
}

// Belongs tells whether a practice may send from a domain, and returns what signs for it: the domain's own keys, or the platform's. The platform's own
// domain is nobody's but the practice "", which is Letterhead itself.
func (d *Domains) Belongs(practice store.PracticeID, name string) (*dkim.Signer, bool, error) {
	s, err := d.read(name)
	if errors.Is(err, ErrDomainNone) || err == nil && (s.Practice != practice) {
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

// What the DNS must say, and how it compares: package domain.
type (
	Record   = domain.Record
	Finding  = domain.Finding
	Resolver = domain.Resolver
)

// returnPathOf is the domain of a From domain's return paths: of the same organisation, so that SPF counts for DMARC.

// Records returns what the DNS must say for a domain. relay is the host name that mail leaves from.
func (d *Domains) Records(name, relay string) ([]Record, error) {
	s, err := d.setup(name, relay)
	if err != nil {
		return nil, err
	}
	return domain.Records(s)
}

// Check compares the DNS with Records.
func (d *Domains) Check(ctx context.Context, r Resolver, name, relay string) ([]Finding, error) {
	s, err := d.setup(name, relay)
	if err != nil {
		return nil, err
	}
	return domain.Check(ctx, r, s)
}

func (d *Domains) setup(name, relay string) (domain.Setup, error) {
	s, err := d.read(name)
	if err != nil {
		return domain.Setup{}, err
	}
	out := domain.Setup{Name: name, Platform: d.platform, Relay: relay, Keys: s.keys}
	switch {
	case s.Platform:
		out.Kind = domain.Below
	case s.Practice == "":
		out.Kind = domain.Platform
	}
	return out, nil
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
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	for _, folder := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} { // the file's name, and the folder's
		opened, err := os.Open(folder)
		if err != nil {
			return err
		}
		if err := errors.Join(opened.Sync(), opened.Close()); err != nil {
			return err
		}
	}
	return nil
}
