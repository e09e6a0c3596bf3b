package letter

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"letterhead/approval"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/wording"
)

const columns = `id, client, recipient, channel, answers, state, digest, address_index, language, version, sealed, written_by, asked_by, created_at, changed_at, expires`

func place(id ID, version int64) vault.Place {
	return vault.Place{Table: "letter", Row: string(id), Column: "sealed", Version: version}
}

// sealed is what lies sealed: bound to the row's version, so that older words cannot be put back.
type sealed struct {
	Text    string `json:"text"`
	Content []byte `json:"content,omitempty"`
}

func (l Letter) seal(keys *vault.Keys) ([]byte, error) {
	raw, err := json.Marshal(sealed{l.Text, l.content})
	if err != nil {
		return nil, fmt.Errorf("seal a letter: %w", err)
	}
	return keys.Seal(place(l.ID, l.Version), raw), nil
}

type row struct {
	Letter
	sealed []byte
}

func scan(r interface{ Scan(...any) error }) (w row, err error) {
	var created, changed, expires int64
	err = r.Scan(&w.ID, &w.Client, &w.Recipient, &w.Channel, &w.Answers, &w.State, &w.Digest, &w.AddressIndex, &w.Language, &w.Version, &w.sealed,
		&w.WrittenBy, &w.AskedBy, &created, &changed, &expires)
	w.CreatedAt, w.ChangedAt, w.Expires = store.Instant(created), store.Instant(changed), store.Instant(expires)
	return w, err
}

// open opens the words.
func (w row) open(tx *store.Tx, keys *vault.Keys) (Letter, error) {
	l := w.Letter
	raw, err := keys.Open(tx, vault.Of{Client: string(l.Client), Fields: "letter"}, place(l.ID, l.Version), w.sealed)
	if err != nil {
		return Letter{}, fmt.Errorf("open a letter: %w", err)
	}
	var words sealed
	if err := json.Unmarshal(raw, &words); err != nil {
		return Letter{}, fmt.Errorf("open a letter: %w", err)
	}
	l.Text, l.content = words.Text, words.Content
	return l, nil
}

// Find returns a letter with its words. One to a client whom the actor does not see is not found.
func Find(ctx context.Context, tx *store.Tx, keys *vault.Keys, id ID) (Letter, error) {
	w, err := scan(tx.Row(ctx, `SELECT `+columns+` FROM letter WHERE practice = $1 AND id = $2`, string(id)))
	if errors.Is(err, store.ErrNone) {
		return Letter{}, ErrNotFound
	}
	if err != nil {
		return Letter{}, fmt.Errorf("find a letter: %w", err)
	}
	hidden, err := client.Hidden(ctx, tx, []client.ID{w.Client})
	if err != nil {
		return Letter{}, err
	}
	if hidden[w.Client] {
		return Letter{}, ErrNotFound
	}
	l, err := w.open(tx, keys)
	l.at(tx.Now)
	return l, err
}

