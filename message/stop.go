package message

import (
	"context"
	"fmt"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// Suppression says that an address, known by its blind index alone, is not written to.
type Suppression struct {
	Practice     store.PracticeID
	Channel      Channel
	AddressIndex string
	Purpose      Purpose // "" for all, or Marketing
	Reason       string  // "bounce", "complaint", "stop", "unsubscribe"
	At           time.Time
}

func (s Suppression) scope() string {
	if s.Purpose == Marketing {
		return "marketing"
	}
	return "all"
}

// Suppress adds suppressions to the transaction's practice; one that is there stays as it is.
func Suppress(ctx context.Context, tx *store.Tx, list ...Suppression) error {
	rows := make([][]any, 0, len(list))
	for _, s := range list {
		if s.AddressIndex == "" || s.Reason == "" || s.Purpose == Appointments {
			return fault.Field("suppression", "message.suppression", "name the address, the reason, and marketing or nothing as purpose")
		}
		rows = append(rows, []any{string(s.Channel), s.AddressIndex, s.scope(), s.Reason, store.Micro(tx.Now)})
	}
	_, err := tx.Bulk(ctx, `INSERT INTO suppression (practice, channel, address_index, purpose, reason, at) VALUES`,
		`ON CONFLICT (practice, channel, address_index, purpose) DO NOTHING`, rows)
	return err
}

// Allow takes a suppression back, when the client asked for messages again or corrected the address.
func Allow(ctx context.Context, tx *store.Tx, s Suppression) error {
	_, err := tx.Exec(ctx, `DELETE FROM suppression WHERE practice = $1 AND channel = $2 AND address_index = $3 AND purpose = $4`,
		string(s.Channel), s.AddressIndex, s.scope())
	return err
}

// Address is an address of a practice by its blind index.
type Address struct {
	Practice store.PracticeID
	Channel  Channel
	Index    string
}

// Suppressed returns what stands against addresses of any practice: a set read for the courier.
func Suppressed(ctx context.Context, w *store.Wide, addresses []Address) ([]Suppression, error) {
	var out []Suppression
	rows := make([]any, 0, 3*len(addresses))
	for _, a := range addresses {
		rows = append(rows, string(a.Practice), string(a.Channel), a.Index)
	}
	err := w.SetQuery(ctx, suppressedSet, rows, func(r *store.Rows) error {
		s, err := scanSuppression(r)
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read suppressions: %w", err)
	}
	return out, nil
}

var suppressedSet = store.NewSet(`WITH v (practice, channel, address_index) AS (VALUES `, `)
	SELECT s.practice, s.channel, s.address_index, s.purpose, s.reason, s.at FROM v JOIN suppression s
	ON s.practice = v.practice AND s.channel = v.channel AND s.address_index = v.address_index WHERE coalesce(v.address_index, '') = v.address_index`, "", "", "")

func scanSuppression(rows *store.Rows) (s Suppression, err error) {
	var at int64
	var purpose string
	err = rows.Scan(&s.Practice, &s.Channel, &s.AddressIndex, &purpose, &s.Reason, &at)
	if purpose == "marketing" {
		s.Purpose = Marketing
	}
	s.At = store.Instant(at)
	return s, err
}

// Stop is a freeze: nothing leaves in its scope until it is lifted.
type Stop struct {
	Practice store.PracticeID // "" for the whole platform
	ID       string
	Reason   string
	Who      string
	At       time.Time
	LiftedAt time.Time
	LiftedBy string
}

// Freeze stops all sending of the transaction's practice. It counts for every courier within a second.
func Freeze(ctx context.Context, tx *store.Tx, reason string) (Stop, error) {
	s := Stop{Practice: tx.Practice, ID: store.NewID[string](), Reason: reason, Who: tx.Actor.Who(), At: tx.Now}
	_, err := tx.Exec(ctx, `INSERT INTO freeze_entry (practice, id, scope, reason, who, at, lifted_at, lifted_by) VALUES ($1, $2, 'practice', $3, $4, $5, 0, '')`,
		s.ID, reason, s.Who, store.Micro(s.At))
	return s, err
}

// Lift ends every freeze of the practice and returns how many there were. A freeze of the platform stays.
func Lift(ctx context.Context, tx *store.Tx) (int64, error) {
	return tx.Exec(ctx, `UPDATE freeze_entry SET lifted_at = $2, lifted_by = $3 WHERE practice = $1 AND lifted_at = 0`, store.Micro(tx.Now), tx.Actor.Who())
}

// Frozen returns the practice's open freezes.
func Frozen(ctx context.Context, tx *store.Tx) ([]Stop, error) {
	rows, err := tx.Query(ctx, `SELECT practice, id, reason, who, at, lifted_at, lifted_by FROM freeze_entry WHERE practice = $1 AND lifted_at = 0 ORDER BY at, id`)
	return store.Collect(rows, err, scanStop)
}

// FreezePlatform stops all sending of the installation.
func FreezePlatform(ctx context.Context, w *store.Wide, who, reason string) (Stop, error) {
	s := Stop{ID: store.NewID[string](), Reason: reason, Who: who, At: w.Now}
	_, err := w.Exec(ctx, `INSERT INTO freeze_entry (practice, id, scope, reason, who, at, lifted_at, lifted_by) VALUES ('', $1, 'platform', $2, $3, $4, 0, '')`,
		s.ID, reason, who, store.Micro(s.At))
	return s, err
}

// LiftPlatform ends every freeze of the platform; those of practices stay.
func LiftPlatform(ctx context.Context, w *store.Wide, who string) (int64, error) {
	return w.Exec(ctx, `UPDATE freeze_entry SET lifted_at = $1, lifted_by = $2 WHERE practice = '' AND lifted_at = 0`, store.Micro(w.Now), who)
}

// Stops returns every open freeze of the installation, and those with the given ids, open or lifted.
func Stops(ctx context.Context, w *store.Wide, ids ...string) ([]Stop, error) {
	text := `SELECT practice, id, reason, who, at, lifted_at, lifted_by FROM freeze_entry WHERE lifted_at = 0`
	if len(ids) > 0 {
		text += ` OR id IN (` + store.List(1, len(ids)) + `)`
	}
	rows, err := w.Query(ctx, text, store.Any(ids)...)
	return store.Collect(rows, err, scanStop)
}

func scanStop(rows *store.Rows) (s Stop, err error) {
	var at, lifted int64
	err = rows.Scan(&s.Practice, &s.ID, &s.Reason, &s.Who, &at, &lifted, &s.LiftedBy)
	s.At, s.LiftedAt = store.Instant(at), store.Instant(lifted)
	return s, err
}
