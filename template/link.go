package template

import (
	"context"
	"errors"
	"fmt"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/wording"
)

// LinkSwitch is a link's latest change: who switched it off or on again, and why.
type LinkSwitch struct {
	Off    bool
	Reason string
	Who    string
	At     int64 // microseconds
}

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

// SwitchLink switches a link of a version off, for mails that were delivered long ago too, or on again.
func SwitchLink(ctx context.Context, tx *store.Tx, digest string, link int, off bool, reason string) error {
	reason, err := practice.Text("reason", reason, 200)
	if err != nil {
		return err
	}
	var content []byte
	err = tx.Row(ctx, `SELECT content FROM wording_version WHERE practice = $1 AND digest = $2 LIMIT 1`, digest).Scan(&content)
	if errors.Is(err, store.ErrNone) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	v, _, err := wording.DecodeCanonical(content)
	if err != nil {
		return fmt.Errorf("read the version of a link: %w", err)
	}
	if n := len(v.Links()); link < 1 || link > n {
		return fault.Field("link", "template.link", "this version has %d links; choose one of them", n)
	}
	switches, err := LinkSwitches(ctx, tx, digest)
	if err != nil || switches[link].Off == off {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO link_switch (practice, digest, link, number, off, reason, who, at)
		SELECT $1, $2, $3, COUNT(*) + 1, $4, $5, $6, $7 FROM link_switch WHERE practice = $1 AND digest = $2 AND link = $3`,
		digest, link, off, reason, tx.Actor.Who(), store.Micro(tx.Now))
	if err != nil {
		return fmt.Errorf("switch a link: %w", err)
	}
	return nil
}

// LinkSwitches returns the latest change of each link of a version that was ever switched.
func LinkSwitches(ctx context.Context, tx *store.Tx, digest string) (map[int]LinkSwitch, error) {
	rows, err := tx.Query(ctx, `SELECT link, off, reason, who, at FROM link_switch WHERE practice = $1 AND digest = $2 ORDER BY link, number`, digest)
	out := map[int]LinkSwitch{}
	_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
		var link int
		var s LinkSwitch
		err = r.Scan(&link, &s.Off, &s.Reason, &s.Who, &s.At)
		out[link] = s
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the switched links: %w", err)
	}
	return out, nil
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
