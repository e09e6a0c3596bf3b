package public

import (
	"context"
	"net/http"
	"path"

	"letterhead/courier/inbound"
)

// RegisterPath is under which the public register of incidents is.
const RegisterPath = "/register/"

// Register is the public register of incidents, as files.
type Register interface {
	File(ctx context.Context, name string) (raw []byte, found bool, err error)
}

// registerKinds are the content types of its files.
var registerKinds = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".json": "application/json",
	".csv": "text/csv; charset=utf-8", ".xml": "application/atom+xml; charset=utf-8", ".md": "text/plain; charset=utf-8",
}

// registerPolicy is what the register's own pages say of themselves: one style sheet, and one script, which filters the list.
const registerPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// registerHome leads to the folder: the pages' links are relative to it.
func (s *server) registerHome(*http.Request) answer {
	return answer{status: http.StatusMovedPermanently, to: RegisterPath}
}

// register answers with a file of the register.
func (s *server) register(r *http.Request) answer {
	if !s.reads.allow(place(s.Address(r)), s.DB.Now()) {
		return tooMany()
	}
	name := r.PathValue("path")
	if name == "" {
		name = "index.html"
	}
	kind := registerKinds[path.Ext(name)]
	if s.Parts.Register == nil || kind == "" {
		return s.stranger(r, inbound.Done{})
	}
	raw, found, err := s.Parts.Register.File(r.Context(), name)
	switch {
	case err != nil:
		return trouble(err)
	case !found:
		return s.stranger(r, inbound.Done{})
	}
	return answer{status: http.StatusOK, raw: raw, kind: kind, policy: registerPolicy}
}
