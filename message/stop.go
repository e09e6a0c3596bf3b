package message

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strconv"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/vault"
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

// Suppress adds suppressions to the transaction's practice; one that is there stays as it is, and is no wish any more.
func Suppress(ctx context.Context, tx *store.Tx, list ...Suppression) error {
	rows := make([][]any, 0, len(list))
	for _, s := range list {
		if s.AddressIndex == "" || s.Reason == "" || s.Purpose == Appointments {
			return fault.Field("suppression", "message.suppression", "name the address, the reason, and marketing or nothing as purpose")
		}
		rows = append(rows, []any{string(s.Channel), s.AddressIndex, s.scope(), s.Reason, store.Micro(tx.Now)})
	}
	_, err := tx.Bulk(ctx, `INSERT INTO suppression (practice, channel, address_index, purpose, reason, at) VALUES`,
		`ON CONFLICT (practice, channel, address_index, purpose) DO UPDATE SET reason = excluded.reason, at = excluded.at, noted = 0, proof = '' WHERE suppression.proof <> ''`, rows)
	return err
}

// AskedFor is how long a wish counts.
const AskedFor = 7 * 24 * time.Hour

// Allow writes down that the client asked for messages to an address again. It is a wish, with a proof made by the practice's keys: the courier, which
// has the suppression in its journal, verifies it, lets go and deletes the row. Whoever writes rows alone can make none.
func Allow(ctx context.Context, tx *store.Tx, keys *vault.Keys, list ...Suppression) error {
	rows := make([][]any, 0, len(list))
	for _, s := range list {
		s.Practice = tx.Practice
		at := strconv.FormatInt(tx.Now.Unix(), 36)
		rows = append(rows, []any{string(s.Channel), s.AddressIndex, s.scope(), "asked again", store.Micro(tx.Now), at + "." + s.proof(keys, at)})
	}
	_, err := tx.Bulk(ctx, `INSERT INTO suppression (practice, channel, address_index, purpose, reason, at, proof) VALUES`,
		`ON CONFLICT (practice, channel, address_index, purpose) DO UPDATE SET noted = 0, proof = excluded.proof`, rows)
	return err
}

// proof is a MAC under the practice's keys over which suppression is meant and when.
func (s Suppression) proof(keys *vault.Keys, at string) string {
	return keys.Index("asked again", strings.Join([]string{string(s.Practice), string(s.Channel), s.AddressIndex, s.scope(), at}, " "))
}

// Asked verifies a wish and returns when it was; zero where it does not hold, or not any more.
func Asked(keys *vault.Keys, s Suppression, proof string, now time.Time) time.Time {
	at, mac, _ := strings.Cut(proof, ".")
	seconds, err := strconv.ParseInt(at, 36, 64)
	if err != nil || subtle.ConstantTimeCompare([]byte(mac), []byte(s.proof(keys, at))) != 1 {
		return time.Time{}
	}
	asked := time.Unix(seconds, 0)
	if now.Sub(asked) > AskedFor {
		return time.Time{}
	}
	return asked
}

// Standing returns what stands against addresses of the transaction's practice.
func Standing(ctx context.Context, tx *store.Tx, channel Channel, index string) ([]Suppression, error) {
	rows, err := tx.Query(ctx, `SELECT practice, channel, address_index, purpose, reason, at FROM suppression WHERE practice = $1 AND channel = $2 AND address_index = $3 AND proof = '' ORDER BY purpose`,
		string(channel), index)
	return store.Collect(rows, err, scanSuppression)
}

// Learnt is a row that the courier's journal does not have yet.
type Learnt struct {
	Suppression
	Proof string // of a wish; "" of a suppression
}

// Unnoted returns such rows, over all practices.
func Unnoted(ctx context.Context, w *store.Wide, most int) ([]Learnt, error) {
	rows, err := w.Query(ctx, `SELECT practice, channel, address_index, purpose, reason, at, proof FROM suppression WHERE noted = 0 ORDER BY practice, channel, address_index LIMIT $1`, most)
	return store.Collect(rows, err, func(r *store.Rows) (l Learnt, err error) {
		var at int64
		var purpose string
		err = r.Scan(&l.Practice, &l.Channel, &l.AddressIndex, &purpose, &l.Reason, &at, &l.Proof)
		if purpose == "marketing" {
			l.Purpose = Marketing
		}
		l.At = store.Instant(at)
		return l, err
	})
}

func learntRows(list []Learnt) []any {
	rows := make([]any, 0, 5*len(list))
	for _, l := range list {
		rows = append(rows, string(l.Practice), string(l.Channel), l.AddressIndex, l.scope(), l.Proof)
	}
	return rows
}

// Noted marks rows that the journal has, as they were read; a wish that did not hold is none any more.
func Noted(ctx context.Context, w *store.Wide, list ...Learnt) error {
	_, err := w.Set(ctx, noted, learntRows(list))
	return err
}

// Forget deletes the rows of wishes that the journal has.
func Forget(ctx context.Context, w *store.Wide, list ...Learnt) error {
	_, err := w.Set(ctx, forgotten, learntRows(list))
	return err
}

// Anew has the courier look at every row again: after a restore its journal may know less than they.
func Anew(ctx context.Context, w *store.Wide) error {
	_, err := w.Exec(ctx, `UPDATE suppression SET noted = 0 WHERE noted <> 0`)
	return err
}

var (
	noted = store.NewSet(`WITH v (practice, channel, address_index, purpose, proof) AS (VALUES `, `)
	UPDATE suppression SET noted = 1, proof = '' FROM v WHERE suppression.practice = v.practice AND suppression.channel = v.channel
	AND suppression.address_index = v.address_index AND suppression.purpose = v.purpose AND suppression.proof = v.proof`, "", "", "", "", "")
	forgotten = store.NewSet(`WITH v (practice, channel, address_index, purpose, proof) AS (VALUES `, `)
	DELETE FROM suppression WHERE EXISTS (SELECT 1 FROM v WHERE suppression.practice = v.practice AND suppression.channel = v.channel
	AND suppression.address_index = v.address_index AND suppression.purpose = v.purpose AND suppression.proof = v.proof AND v.proof <> '')`, "", "", "", "", "")
)

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
	ON s.practice = v.practice AND s.channel = v.channel AND s.address_index = v.address_index AND s.proof = '' WHERE coalesce(v.address_index, '') = v.address_index`, "", "", "")

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
