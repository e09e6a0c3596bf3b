package public

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"letterhead/courier/inbound"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
	"letterhead/wording/link"
)

// Links is what the redirector asks before it sends anybody anywhere.
type Links interface {
	// Versions returns the canonical JSON of versions whose digest begins with token. Nothing it says is believed: the digest is computed again.
	Versions(ctx context.Context, token string) ([]template.Linked, error)
	// Signed tells whether the practice's people approved that version. An error counts as no.
	Signed(ctx context.Context, practice store.PracticeID, digest wording.Digest) (bool, error)
	// Off tells whether a link of that version, which leads to an address on a host, was switched off: alone, or with other things. An error counts as yes.
	Off(ctx context.Context, practice store.PracticeID, digest wording.Digest, address, host string) (bool, error)
}

// StoredLinks reads versions from the database; who approved what, and what is stopped, is asked of those who know without it.
type StoredLinks struct {
	DB       *store.DB
	Approved func(ctx context.Context, practice store.PracticeID, digest wording.Digest) (bool, error)                       // nil: nothing is
	Stopped  func(ctx context.Context, practice store.PracticeID, digest wording.Digest, address, host string) (bool, error) // nil: nobody knows
}

var errNobody = errors.New("nobody tells which versions are approved, or what is stopped")

// Versions finds them by the beginning of their digest.
func (s StoredLinks) Versions(ctx context.Context, token string) (found []template.Linked, err error) {
	err = s.DB.WholeView(ctx, "find the version that a link names", func(w *store.Wide) (err error) {
		found, err = template.ByLink(ctx, w, token)
		return err
	})
	return found, err
}

// Signed asks who verifies approvals.
func (s StoredLinks) Signed(ctx context.Context, of store.PracticeID, digest wording.Digest) (bool, error) {
	if s.Approved == nil {
		return false, errNobody
	}
	return s.Approved(ctx, of, digest)
}

// Off asks who knows what is stopped.
func (s StoredLinks) Off(ctx context.Context, of store.PracticeID, digest wording.Digest, address, host string) (bool, error) {
	if s.Stopped == nil {
		return true, errNobody
	}
	return s.Stopped(ctx, of, digest, address, host)
}

// follow sends somebody on to where a signed version's link leads. The address is in the version and nowhere else: not in the request, not in a row of its own. Who
// follows is not noted; every reader of the same version has the same link.
func (s *server) follow(r *http.Request) answer {
	ctx, token := r.Context(), r.PathValue("version")
	number, ok := link.Number(token, r.PathValue("number"))
	if !ok || s.Links == nil {
		return s.stranger(r, inbound.Done{})
	}
	candidates, err := s.Links.Versions(ctx, token)
	if err != nil {
		return trouble(err)
	}
	for _, c := range candidates {
		version, digest, err := wording.DecodeCanonical(c.Content)
		if err != nil || wording.LinkToken(digest) != token {
			s.Log.LogAttrs(ctx, slog.LevelError, "a stored version is not what it was", slog.String("practice", string(c.Practice)), slog.String("digest", c.Digest))
			continue
		}
		address, host, ok := version.Link(number)
		if !ok {
			continue
		}
		signed, err := s.Links.Signed(ctx, c.Practice, digest)
		if err != nil {
			return trouble(err)
		}
		if !signed {
			continue
		}
		off, err := s.Links.Off(ctx, c.Practice, digest, address, host)
		if err != nil {
			return trouble(err)
		}
		if off {
			return switchedOff(version, c.Practice)
		}
		return answer{status: http.StatusFound, to: address, done: inbound.Done{Did: "followed", Practice: c.Practice}}
	}
	return s.stranger(r, inbound.Done{})
}

// switchedOff says who switched a link off, and how to ask them: as the signed version has it, for a row may be anybody's.
func switchedOff(v *wording.Version, of store.PracticeID) answer {
	l := letterhead{Name: v.Branding.Name, Accent: v.Branding.Accent}
	if v.Branding.Phone != nil {
		l.Phone = v.Branding.Phone.Display
	}
	return answer{status: http.StatusGone, page: linkOff(l), done: inbound.Done{Did: "nothing", Why: "switched off", Practice: of}}
}
