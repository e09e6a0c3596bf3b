package letter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
)

// AnswerID names a text message that came in.
type AnswerID string

// Answer is a text message that came in, from a number: whose that is, nobody can be sure of. Or it is no text: the link of a mail was pressed that asks to cancel.
type Answer struct {
	ID      AnswerID
	Message message.ID // that it answers, or was taken to answer; "" of a number that was not written to
	About   client.ID  // whom that message was about; "" as well
	From    string     // E.164
	Text    string
	Asks    calendar.ID // by a link, to cancel it: there is no number and no text
	At      time.Time
	SeenAt  time.Time // when a member said that it was dealt with; zero before
	SeenBy  string    // the member; Confirmed when it said yes and that was all

	index string // of From
}

// Texts keeps what clients write, for package inbound.
type Texts struct{ Keeper *vault.Keeper }

const mostKept = 2000 // characters of one text message

// mostUnknown bounds what is kept of numbers that a practice did not write to, until somebody has seen it: whoever sends more is not kept.
const mostUnknown = 200

// Keep keeps a text message of a number. answers is empty where it answers nothing. event is the gateway's own name of it: the same again changes nothing.
func (t Texts) Keep(ctx context.Context, tx *store.Tx, answers message.Message, event, from, text string) error {
	keys, err := t.Keeper.Keys(ctx, tx)
	if err != nil {
		return fmt.Errorf("open the practice's keys: %w", err)
	}
	id := store.NewID[AnswerID]()
	if event != "" {
		sum := sha256.Sum256([]byte(event))
		id = AnswerID(hex.EncodeToString(sum[:16]))
	}
	if answers.ID == "" {
		var n int
		if err := tx.Row(ctx, `SELECT COUNT(*) FROM answer WHERE practice = $1 AND seen_at = 0 AND message = ''`).Scan(&n); err != nil || n >= mostUnknown {
			return err
		}
	}
	raw, err := json.Marshal(written{from, visible(text)})
	if err != nil {
		return err
	}
	index := keys.Index("mobile", from)
	n, err := tx.Exec(ctx, `INSERT INTO answer (practice, id, message, client, address_index, sealed, at, seen_at, seen_by) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '')
		ON CONFLICT (practice, id) DO NOTHING`, string(id), string(answers.ID), answers.Client, index, keys.Seal(answerPlace(id), raw), store.Micro(tx.Now))
	if err != nil {
		return fmt.Errorf("keep a text message: %w", err)
	}
	if n == 0 || answers.ID == "" {
		return nil
	}
	dealt, err := reply(ctx, tx, index, text)
	if err != nil || !dealt {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE answer SET seen_at = $3, seen_by = $4 WHERE practice = $1 AND id = $2`, string(id), store.Micro(tx.Now), Confirmed)
	return err
}

type written struct {
	From string `json:"from"`
	Text string `json:"text"`
}

func answerPlace(id AnswerID) vault.Place {
	return vault.Place{Table: "answer", Row: string(id), Column: "sealed", Version: 1}
}

// visible leaves out what nobody sees, and what would turn a line around.
func visible(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\u200d' || unicode.IsPrint(r) {
			return r
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > mostKept {
		text = string(runes[:mostKept])
	}
	return strings.TrimSpace(text)
}

const answerColumns = `id, message, client, address_index, sealed, at, seen_at, seen_by, appointment`

// kept is a row with what lies sealed in it.
type kept struct {
	Answer
	raw []byte
}

func scanAnswer(r *store.Rows) (k kept, err error) {
	var at, seen int64
	err = r.Scan(&k.ID, &k.Message, &k.About, &k.index, &k.raw, &at, &seen, &k.SeenBy, &k.Asks)
	k.At, k.SeenAt = store.Instant(at), store.Instant(seen)
	return k, err
}

// rows reads text messages, but those that the actor does not see: about a client whom they do not see or, where nobody knows about whom, of such a
// client's number.
func rows(ctx context.Context, tx *store.Tx, rest string, args ...any) ([]kept, error) {
	found, err := tx.Query(ctx, `SELECT `+answerColumns+` FROM answer WHERE practice = $1 AND `+rest, args...)
	all, err := store.Collect(found, err, scanAnswer)
	if err != nil {
		return nil, err
	}
	var about []client.ID
	var numbers []string
	for i := range all {
		if all[i].About != "" {
			about = append(about, all[i].About)
		} else {
			numbers = append(numbers, all[i].index)
		}
	}
	hidden, err := client.Hidden(ctx, tx, about)
	if err != nil {
		return nil, err
	}
	theirs, err := client.HiddenNumbers(ctx, tx, numbers)
	return slices.DeleteFunc(all, func(k kept) bool { return hidden[k.About] || k.About == "" && theirs[k.index] }), err
}

// readAnswers opens text messages. What was tampered with is left out, and stands in nobody's way.
func readAnswers(tx *store.Tx, keys *vault.Keys, all []kept) ([]Answer, error) {
	out := make([]Answer, 0, len(all))
	for _, k := range all {
		if k.Asks != "" {
			out = append(out, k.Answer)
			continue
		}
		plain, err := keys.Open(tx, vault.Of{Client: string(k.About), Fields: "answer"}, answerPlace(k.ID), k.raw)
		if errors.Is(err, vault.ErrNobody) {
			return nil, err
		}
		if err != nil {
			continue
		}
		var w written
		if err := json.Unmarshal(plain, &w); err != nil {
			return nil, fmt.Errorf("read a text message: %w", err)
		}
		if k.From, k.Text = w.From, w.Text; keys.Index("mobile", k.From) == k.index {
			out = append(out, k.Answer)
		}
	}
	return out, nil
}

// answered tells that there is such a text message, one that the actor sees.
func answered(ctx context.Context, tx *store.Tx, id AnswerID) error {
	found, err := rows(ctx, tx, `id = $2`, string(id))
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	return err
}

// Said returns one text message that the actor sees.
func Said(ctx context.Context, tx *store.Tx, keys *vault.Keys, id AnswerID) (Answer, error) {
	all, err := rows(ctx, tx, `id = $2`, string(id))
	if err != nil {
		return Answer{}, err
	}
	found, err := readAnswers(tx, keys, all)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Answer{}, err
	}
	return found[0], nil
}

// Unseen returns text messages that nobody has dealt with, the latest first: of the latest 50, those that the actor sees.
func Unseen(ctx context.Context, tx *store.Tx, keys *vault.Keys) ([]Answer, error) {
	all, err := rows(ctx, tx, `seen_at = 0 ORDER BY at DESC, id DESC LIMIT 50`)
	if err != nil {
		return nil, err
	}
	return readAnswers(tx, keys, all)
}

// Unanswered counts what nobody has dealt with, up to a hundred, whoever may see it, and names the appointments that links ask to cancel, the latest asked first.
// Whoever shows these leaves out what the actor does not see.
func Unanswered(ctx context.Context, tx *store.Tx) (n int, asking []calendar.ID, err error) {
	rows, err := tx.Query(ctx, `SELECT appointment FROM answer WHERE practice = $1 AND seen_at = 0 ORDER BY at DESC, id DESC LIMIT 100`)
	all, err := store.Collect(rows, err, func(r *store.Rows) (id calendar.ID, err error) { return id, r.Scan(&id) })
	return len(all), slices.DeleteFunc(slices.Clone(all), func(id calendar.ID) bool { return id == "" }), err
}

// See notes that a text message was dealt with.
func See(ctx context.Context, tx *store.Tx, id AnswerID) error {
	if err := answered(ctx, tx, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE answer SET seen_at = $3, seen_by = $4 WHERE practice = $1 AND id = $2 AND seen_at = 0`, string(id), store.Micro(tx.Now), who(tx))
	return err
}

