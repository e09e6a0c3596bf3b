package practice

import (
	"context"
	"errors"

	"letterhead/fault"
	"letterhead/store"
)

const columns = `practice, name, country, zone, language, phone, email, website, address, accent, sender_local, domain, label,
	default_channel, sms_services, sms_price, quiet_from, quiet_to, client_word, created_at, closed_at`

type scanner interface{ Scan(...any) error }

func scan(row scanner) (Practice, error) {
	var p Practice
	var created, closed int64
	err := row.Scan(&p.ID, &p.Name, &p.Country, &p.Zone, &p.Language, &p.Phone, &p.Email, &p.Website, &p.Address, &p.Accent, &p.SenderLocal, &p.Domain, &p.Label,
		&p.DefaultChannel, &p.SMSServices, &p.SMSPrice, &p.QuietFrom, &p.QuietTo, &p.ClientWord, &created, &closed)
	p.CreatedAt, p.ClosedAt = store.Instant(created), store.Instant(closed)
	return p, err
}

// Add writes a new practice with one location. The transaction is bound to the new id. An empty Label is made from the name; a given one that
// another practice has is ErrLabel.
func Add(ctx context.Context, tx *store.Tx, p Practice) (Practice, error) {
	p, err := p.Check()
	if err != nil {
		return Practice{}, err
	}
	p.ID, p.CreatedAt = tx.Practice, tx.Now
	labels := []string{p.Label}
	if p.Label == "" {
		labels = candidates(p.Name, tx.Practice)
	} else if err := checkLabel(p.Label); err != nil {
		return Practice{}, err
	}
	for _, label := range labels {
		p.Label = label
		// Whether another practice has the label cannot be asked from here, for its row is not visible: the index answers.
		n, err := tx.Exec(ctx, `INSERT INTO practice (`+columns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, 0) ON CONFLICT (label) DO NOTHING`,
			p.Name, p.Country, p.Zone, p.Language, p.Phone, p.Email, p.Website, p.Address, p.Accent, p.SenderLocal, p.Domain, p.Label,
			p.DefaultChannel, p.SMSServices, p.SMSPrice, p.QuietFrom, p.QuietTo, p.ClientWord, store.Micro(tx.Now))
		if err != nil {
			return Practice{}, err
		}
		if n == 1 {
			l, err := checkedLocation(Location{Name: p.Name, Zone: p.Zone, Address: p.Address, Phone: p.Phone})
			if err == nil {
				_, err = appendLocation(ctx, tx, l) // called as the practice is, even where messages cannot show that
			}
			return p, err
		}
	}
	return Practice{}, ErrLabel
}

// Find returns the transaction's practice, open or closed.
func Find(ctx context.Context, tx *store.Tx) (Practice, error) {
	p, err := scan(tx.Row(ctx, `SELECT `+columns+` FROM practice WHERE practice = $1`))
	if errors.Is(err, store.ErrNone) {
		err = ErrNotFound
	}
	return p, err
}

// Change writes everything but the label, the id and the instants. Locations keep their zones: moving the practice does not move its rooms.
func Change(ctx context.Context, tx *store.Tx, p Practice) (Practice, error) {
	p, err := p.Check()
	if err != nil {
		return Practice{}, err
	}
	old, err := Find(ctx, tx)
	if err != nil {
		return Practice{}, err
	}
	n, err := tx.Exec(ctx, `UPDATE practice SET name = $2, country = $3, zone = $4, language = $5, phone = $6, email = $7, website = $8, address = $9, accent = $10,
		sender_local = $11, domain = $12, default_channel = $13, sms_services = $14, quiet_from = $15, quiet_to = $16, client_word = $17, sms_price = $18
		WHERE practice = $1 AND closed_at = 0`,
		p.Name, p.Country, p.Zone, p.Language, p.Phone, p.Email, p.Website, p.Address, p.Accent,
		p.SenderLocal, p.Domain, p.DefaultChannel, p.SMSServices, p.QuietFrom, p.QuietTo, p.ClientWord, p.SMSPrice)
	if err != nil {
		return Practice{}, err
	}
	if n == 0 {
		return Practice{}, missing(ctx, tx)
	}
	p.ID, p.Label, p.CreatedAt, p.ClosedAt = old.ID, old.Label, old.CreatedAt, old.ClosedAt
	return p, note(ctx, tx, "practice", "", old, p)
}

// Close ends the practice: its rows stay, nothing more is sent for it. Closing it again is ErrClosed.
func Close(ctx context.Context, tx *store.Tx) error {
	n, err := tx.Exec(ctx, `UPDATE practice SET closed_at = $2 WHERE practice = $1 AND closed_at = 0`, store.Micro(tx.Now))
	if err == nil && n == 0 {
		err = missing(ctx, tx)
	}
	return err
}

func missing(ctx context.Context, tx *store.Tx) error {
	if _, err := Find(ctx, tx); err != nil {
		return err
	}
	return ErrClosed
}

// List returns practices across the installation, closed ones included, in the order of their ids: at most limit (1 to 1000) after the one named.
func List(ctx context.Context, w *store.Wide, after store.PracticeID, limit int) ([]Practice, error) {
	if limit < 1 || limit > 1000 {
		return nil, fault.Field("limit", "practice.limit", "ask for 1 to 1000 practices at a time")
	}
	rows, err := w.Query(ctx, `SELECT `+columns+` FROM practice WHERE practice > $1 ORDER BY practice LIMIT $2`, after, limit)
	return store.Collect(rows, err, func(r *store.Rows) (Practice, error) { return scan(r) })
}

// Named returns the practice with this id or label, for commands on which a person types one.
func Named(ctx context.Context, w *store.Wide, name string) (Practice, error) {
	p, err := scan(w.Row(ctx, `SELECT `+columns+` FROM practice WHERE practice = $1 OR label = $1`, name))
	if errors.Is(err, store.ErrNone) {
		err = ErrNotFound
	}
	return p, err
}

// Each calls do for every practice, closed ones only when asked for, a page in memory at a time: for an operator's commands.
func Each(ctx context.Context, db *store.DB, closed bool, do func(Practice) error) error {
	const page = 200
	var after store.PracticeID
	for {
		var found []Practice
		err := db.WholeView(ctx, "list practices for an operator's command", func(w *store.Wide) (err error) {
			found, err = List(ctx, w, after, page)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range found {
			if after = p.ID; !closed && !p.ClosedAt.IsZero() {
				continue
			}
			if err := do(p); err != nil {
				return err
			}
		}
		if len(found) < page {
			return nil
		}
	}
}
