package measure

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/store"
)

// leaves counts the suspect messages' leaves, apart from their rows. A message whose leaf names a suspect version is counted; those of suspect subjects alone
// are not told apart by the ledger, which knows approvals and versions.
func (r *run) leaves(ctx context.Context, w *store.Wide) error {
	for _, p := range r.practices() {
		c := r.of[p]
		if len(c.digests) == 0 {
			continue
		}
		err := ledger.Since(ctx, w, p, store.Micro(r.from), mostLeaves, func(s ledger.Stored, l *leaf.Leaf) error {
			m, is := l.Body.(*leaf.Message)
			if l.At > store.Micro(r.until) {
				return ledger.ErrEnough
			}
			if !is || !c.digests[hex.EncodeToString(m.Version[:])] {
				return nil
			}
			if c.leaves++; c.firstLeaf == 0 {
				c.firstLeaf = s.Sequence
			}
			c.lastLeaf = s.Sequence
			for _, h := range []leaf.Hash{m.Approval, m.Wording} {
				if h != (leaf.Hash{}) {
					c.statements[hex.EncodeToString(h[:])] = true
				}
			}
			return nil
		})
		switch {
		case errors.Is(err, store.ErrNone):
			c.noLedger = true
		case err != nil && !errors.Is(err, ledger.ErrEnough):
			return fmt.Errorf("read the ledger: %w", err)
		}
	}
	return nil
}

// mostLeaves bounds what is read of one practice's ledger.
const mostLeaves = 2_000_000

// askedRows is how far the log of requests reaches.
type askedRows struct {
	any  bool
	lost int64
}

// people finds who prepared and signed what is suspect, by which sessions and programs they came, and what those were shown.
func (r *run) people(ctx context.Context) error {
	err := r.WholeView(ctx, "who prepared an incident's messages", func(w *store.Wide) error {
		var oldest int64
		if err := w.Row(ctx, `SELECT coalesce(min(at), 0), coalesce(sum(lost), 0) FROM route_use WHERE at <= $1`, store.Micro(r.until)).Scan(&oldest, &r.asked.lost); err != nil {
			return err
		}
		r.asked.any = oldest > 0
		for _, p := range r.practices() {
			if err := r.preparers(ctx, w, p, r.of[p]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range r.practices() {
		c := r.of[p]
		if r.signers == nil || len(c.statements)+len(c.wordings) == 0 {
			continue
		}
		members, err := r.signers(ctx, p, slices.Sorted(maps.Keys(c.statements)), c.wordings)
		if err != nil {
			return err
		}
		for _, m := range members {
			c.members[string(m)] = true
		}
	}
	return r.WholeView(ctx, "by which way an incident came", func(w *store.Wide) error {
		for _, p := range r.practices() {
			if err := errors.Join(r.ways(ctx, w, p, r.of[p]), r.shown(ctx, w, p, r.of[p])); err != nil {
				return err
			}
		}
		return nil
	})
}

// preparers are who made the versions, orders and grants.
func (r *run) preparers(ctx context.Context, w *store.Wide, p store.PracticeID, c *counted) error {
	ask := func(into map[string]bool, query string, of map[string]bool) error {
		for part := range slices.Chunk(slices.Sorted(maps.Keys(of)), 500) {
			rows, err := w.Query(ctx, query+` IN (`+store.List(2, len(part))+`)`, append([]any{string(p)}, store.Any(part)...)...)
			found, err := store.Collect(rows, err, func(x *store.Rows) (id string, err error) { return id, x.Scan(&id) })
			if err != nil {
				return fmt.Errorf("who prepared it: %w", err)
			}
			for _, id := range found {
				if strings.Contains(id, "-") { // a member's id; not the import's or the program's own
					into[id] = true
				}
			}
		}
		return nil
	}
	subjects := maps.Clone(c.subjects)
	maps.Copy(subjects, c.orders)
	return errors.Join(
		ask(c.members, `SELECT made_by FROM wording_version WHERE practice = $1 AND digest`, c.digests),
		ask(c.members, `SELECT made_by FROM bulk_order WHERE practice = $1 AND id`, subjects),
		ask(c.members, `SELECT asked_by FROM bulk_order WHERE practice = $1 AND id`, subjects),
		ask(c.credentials, `SELECT credential FROM program_grant WHERE practice = $1 AND id`, subjects),
	)
}

// ways are the sessions, addresses and routes by which those members and programs changed something, or tried to, by the log of requests.
func (r *run) ways(ctx context.Context, w *store.Wide, p store.PracticeID, c *counted) error {
	if len(c.members)+len(c.credentials) == 0 {
		return nil
	}
	rows, err := w.Query(ctx, `SELECT member, session, credential, address, route, min(status) FROM route_use WHERE practice = $1 AND at >= $2 AND at <= $3 AND route LIKE 'POST %'
		GROUP BY member, session, credential, address, route LIMIT 20000`, string(p), store.Micro(r.from), store.Micro(r.until))
	_, err = store.Collect(rows, err, func(x *store.Rows) (none struct{}, err error) {
		var member, session, credential, address, route string
		var status int
		if err = x.Scan(&member, &session, &credential, &address, &route, &status); err != nil {
			return none, err
		}
		if status >= 400 {
			route += " (refused)"
		}
		if member != "" && c.members[member] || credential != "" && c.credentials[credential] {
			for _, each := range []struct {
				into map[string]bool
				what string
			}{{c.sessions, session}, {c.addresses, address}, {c.routes, route}} {
				if each.what != "" {
					each.into[each.what] = true
				}
			}
		}
		return none, nil
	})
	if err != nil {
		return fmt.Errorf("read who asked what: %w", err)
	}
	return nil
}

// shown is what those sessions and programs were shown of people, by the access log.
func (r *run) shown(ctx context.Context, w *store.Wide, p store.PracticeID, c *counted) error {
	for _, by := range []struct {
		column string
		ids    map[string]bool
	}{{"session", c.sessions}, {"credential", c.credentials}} {
		for part := range slices.Chunk(slices.Sorted(maps.Keys(by.ids)), 500) {
			args := append([]any{string(p), store.Micro(r.from), store.Micro(r.until)}, store.Any(part)...)
			within := ` WHERE l.practice = $1 AND l.at <= $3 AND l.last >= $2 AND l.` + by.column + ` IN (` + store.List(4, len(part)) + `)`
			rows, err := w.Query(ctx, `SELECT l.fields, l.shown, l.times FROM look l`+within, args...)
			_, err = store.Collect(rows, err, func(x *store.Rows) (none struct{}, err error) {
				var fields string
				var shown, times int64
				if err = x.Scan(&fields, &shown, &times); err == nil {
					c.looks++
					c.shown += shown
					for f := range strings.SplitSeq(fields, ",") {
						c.fields[f] = true
					}
				}
				return none, err
			})
			if err != nil {
				return fmt.Errorf("read the access log: %w", err)
			}
			rows, err = w.Query(ctx, `SELECT DISTINCT k.client FROM look l JOIN look_client k ON k.practice = l.practice AND k.look = l.id`+within, args...)
			seen, err := store.Collect(rows, err, func(x *store.Rows) (id string, err error) { return id, x.Scan(&id) })
			if err != nil {
				return fmt.Errorf("read the access log: %w", err)
			}
			for _, id := range seen {
				c.seen[id] = true
			}
		}
	}
	return nil
}