// Writer is somebody who may have written from a number.
type Writer struct {
	Client   client.ID
	Contact  client.ContactID // "" for the client
	Name     string
	Relation string // of a contact, in the practice's words
	Of       string // the client's name, of a contact
}

// Recipient is the writer as a letter names them.
func (w Writer) Recipient() string {
	if w.Contact != "" {
		return string(w.Contact)
	}
	return string(w.Client)
}

// mostSharing bounds the clients of one number that are looked at.
const mostSharing = 20

// Writers are those whom the actor sees and whose number this is: clients, and the contacts of them and of one client more. There may be others.
func Writers(ctx context.Context, tx *store.Tx, keys *vault.Keys, number string, of client.ID) ([]Writer, error) {
	page, err := client.Search(ctx, tx, keys, client.Query{Text: number}, mostSharing)
	if err != nil {
		return nil, err
	}
	around := page.Clients
	if of != "" && !slices.ContainsFunc(around, func(c client.Client) bool { return c.ID == of }) {
		c, err := client.Find(ctx, tx, keys, of)
		if err != nil {
			return nil, err
		}
		around = append(around, c)
	}
	var out []Writer
	for _, c := range around {
		if c.Mobile.Normal == number {
			out = append(out, Writer{Client: c.ID, Name: c.Name()})
		}
		contacts, err := client.Contacts(ctx, tx, keys, c.ID)
		if err != nil {
			return nil, err
		}
		for _, k := range contacts {
			if k.EndedAt.IsZero() && k.Mobile.Normal == number {
				out = append(out, Writer{Client: c.ID, Contact: k.ID, Name: k.Name, Relation: k.Relation, Of: c.Name()})
			}
		}
	}
	return out, nil
}

// mostThread bounds the text messages of one thread.
const mostThread = 200

// Answers returns what came from the numbers of a client and the client's contacts, the latest first. What is about another client whom the actor does
// not see is left out: a phone may be shared, and anybody may be given any number.
func Answers(ctx context.Context, tx *store.Tx, keys *vault.Keys, c client.Client) ([]Answer, error) {
	contacts, err := client.Contacts(ctx, tx, keys, c.ID)
	if err != nil {
		return nil, err
	}
	numbers := []client.Address{c.Mobile}
	for _, k := range contacts {
		numbers = append(numbers, k.Mobile)
	}
	var indexes []string
	for _, n := range numbers {
		if n.State == client.Good {
			indexes = append(indexes, client.AddressIndex(keys, practice.SMS, n))
		}
	}
	slices.Sort(indexes)
	var out []Answer
	err = store.Chunks(slices.Compact(indexes), 3, func(list string, args []any) error {
		all, err := rows(ctx, tx, `address_index IN (`+list+`) ORDER BY at DESC, id DESC LIMIT $2`, append([]any{mostThread}, args...)...)
		if err != nil {
			return err
		}
		found, err := readAnswers(tx, keys, all)
		out = append(out, found...)
		return err
	})
	return out, err
}
