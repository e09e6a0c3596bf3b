package vault

import (
	"context"
	"fmt"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// Look is one row of the access log.
type Look struct {
	ID         string
	At, Last   time.Time // the first and the last time
	Times      int64
	Member     store.MemberID // "" where no person acted
	Agent      string         // what acted where no person did
	Credential string         // a program's, or the signing key's of a desk
	Session    string
	Address    string // Keeper.Network's
	Route      string
	Purpose    Purpose
	Fields     []string
	Shown      int64 // how many clients; of what is nobody's, how many things
}

// Asked is what of the log is wanted: all that is set must hold. The zero value is everything.
type Asked struct {
	Member     store.MemberID
	Credential string
	Session    string
	Address    string
	Client     string
	From, To   time.Time // from (included) to (not included); zero: no bound
	After      string    // the Next of the page before
}

// Looks is a page of the log, the latest first.
type Looks struct {
	Looks []Look
	Next  string // "" of the last page
}

// MostLooks bounds a page.
const MostLooks = 100

const (
	lookColumns = `l.id, l.at, l.last, l.times, l.member, l.agent, l.credential, l.session, l.address, l.route, l.purpose, l.fields, l.shown`
	// An instant and an id say where the page before ended. at is when a row was begun; it may have gone on for Together.
	lookBefore = ` AND l.at <= $2 AND (l.at < $2 OR l.id < $3) AND l.at < $4 AND l.at > $5 AND l.last >= $6`
	lookOrder  = ` ORDER BY l.at DESC, l.id DESC LIMIT $7`

	latestLooks = `SELECT ` + lookColumns + ` FROM look l WHERE l.practice = $1` + lookBefore
	clientLooks = `SELECT ` + lookColumns + ` FROM look_client c JOIN look l ON l.practice = $1 AND l.id = c.look WHERE c.practice = $1 AND c.client = $8
		AND c.at <= $2 AND (c.at < $2 OR c.look < $3) AND c.at < $4 AND c.at > $5 AND l.last >= $6`
	clientOrder = ` ORDER BY c.at DESC, c.look DESC LIMIT $7`
)

// conditions are what can be asked for beside the client, in the order of how few rows each has.
func (a Asked) conditions() (out []condition) {
	for _, c := range []condition{{"session", a.Session}, {"member", string(a.Member)}, {"credential", a.Credential}, {"address", a.Address}} {
		if c.value != "" {
			out = append(out, c)
		}
	}
	return out
}

type condition struct{ column, value string }

// query is what is asked as SQL.
func (a Asked) query(limit int) (string, []any, error) {
	at, id, err := a.after()
	if err != nil {
		return "", nil, err
	}
	from, to := int64(0), int64(1)<<62
	if !a.From.IsZero() {
		from = store.Micro(a.From)
	}
	if !a.To.IsZero() {
		to = store.Micro(a.To)
	}
	text, order := latestLooks, lookOrder
	args := []any{at, id, to, from - Together.Microseconds(), from, limit + 1}
	if a.Client != "" {
		text, order, args = clientLooks, clientOrder, append(args, a.Client)
	}
	for _, c := range a.conditions() {
		args = append(args, c.value)
		text += fmt.Sprintf(` AND l.%s = $%d AND l.%s <> ''`, c.column, len(args)+1, c.column)
	}
	return text + order, args, nil
}

var errAfter = fault.Field("after", "vault.after", "start again from the first page")

func (a Asked) after() (at int64, id string, err error) {
	if a.After == "" {
		return 1 << 62, "", nil
	}
	if n, err := fmt.Sscanf(a.After, "%x-%s", &at, &id); err != nil || n != 2 || len(id) > 64 {
		return 0, "", errAfter
	}
	return at, id, nil
}

// Looked answers who looked: at most limit rows (1 to MostLooks). It opens nothing, and names clients by no more than how many they are.
func Looked(ctx context.Context, tx *store.Tx, a Asked, limit int) (Looks, error) {
	if limit < 1 || limit > MostLooks {
		return Looks{}, fault.Field("limit", "vault.limit", "ask for 1 to %d rows at a time", MostLooks)
	}
	query, args, err := a.query(limit)
	if err != nil {
		return Looks{}, err
	}
	rows, err := tx.Query(ctx, query, args...)
	all, err := store.Collect(rows, err, scanLook)
	if err != nil {
		return Looks{}, fmt.Errorf("read who looked: %w", err)
	}
	out := Looks{Looks: all}
	if len(all) > limit {
		out.Looks = all[:limit]
		last := all[limit-1]
		out.Next = fmt.Sprintf("%x-%s", store.Micro(last.At), last.ID)
	}
	return out, nil
}

func scanLook(r *store.Rows) (l Look, err error) {
	var at, last int64
	var fields string
	err = r.Scan(&l.ID, &at, &last, &l.Times, &l.Member, &l.Agent, &l.Credential, &l.Session, &l.Address, &l.Route, &l.Purpose, &fields, &l.Shown)
	l.At, l.Last, l.Fields = store.Instant(at), store.Instant(last), strings.Split(fields, ",")
	return l, err
}

// Seen is what one look showed of one client.
type Seen struct {
	Client string
	Fields []string
}

// ErrNoLook says that there is no such row in the practice's log.
var ErrNoLook = fault.New(fault.NotFound, "vault.no_look", "no such entry")

// FindLook returns one row with whom it showed: at most MostClients.
func FindLook(ctx context.Context, tx *store.Tx, id string) (Look, []Seen, error) {
	rows, err := tx.Query(ctx, `SELECT `+lookColumns+` FROM look l WHERE l.practice = $1 AND l.id = $2`, id)
	found, err := store.Collect(rows, err, scanLook)
	if err != nil || len(found) == 0 {
		if err == nil {
			err = ErrNoLook
		}
		return Look{}, nil, err
	}
	rows, err = tx.Query(ctx, `SELECT client, fields FROM look_client WHERE practice = $1 AND look = $2 ORDER BY client`, id)
	clients, err := store.Collect(rows, err, func(r *store.Rows) (s Seen, err error) {
		var fields string
		err = r.Scan(&s.Client, &fields)
		s.Fields = strings.Split(fields, ",")
		return s, err
	})
	return found[0], clients, err
}

// Whom returns the clients of many rows, by the row's id: at most a hundred of each.
func Whom(ctx context.Context, tx *store.Tx, looks []Look) (map[string][]string, error) {
	ids := make([]string, len(looks))
	for i, l := range looks {
		ids[i] = l.ID
	}
	out := map[string][]string{}
	err := store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT look, client FROM look_client WHERE practice = $1 AND look IN (`+list+`) ORDER BY look, client`, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
			var look, client string
			err := r.Scan(&look, &client)
			out[look] = append(out[look], client)
			return struct{}{}, err
		})
		return err
	})
	return out, err
}

// Counts sums up what is asked for.
type Counts struct {
	Looks   int64 // rows
	Times   int64
	Clients int64 // different ones
	Members int64
}

// CountLooks counts what is asked for, of all pages.
func CountLooks(ctx context.Context, tx *store.Tx, a Asked) (c Counts, err error) {
	a.After = ""
	query, args, err := a.query(mostCounted)
	if err != nil {
		return c, err
	}
	err = tx.Row(ctx, `WITH asked AS (`+query+`) SELECT count(*), COALESCE(sum(times), 0), count(DISTINCT CASE WHEN member <> '' THEN member END) FROM asked`,
		args...).Scan(&c.Looks, &c.Times, &c.Members)
	if err != nil {
		return c, fmt.Errorf("count who looked: %w", err)
	}
	if a.Client != "" {
		c.Clients = min(1, c.Looks)
		return c, nil
	}
	err = tx.Row(ctx, `WITH asked AS (`+query+`) SELECT count(DISTINCT c.client) FROM asked a JOIN look_client c ON c.practice = $1 AND c.look = a.id`, args...).Scan(&c.Clients)
	return c, err
}

// mostCounted bounds what a count reads.
const mostCounted = 100_000

// Keep bounds: how long rows are kept, in days.
const (
	KeepLeast   = 90
	KeepMost    = 3660
	KeepDefault = 1095
)

const forgetQuery = `SELECT id FROM look WHERE practice = $1 AND at < $2 AND last < $2 ORDER BY at, id LIMIT $3`

// Forget deletes rows of the practice that were last seen before an instant, at most limit of them, and says whether there were any.
func Forget(ctx context.Context, tx *store.Tx, before time.Time, limit int) (bool, error) {
	rows, err := tx.Query(ctx, forgetQuery, store.Micro(before), limit)
	ids, err := store.Collect(rows, err, func(r *store.Rows) (id string, err error) { return id, r.Scan(&id) })
	if err != nil || len(ids) == 0 {
		return false, err
	}
	err = store.Chunks(ids, 2, func(list string, args []any) error {
		if _, err := tx.Exec(ctx, `DELETE FROM look_client WHERE practice = $1 AND look IN (`+list+`)`, args...); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM look WHERE practice = $1 AND id IN (`+list+`)`, args...)
		return err
	})
	return true, err
}
