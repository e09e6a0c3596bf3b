package practice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/wording/directory"
)

// Directory is what the practice's messages may call its own, made of today's rows, to be signed: every location, service and practitioner, archived ones too, for there
// may be appointments with them. Sensitive services are left out; so is what no message may show, with a remark for each.
func Directory(ctx context.Context, tx *store.Tx) (directory.Directory, []directory.Remark, error) {
	p, err := Find(ctx, tx)
	if err != nil {
		return directory.Directory{}, nil, err
	}
	d := directory.Directory{Name: p.Name, ReplyTo: p.Email}
	if p.Phone != "" {
		d.Phones = []string{p.Phone}
	}
	locations, err := EveryLocation(ctx, tx)
	if err != nil {
		return d, nil, err
	}
	services, err := EveryService(ctx, tx)
	if err != nil {
		return d, nil, err
	}
	practitioners, err := EveryPractitioner(ctx, tx)
	if err != nil {
		return d, nil, err
	}
	for _, l := range locations {
		d.Places = append(d.Places, l.place())
	}
	for _, s := range services {
		if s.Sensitive {
			continue // where it would be named, a message has its fallback
		}
		d.Services = append(d.Services, directory.Entry{ID: string(s.ID), Name: s.Name})
	}
	for _, p := range practitioners {
		d.Practitioners = append(d.Practitioners, directory.Entry{ID: string(p.ID), Name: p.Shown()})
	}
	return d, d.Tidy(), nil
}

func (l Location) place() directory.Place {
	return directory.Place{ID: string(l.ID), Name: l.Name, Address: strings.ReplaceAll(l.Address, "\n", ", "), Phone: l.Phone,
		Directions: strings.ReplaceAll(l.Directions, "\n", " "), ReplyTo: l.ReplyTo}
}

// typed refuses what somebody typed that no message could show. What stands there already may stay: an imported name must not keep anybody from correcting a number.
func typed(now, old directory.Directory) error {
	typed, stood := texts(now), texts(old)
	for _, r := range now.Tidy() {
		if text := typed[r.Member]; text != "" && text != stood[r.Member] {
			return fault.Field(r.Member, "practice.shown_"+string(r.Reason), "messages could not show this: %s", r.Say())
		}
	}
	return nil
}

// texts are those of a directory of one entry, by their members.
func texts(d directory.Directory) map[string]string {
	out := map[string]string{}
	for _, p := range d.Places {
		out["name"], out["address"], out["phone"], out["directions"], out["reply_to"] = p.Name, p.Address, p.Phone, p.Directions, p.ReplyTo
	}
	for _, e := range append(d.Services, d.Practitioners...) {
		out["name"] = e.Name
	}
	return out
}

func typedPlace(ctx context.Context, tx *store.Tx, now, old Location) error {
	p, err := Find(ctx, tx)
	if err != nil {
		return err
	}
	of := func(l Location) directory.Directory {
		d := directory.Directory{Places: []directory.Place{l.place()}}
		if p.Phone != "" {
			d.Phones = []string{p.Phone}
		}
		return d
	}
	return typed(of(now), of(old))
}

func ofService(name string) directory.Directory {
	return directory.Directory{Services: []directory.Entry{{Name: name}}}
}

func ofPractitioner(p Practitioner) directory.Directory {
	return directory.Directory{Practitioners: []directory.Entry{{Name: p.Shown()}}}
}

// KeepDirectory keeps the practice's texts as they are now, so that what is signed can be found by its digest (hex), and returns their canonical JSON.
func KeepDirectory(ctx context.Context, tx *store.Tx) (digest string, content []byte, err error) {
	d, _, err := Directory(ctx, tx)
	if err != nil {
		return "", nil, err
	}
	if err := d.Check(); err != nil {
		return "", nil, err
	}
	if content, err = d.Canonical(); err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(content)
	digest = hex.EncodeToString(sum[:])
	_, err = tx.Exec(ctx, `INSERT INTO directory (practice, digest, content, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT (practice, digest) DO NOTHING`,
		digest, content, store.Micro(tx.Now))
	if err != nil {
		return "", nil, fmt.Errorf("keep the practice's details: %w", err)
	}
	return digest, content, nil
}

// DirectoryOf returns the canonical JSON that was kept under a digest (hex). Whoever uses it holds it against the digest.
func DirectoryOf(ctx context.Context, tx *store.Tx, digest string) ([]byte, error) {
	var content []byte
	err := tx.Row(ctx, `SELECT content FROM directory WHERE practice = $1 AND digest = $2`, digest).Scan(&content)
	if errors.Is(err, store.ErrNone) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the practice's details: %w", err)
	}
	return content, nil
}
