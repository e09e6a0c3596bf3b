package template

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/wording"
	"letterhead/wording/link"
)

// Linked is a version that a link may mean.
type Linked struct {
	Practice store.PracticeID
	Digest   string
	Content  []byte
}

// ByLink returns the versions whose digest begins with a link's token: one for each practice that has it, at most a few. Whose digest it really is, and whether it was
// approved, is for the caller to verify.
func ByLink(ctx context.Context, w *store.Wide, token string) ([]Linked, error) {
	rows, err := w.Query(ctx, `SELECT practice, digest, content FROM wording_version WHERE digest >= $1 AND digest < $2 ORDER BY practice, number LIMIT 8`, token, token+"g")
	found, err := store.Collect(rows, err, func(r *store.Rows) (Linked, error) {
		var l Linked
		return l, r.Scan(&l.Practice, &l.Digest, &l.Content)
	})
	if err != nil {
		return nil, fmt.Errorf("find the version of a link: %w", err)
	}
	return found, nil
}

// OfDigest returns the wordings that have a version of this digest (hex): one, as a rule.
func OfDigest(ctx context.Context, tx *store.Tx, digest string) ([]ID, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT wording FROM wording_version WHERE practice = $1 AND digest = $2 ORDER BY wording LIMIT 8`, digest)
	found, err := store.Collect(rows, err, func(r *store.Rows) (id ID, err error) { return id, r.Scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("find the template of a version: %w", err)
	}
	return found, nil
}

// Stored is a version with what it says.
type Stored struct {
	ID      VersionID
	Wording ID
	Name    string // of the wording
	Digest  string // hex
	Says    *wording.Version
}

// mostStored is how many versions a page looks through: a practice makes some hundreds in years.
const mostStored = 1000

// Latest returns the practice's versions, the newest first, archived wordings' too, without those that are damaged: at most 1000.
func Latest(ctx context.Context, tx *store.Tx) ([]Stored, error) {
	rows, err := tx.Query(ctx, `SELECT v.id, v.wording, w.name, v.digest, v.content FROM wording_version v JOIN wording w ON w.practice = v.practice AND w.id = v.wording
		WHERE v.practice = $1 ORDER BY v.made_at DESC, v.id DESC LIMIT $2`, mostStored)
	all, err := store.Collect(rows, err, func(r *store.Rows) (s Stored, err error) {
		var content []byte
		if err = r.Scan(&s.ID, &s.Wording, &s.Name, &s.Digest, &content); err != nil {
			return s, err
		}
		if says, digest, err := wording.DecodeCanonical(content); err == nil && digest.String() == s.Digest {
			s.Says = says
		}
		return s, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the latest versions: %w", err)
	}
	return slices.DeleteFunc(all, func(s Stored) bool { return s.Says == nil }), nil
}

// errLink is returned for a link that is in no version.
var errLink = fault.Field("link", "template.link", "no template has this link; copy it from the message, or write the address that it leads to")

// LinkOf is the address that a link of the practice's leads to, written as that address or as the portal's link in a message.
func LinkOf(ctx context.Context, tx *store.Tx, written string) (string, error) {
	all, err := Latest(ctx, tx)
	if err != nil {
		return "", err
	}
	written = strings.TrimSpace(written)
	if u, err := url.Parse(written); err == nil && strings.HasPrefix(u.Path, link.Path) {
		token, number, _ := strings.Cut(strings.TrimPrefix(u.Path, link.Path), "/")
		if n, is := link.Number(token, number); is {
			for _, s := range all {
				if address, _, is := s.Says.Link(n); is && strings.HasPrefix(s.Digest, token) {
					return address, nil
				}
			}
		}
	}
	for _, s := range all {
		if slices.Contains(s.Says.Links(), written) {
			return written, nil
		}
	}
	return "", errLink
}
