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