// OfClient returns the letters to a client whom the caller has found, the newest first, with their words: at most 200.
func OfClient(ctx context.Context, tx *store.Tx, keys *vault.Keys, id client.ID) ([]Letter, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM letter WHERE practice = $1 AND client = $2 ORDER BY created_at DESC, id DESC LIMIT $3`, string(id), mostOf)
	found, err := store.Collect(rows, err, func(r *store.Rows) (row, error) { return scan(r) })
	if err != nil {
		return nil, fmt.Errorf("read letters: %w", err)
	}
	return opened(tx, keys, found)
}

func opened(tx *store.Tx, keys *vault.Keys, found []row) ([]Letter, error) {
	out := make([]Letter, 0, len(found))
	for _, w := range found {
		l, err := w.open(tx, keys)
		if errors.Is(err, vault.ErrNobody) {
			return nil, err
		}
		if err != nil {
			continue // one that was tampered with stands in nobody's way; what names it is held
		}
		l.at(tx.Now)
		out = append(out, l)
	}
	return out, nil
}

// Addressee is whom a letter goes to, in words.
type Addressee struct {
	Name     string
	Of       string // the client's name, of a contact
	Address  string // as it is used; "" where there is none
	Language string
	index    string
}

// AddresseeOf says whom a letter goes to. Of one that was asked for, an address that is another than then is ErrMoved.
func AddresseeOf(ctx context.Context, tx *store.Tx, keys *vault.Keys, l Letter) (Addressee, error) {
	c, err := client.Find(ctx, tx, keys, l.Client)
	if err != nil {
		return Addressee{}, err
	}
	if !c.ArchivedAt.IsZero() {
		return Addressee{}, client.ErrArchived
	}
	out, email, mobile := Addressee{Name: c.Name(), Language: c.Language}, c.Email, c.Mobile
	if l.Recipient != string(l.Client) {
		contacts, err := client.Contacts(ctx, tx, keys, l.Client)
		if err != nil {
			return Addressee{}, err
		}
		at := slices.IndexFunc(contacts, func(k client.Contact) bool { return string(k.ID) == l.Recipient && k.EndedAt.IsZero() })
		if at < 0 {
			return Addressee{}, client.ErrNoContact
		}
		k := contacts[at]
		out, email, mobile = Addressee{Name: k.Name, Of: c.Name(), Language: k.Language}, k.Email, k.Mobile
	}
	address := email
	if l.Channel == message.SMS {
		address = mobile
	}
	if address.State == client.Good {
		out.Address, out.index = address.Normal, client.AddressIndex(keys, practice.Channel(l.Channel), address)
	}
	if l.AddressIndex != "" && l.AddressIndex != out.index {
		return out, ErrMoved
	}
	return out, nil
}

// Save keeps a draft: a new one where it has no id. What was typed may be unfinished; a draft that somebody else changed since is ErrChanged.
func Save(ctx context.Context, tx *store.Tx, keys *vault.Keys, l Letter) (Letter, error) {
	if err := l.check(); err != nil {
		return Letter{}, err
	}
	to, err := AddresseeOf(ctx, tx, keys, l)
	if err != nil {
		return Letter{}, err
	}
	l.Language = to.Language
	if l.Answers != "" {
		if err := answered(ctx, tx, l.Answers); err != nil {
			return Letter{}, err
		}
	}
	if l.ID == "" {
		return l.insert(ctx, tx, keys)
	}
	old, err := Find(ctx, tx, keys, l.ID)
	switch {
	case err != nil:
		return Letter{}, err
	case old.Client != l.Client:
		return Letter{}, ErrNotFound
	case old.State != Draft:
		return Letter{}, ErrFinal
	}
	old.Recipient, old.Channel, old.Text, old.Language, old.Version = l.Recipient, l.Channel, l.Text, l.Language, l.Version
	return old.write(ctx, tx, keys, Draft)
}

func (l Letter) insert(ctx context.Context, tx *store.Tx, keys *vault.Keys) (Letter, error) {
	var n int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM letter WHERE practice = $1 AND client = $2 AND state IN ('draft', 'asked')`, string(l.Client)).Scan(&n); err != nil {
		return Letter{}, err
	}
	if n >= mostOpen {
		return Letter{}, ErrFull
	}
	l.ID, l.Version, l.State, l.WrittenBy, l.CreatedAt, l.ChangedAt = store.NewID[ID](), 1, Draft, who(tx), tx.Now, tx.Now
	l.content, l.Digest, l.AddressIndex, l.AskedBy = nil, "", "", ""
	raw, err := l.seal(keys)
	if err != nil {
		return Letter{}, err
	}
	now := store.Micro(tx.Now)
	_, err = tx.Exec(ctx, `INSERT INTO letter (practice, id, client, recipient, channel, answers, state, digest, address_index, language, version, sealed,
		written_by, asked_by, created_at, changed_at, expires) VALUES ($1, $2, $3, $4, $5, $6, 'draft', '', '', $7, 1, $8, $9, '', $10, $10, 0)`,
		string(l.ID), string(l.Client), l.Recipient, string(l.Channel), string(l.Answers), l.Language, raw, l.WrittenBy, now)
	if err != nil {
		return Letter{}, fmt.Errorf("keep a letter: %w", err)
	}
	return l, nil
}

// write writes a draft's next version, and the state that it has from then on.
func (l Letter) write(ctx context.Context, tx *store.Tx, keys *vault.Keys, state State) (Letter, error) {
	from := l.Version
	l.Version, l.State, l.ChangedAt = from+1, state, tx.Now
	raw, err := l.seal(keys)
	if err != nil {
		return Letter{}, err
	}
	n, err := tx.Exec(ctx, `UPDATE letter SET recipient = $4, channel = $5, language = $6, version = version + 1, sealed = $7, state = $8, digest = $9, address_index = $10,
		asked_by = $11, expires = $12, changed_at = $13 WHERE practice = $1 AND id = $2 AND version = $3 AND state = 'draft'`,
		string(l.ID), from, l.Recipient, string(l.Channel), l.Language, raw, string(state), l.Digest, l.AddressIndex, l.AskedBy, store.Micro(l.Expires), store.Micro(tx.Now))
	if err == nil && n == 0 {
		err = ErrChanged
	}
	return l, err
}

