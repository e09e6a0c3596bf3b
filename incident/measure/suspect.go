package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"letterhead/courier/breaker"
	"letterhead/incident/book"
	"letterhead/message"
	"letterhead/store"
	"letterhead/wording"
)

// version is a wording's version, as far as a stop asks.
type version struct {
	texts, hosts, links, fields []string
	bad                         bool // its content cannot be read
}

// suspect reads the incident and finds what its stops make suspect.
func (r *run) suspect(ctx context.Context, w *store.Wide) (err error) {
	if r.item, err = book.Find(ctx, w, "", r.id); err != nil {
		return err
	}
	if r.stops, err = book.Stops(ctx, w, "", r.id); err != nil {
		return err
	}
	r.from, r.until = r.item.From, r.item.Until
	if r.until.IsZero() {
		r.until = w.Now
	}
	concerned, err := book.Practices(ctx, w, r.id)
	if err != nil {
		return err
	}
	for _, c := range concerned {
		r.counted(c.Practice).concerned = true
	}
	if err := r.byVersion(ctx, w); err != nil {
		return err
	}
	return r.bySubject(ctx, w)
}

// ofVersions are the scopes that a version answers.
var ofVersions = []message.Scope{message.StopText, message.StopHost, message.StopLink, message.StopVersion, message.StopWording}

// byVersion looks at the versions of the practices that a stop can hold; each distinct one is read once.
func (r *run) byVersion(ctx context.Context, w *store.Wide) error {
	var ask []message.Stop
	everywhere, of := false, map[store.PracticeID]bool{}
	for _, s := range r.stops {
		if slices.Contains(ofVersions, s.Scope) {
			ask = append(ask, s)
			everywhere = everywhere || s.Practice == ""
			of[s.Practice] = true
			if _, wrong := wording.ParseDigest(s.Subject); s.Scope == message.StopVersion && s.Practice != "" && wrong == nil {
				r.counted(s.Practice).digests[s.Subject] = true // also where no row has such a version any more
			}
		}
	}
	if len(ask) == 0 {
		return nil
	}
	where, args := ``, []any{}
	if !everywhere {
		for p := range of {
			args = append(args, string(p))
		}
		where = ` WHERE practice IN (` + store.List(1, len(args)) + `)`
	}
	known := map[string]*version{}
	rows, err := w.Query(ctx, `SELECT practice, id, wording, digest, content FROM wording_version`+where, args...)
	_, err = store.Collect(rows, err, func(x *store.Rows) (none struct{}, err error) {
		var p store.PracticeID
		var id, wordingID, digest string
		var content []byte
		if err = x.Scan(&p, &id, &wordingID, &digest, &content); err != nil {
			return none, err
		}
		v := known[digest]
		if v == nil {
			v = readVersion(content, digest)
			known[digest] = v
		}
		for _, s := range ask {
			if (s.Practice == "" || s.Practice == p) && v.has(s, id, wordingID, digest) {
				c := r.counted(p)
				c.digests[digest], c.wordings[wordingID] = true, digest
				r.versions[digest] = v
			}
		}
		return none, nil
	})
	if err != nil {
		return fmt.Errorf("read versions: %w", err)
	}
	return nil
}

func (v *version) has(s message.Stop, id, wordingID, digest string) bool {
	switch s.Scope { //nolint:exhaustive // the others are not asked of a version
	case message.StopText:
		return slices.Contains(v.texts, s.Subject)
	case message.StopHost:
		return slices.Contains(v.hosts, s.Subject)
	case message.StopLink:
		return slices.Contains(v.links, s.Subject)
	case message.StopVersion:
		return s.Subject == id || s.Subject == digest
	case message.StopWording:
		return s.Subject == wordingID
	}
	return false
}

// readVersion says what a version has. One whose content is not what its digest says has nothing: the courier does not send it.
func readVersion(content []byte, digest string) *version {
	v, sum, err := wording.DecodeCanonical(content)
	if err != nil || sum.String() != digest {
		return &version{bad: true}
	}
	out := &version{links: v.Links()}
	for i := range v.Languages {
		out.texts = append(out.texts, breaker.TextOfWording(&v.Languages[i]).Hex())
	}
	for _, link := range out.links {
		if u, err := url.Parse(link); err == nil && !slices.Contains(out.hosts, u.Hostname()) {
			out.hosts = append(out.hosts, u.Hostname())
		}
	}
	var tree any
	if json.Unmarshal(content, &tree) == nil {
		out.walk(tree)
	}
	slices.Sort(out.fields)
	return out
}

// walk collects the fields that merge: whatever a version has under the key field, and what an appointment's card shows.
func (v *version) walk(node any) {
	add := func(name string) {
		if name != "" && !slices.Contains(v.fields, name) {
			v.fields = append(v.fields, name)
		}
	}
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			v.walk(child)
		}
	case map[string]any:
		if name, is := n["field"].(string); is {
			add(name)
		}
		if n["kind"] == string(wording.CardBlock) {
			add("appointment (card)")
		}
		for _, child := range n {
			v.walk(child)
		}
	}
}

// bySubject takes orders, letters, grants and rules that are stopped themselves, by who prepared them or by which program.
func (r *run) bySubject(ctx context.Context, w *store.Wide) error {
	for _, s := range r.stops {
		if s.Practice == "" {
			continue
		}
		c := r.counted(s.Practice)
		switch s.Scope { //nolint:exhaustive // the others are asked of versions, or hold everything
		case message.StopOrder, message.StopLetter, message.StopGrant, message.StopRule:
			c.subjects[s.Subject] = true
		case message.StopMember:
			c.members[s.Subject] = true
			if err := r.prepared(ctx, w, c, `SELECT id FROM bulk_order WHERE practice = $1 AND (made_by = $2 OR asked_by = $2) AND made_at >= $3 LIMIT 5000`, s); err != nil {
				return err
			}
			if err := r.prepared(ctx, w, c, `SELECT id FROM letter WHERE practice = $1 AND (written_by = $2 OR asked_by = $2) AND created_at >= $3 LIMIT 5000`, s); err != nil {
				return err
			}
		case message.StopCredential:
			c.credentials[s.Subject] = true
			if err := r.prepared(ctx, w, c, `SELECT id FROM program_grant WHERE practice = $1 AND credential = $2 AND $3 >= 0 LIMIT 5000`, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) prepared(ctx context.Context, w *store.Wide, c *counted, query string, s message.Stop) error {
	rows, err := w.Query(ctx, query, string(s.Practice), s.Subject, store.Micro(r.from))
	ids, err := store.Collect(rows, err, func(x *store.Rows) (id string, err error) { return id, x.Scan(&id) })
	for _, id := range ids {
		c.subjects[id] = true
	}
	if err != nil {
		return fmt.Errorf("what is suspect of %s: %w", s.Scope, err)
	}
	return nil
}
