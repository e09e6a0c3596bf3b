package client

import (
	"context"
	"fmt"
	"strings"

	"letterhead/fault"
	"letterhead/store"
)

// Who sees whom is decided here, from the transaction's actor, so that no caller can forget it: a client who is kept to some members is seen by
// those alone, owners included; a practitioner of whom the team says so sees the clients alone with whom they have, or had, an appointment. The
// house itself (planning, import, courier, commands) sees all; a program sees nobody who is kept to some. Not seen is not found. ASVS 8.2.2, 8.3.1.

// viewer is who looks; "" for the house itself.
func viewer(tx *store.Tx) string {
	if tx.Actor.Member == "" && strings.HasPrefix(tx.Actor.Agent, "program ") {
		return tx.Actor.Agent
	}
	return string(tx.Actor.Member)
}

// sight is what limits a viewer.
type sight struct {
	viewer    string
	some, own bool // there are clients kept to some; the viewer sees their own
}

func sightOf(ctx context.Context, tx *store.Tx) (sight, error) {
	s := sight{viewer: viewer(tx)}
	if s.viewer == "" {
		return s, nil
	}
	err := tx.Row(ctx, `SELECT EXISTS (SELECT 1 FROM client_member WHERE practice = $1), EXISTS (SELECT 1 FROM member WHERE practice = $1 AND id = $2 AND sees = 'own')`, s.viewer).
		Scan(&s.some, &s.own)
	return s, err
}

func (s sight) limited() bool { return s.some || s.own }

const (
	keptToSome = `(NOT EXISTS (SELECT 1 FROM client_member k WHERE k.practice = $1 AND k.client = %[1]s) OR EXISTS (SELECT 1 FROM client_member k WHERE k.practice = $1 AND k.client = %[1]s AND k.member = $%[2]d))`
	ownAlone   = `EXISTS (SELECT 1 FROM attendee t JOIN appointment a ON a.practice = $1 AND a.id = t.appointment JOIN practitioner p ON p.practice = $1 AND p.id = a.practitioner
		WHERE t.practice = $1 AND t.client = %[1]s AND p.member = $%[2]d AND a.booking <> 'entered in error')`
)

// where is the condition on a column with a client's id, for a viewer who is limited and stands at $n.
func (s sight) where(column string, n int) string {
	kept := fmt.Sprintf(keptToSome, column, n)
	if !s.own {
		return kept
	}
	return kept + ` AND ` + fmt.Sprintf(ownAlone, column, n)
}

// narrowed puts the condition into one of Search's queries, and its value behind the others.
func (s sight) narrowed(query string, args []any) (string, []any) {
	if !s.limited() {
		return query, args
	}
	args = append(args, s.viewer)
	return strings.ReplaceAll(query, whoSees, ` AND `+s.where("client.id", len(args)+1)), args
}

// whoSees marks, as a comment that does nothing, where a search's condition goes for a viewer who is limited.
const whoSees = ` /* who sees */ `

// Hidden returns those of the clients whom the actor does not see.
func Hidden(ctx context.Context, tx *store.Tx, ids []ID) (map[ID]bool, error) {
	s, err := sightOf(ctx, tx)
	if err != nil || !s.limited() || len(ids) == 0 {
		return nil, err
	}
	ids, err = distinct(ids)
	if err != nil {
		return nil, err
	}
	hidden := make(map[ID]bool, len(ids))
	for _, id := range ids {
		hidden[id] = true
	}
	err = store.Chunks(ids, 2, func(list string, args []any) error {
		args = append(args, s.viewer)
		rows, err := tx.Query(ctx, `SELECT client.id FROM client WHERE client.practice = $1 AND client.id IN (`+list+`) AND `+s.where("client.id", len(args)+1), args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
			var id ID
			err := r.Scan(&id)
			delete(hidden, id)
			return struct{}{}, err
		})
		return err
	})
	return hidden, err
}