// Preview is a letter's version as it would be signed now, whatever its state.
func Preview(ctx context.Context, tx *store.Tx, keys *vault.Keys, l Letter) ([]byte, error) {
	if l.content != nil {
		return l.content, nil
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	to, err := AddresseeOf(ctx, tx, keys, l)
	if err != nil {
		return nil, err
	}
	l.Language = to.Language
	v, err := compose(ctx, tx, l)
	if err != nil {
		return nil, err
	}
	return v.Canonical()
}

// Ask makes a draft final and puts it before those who sign: from here on its words, its client and its address do not change.
func Ask(ctx context.Context, tx *store.Tx, keys *vault.Keys, id ID, version int64) (Letter, error) {
	l, err := Find(ctx, tx, keys, id)
	switch {
	case err != nil:
		return Letter{}, err
	case l.State != Draft:
		return Letter{}, ErrFinal
	case l.Version != version:
		return Letter{}, ErrChanged
	}
	to, err := AddresseeOf(ctx, tx, keys, l)
	if err != nil {
		return Letter{}, err
	}
	l.AddressIndex, l.Language = to.index, to.Language
	if err := reachable(ctx, tx, l); err != nil {
		return Letter{}, err
	}
	v, err := compose(ctx, tx, l)
	if err != nil {
		return Letter{}, err
	}
	var digest wording.Digest
	if l.content, err = v.Canonical(); err == nil {
		_, digest, err = wording.DecodeCanonical(l.content)
	}
	if err != nil {
		return Letter{}, err
	}
	l.Digest, l.Language, l.AskedBy, l.Expires = digest.String(), v.DefaultLanguage, who(tx), tx.Now.Add(life)
	return l.write(ctx, tx, keys, Asked)
}

// reachable refuses a letter that could not go, while its writer can still choose otherwise.
func reachable(ctx context.Context, tx *store.Tx, l Letter) error {
	if l.AddressIndex == "" {
		if l.Channel == message.SMS {
			return fault.Field("channel", "letter.no_mobile", "there is no mobile number to send this to; add one, or write an e-mail")
		}
		return fault.Field("channel", "letter.no_email", "there is no e-mail address to send this to; add one, or write a text message")
	}
	if l.Recipient != string(l.Client) {
		return nil
	}
	reached, err := client.Reached(ctx, tx, []client.ID{l.Client})
	if err == nil && refused(reached[l.Client], l.Channel) {
		return fault.Field("channel", "letter.refused", "this client does not want to be written to that way; choose the other, or ring")
	}
	return err
}

// Waiting returns the letters that wait for a signature, the earliest first, with their words: those to clients whom the actor sees.
func Waiting(ctx context.Context, tx *store.Tx, keys *vault.Keys) ([]Letter, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM letter WHERE practice = $1 AND state = 'asked' AND expires > $2 ORDER BY id LIMIT $3`, store.Micro(tx.Now), mostWaiting)
	found, err := store.Collect(rows, err, func(r *store.Rows) (row, error) { return scan(r) })
	if err != nil {
		return nil, fmt.Errorf("read letters: %w", err)
	}
	ids := make([]client.ID, len(found))
	for i := range found {
		ids[i] = found[i].Client
	}
	hidden, err := client.Hidden(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	return opened(tx, keys, slices.DeleteFunc(found, func(w row) bool { return hidden[w.Client] }))
}

// CountAsked counts those that wait for a signature, up to as many, whoever may see them.
func CountAsked(ctx context.Context, tx *store.Tx) (n int, err error) {
	err = tx.Row(ctx, `SELECT count(*) FROM (SELECT 1 FROM letter WHERE practice = $1 AND state = 'asked' AND expires > $2 LIMIT $3) AS waiting`,
		store.Micro(tx.Now), mostWaiting).Scan(&n)
	return n, err
}

const mostWaiting = 200

// Sign makes of a letter that was just signed the one message that it becomes: for whoever appends the signature, in the same transaction. The
// courier asks the chain itself.
func Sign(ctx context.Context, tx *store.Tx, x *approval.Statement) error {
	w, err := scan(tx.Row(ctx, `SELECT `+columns+` FROM letter WHERE practice = $1 AND id = $2 AND state = 'asked' AND digest = $3`, x.Subject, hex.EncodeToString(x.Digest[:])))
	if errors.Is(err, store.ErrNone) {
		return ErrNotAsked
	}
	if err != nil {
		return fmt.Errorf("find the letter that was signed: %w", err)
	}
	n, err := tx.Exec(ctx, `UPDATE letter SET state = 'signed', changed_at = $3 WHERE practice = $1 AND id = $2 AND state = 'asked'`, string(w.ID), store.Micro(tx.Now))
	if err != nil || n == 0 {
		return errors.Join(err, ErrNotAsked)
	}
	_, err = message.Queue(ctx, tx, []message.Intent{{ID: message.ID(w.ID), Kind: w.Kind(), Channel: w.Channel, Purpose: message.Appointments, Subject: string(w.ID),
		Version: string(w.ID), Digest: w.Digest, Language: w.Language, Client: string(w.Client), Recipient: w.Recipient, Turn: tx.Now, NotAfter: x.Expires.Time()}})
	return err
}

// Withdraw takes a letter back, as long as it has not left.
func Withdraw(ctx context.Context, tx *store.Tx, keys *vault.Keys, id ID) error {
	l, err := Find(ctx, tx, keys, id)
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE letter SET state = 'withdrawn', changed_at = $3 WHERE practice = $1 AND id = $2 AND state <> 'withdrawn'`, string(id), store.Micro(tx.Now))
	if err != nil {
		return err
	}
	if n > 0 && l.State == Signed {
		if n, err = message.Withdraw(ctx, tx, message.ReasonWithdrawn, message.ID(id)); err == nil && n > 0 {
			err = message.End(ctx, tx, message.StopLetter, string(id))
		}
	}
	if err == nil && n == 0 {
		err = ErrGone
	}
	return err
}