// HiddenNumbers returns those of the indexes of mobile numbers that are a client's whom the actor does not see.
func HiddenNumbers(ctx context.Context, tx *store.Tx, indexes []string) (map[string]bool, error) {
	s, err := sightOf(ctx, tx)
	if err != nil || !s.limited() {
		return nil, err
	}
	hidden := map[string]bool{}
	err = store.Chunks(indexes, 2, func(list string, args []any) error {
		args = append(args, s.viewer)
		rows, err := tx.Query(ctx, `SELECT client.mobile_index FROM client WHERE client.practice = $1 AND client.mobile_index IN (`+list+`) AND client.mobile_index <> '' AND NOT (`+s.where("client.id", len(args)+1)+`)`, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
			var index string
			err := r.Scan(&index)
			hidden[index] = true
			return struct{}{}, err
		})
		return err
	})
	return hidden, err
}

// see is ErrNotFound for a client whom the actor does not see.
func see(ctx context.Context, tx *store.Tx, id ID) error {
	hidden, err := Hidden(ctx, tx, []ID{id})
	if err == nil && hidden[id] {
		return ErrNotFound
	}
	return err
}

// there is see for what has no other statement that would miss another practice's client.
func there(ctx context.Context, tx *store.Tx, id ID) error {
	var n int
	if err := tx.Row(ctx, `SELECT count(*) FROM client WHERE practice = $1 AND id = $2`, id).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	return see(ctx, tx, id)
}

// MostKeepers bounds the members to whom a client is kept.
const MostKeepers = 50

// KeepTo keeps a client to some members; none of them means that everybody sees the client whose role includes clients. Only who sees the client
// may say so. Files that were made one with the client's, and still are, are kept with it; of one that went into another nothing is said by itself.
func KeepTo(ctx context.Context, tx *store.Tx, id ID, members []store.MemberID) error {
	if err := there(ctx, tx, id); err != nil {
		return err
	}
	files, err := filesOf(ctx, tx, id)
	if err != nil {
		return err
	}
	if len(members) > MostKeepers {
		return fault.Field("member", "client.keepers", "a client can be kept to at most %d members", MostKeepers)
	}
	var rows [][]any
	for _, file := range files {
		if _, err := tx.Exec(ctx, `DELETE FROM client_member WHERE practice = $1 AND client = $2`, file); err != nil {
			return err
		}
		seen := map[store.MemberID]bool{}
		for _, m := range members {
			if !seen[m] {
				rows = append(rows, []any{file, string(m), store.Micro(tx.Now), tx.Actor.Who()})
			}
			seen[m] = true
		}
	}
	_, err = tx.Bulk(ctx, `INSERT INTO client_member (practice, client, member, created_at, created_by) VALUES`, "", rows)
	return err
}

// filesOf are a client's own file and those that went into it, and into those.
func filesOf(ctx context.Context, tx *store.Tx, id ID) ([]ID, error) {
	var into ID
	if err := tx.Row(ctx, `SELECT merged_into FROM client WHERE practice = $1 AND id = $2`, id).Scan(&into); err != nil {
		return nil, err
	}
	if into != "" {
		return nil, ErrMerged
	}
	rows, err := tx.Query(ctx, `WITH RECURSIVE file(id) AS (SELECT id FROM client WHERE practice = $1 AND id = $2 UNION SELECT m.gone FROM file JOIN client_merge m ON m.practice = $1 AND m.kept = file.id AND m.undone_at = 0)
		SELECT id FROM file`, id)
	return store.Collect(rows, err, func(r *store.Rows) (file ID, err error) { return file, r.Scan(&file) })
}

// Keepers are the members to whom a client is kept; none where everybody sees the client.
func Keepers(ctx context.Context, tx *store.Tx, id ID) (map[store.MemberID]bool, error) {
	if err := there(ctx, tx, id); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT member FROM client_member WHERE practice = $1 AND client = $2 LIMIT 50`, id)
	out := map[store.MemberID]bool{}
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
		var m store.MemberID
		err := r.Scan(&m)
		out[m] = true
		return struct{}{}, err
	})
	return out, err
}

// Sight is which clients the transaction's actor sees, for a package that selects clients itself. Its zero value is all of them.
type Sight struct{ of sight }

// SightOf reads it.
func SightOf(ctx context.Context, tx *store.Tx) (Sight, error) {
	s, err := sightOf(ctx, tx)
	return Sight{s}, err
}

// Condition is what limits a column with a client's id, and the value that stands at $n in it; "" where the actor sees all.
func (s Sight) Condition(column string, n int) (condition, value string) {
	if !s.of.limited() {
		return "", ""
	}
	return s.of.where(column, n), s.of.viewer
}
