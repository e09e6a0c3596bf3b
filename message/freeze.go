package message

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"letterhead/fault"
	"letterhead/store"
)

// Scope is what a stop holds.
type Scope string

// The scopes. Host, link and text can be stopped for one practice or everywhere, the platform everywhere, the others in one practice.
const (
	StopPlatform   Scope = "platform"
	StopPractice   Scope = "practice"
	StopWording    Scope = "wording"    // subject: its id
	StopVersion    Scope = "version"    // its id
	StopRule       Scope = "rule"       // its key
	StopOrder      Scope = "order"      // its id
	StopLetter     Scope = "letter"     // its id
	StopGrant      Scope = "grant"      // subject of the approval
	StopHost       Scope = "host"       // that links lead to
	StopLink       Scope = "link"       // the address that it leads to, as it stands in a version
	StopText       Scope = "text"       // digest of a text, as the breaker sees it
	StopMember     Scope = "member"     // its id: what it signed as orders and letters
	StopCredential Scope = "credential" // its id: what it asked to be sent
)

var parts = []Scope{StopWording, StopVersion, StopRule, StopOrder, StopLetter, StopGrant, StopHost, StopLink, StopText, StopMember, StopCredential}

// Stop is a freeze: nothing leaves in its scope until it is lifted.
type Stop struct {
	Practice store.PracticeID // "" for everywhere
	ID       string
	Scope    Scope
	Subject  string // "" of practice and platform
	Reason   string
	Who      string
	At       time.Time
	LiftedAt time.Time
	LiftedBy string
}

// Whole tells whether it holds everything of its practice, or of the platform.
func (s Stop) Whole() bool { return s.Scope == StopPlatform || s.Scope == StopPractice }

// Words say what a stop holds. What lifts it is signed over these very words.
func (s Stop) Words() string {
	switch s.Scope {
	case StopPlatform:
		return "all messages of the platform"
	case StopPractice:
		return "all messages of the practice"
	case StopHost:
		return "messages with links to " + s.Subject
	case StopLink:
		return "messages with the link " + clipped(s.Subject)
	case StopText:
		return "messages of the text " + s.Subject
	case StopMember:
		return "what the team member " + s.Subject + " signed"
	case StopCredential:
		return "messages of the program " + s.Subject
	}
	return "messages of the " + string(s.Scope) + " " + s.Subject
}

// Part is what a stop of a part holds, as the step of a message that it holds has it.
func (s Stop) Part() string { return string(s.Scope) + " " + clipped(s.Subject) }

// clipped keeps a long address within what a step and a signed line hold: its beginning, and a digest of all of it.
func clipped(subject string) string {
	const most = 160
	if len(subject) <= most {
		return subject
	}
	sum := sha256.Sum256([]byte(subject))
	return strings.ToValidUTF8(subject[:most-40], "") + "… " + hex.EncodeToString(sum[:16])
}

const (
	mostReason  = 300 // characters
	mostSubject = 360 // bytes, as of a statement's subject
	mostLink    = 500 // bytes, as a wording's
	// MostStops is how many open stops are read as they are. Where there are more, everything is stopped.
	MostStops = 20_000
	// mostOfPractice is how many of them one practice makes: whoever makes more stops the practice, and nobody else.
	mostOfPractice = 500
)

// Check names what is wrong with a stop that is to be made.
func (s Stop) Check() error {
	bad := func(field, say string) error { return fault.Field(field, "message.stop_"+field, "%s", say) }
	everywhere := s.Practice == ""
	switch {
	case s.Reason == "" || utf8.RuneCountInString(s.Reason) > mostReason || !printable(s.Reason):
		return bad("reason", "say why, in one line of up to 300 characters")
	case s.Scope == StopPlatform && !everywhere || s.Scope == StopPractice && everywhere:
		return bad("scope", "the platform is stopped everywhere, a practice by its id")
	case s.Whole() && s.Subject != "":
		return bad("subject", "a stop of everything has no subject")
	case s.Whole():
		return nil
	case !slices.Contains(parts, s.Scope):
		return bad("scope", "what is stopped is platform, practice, wording, version, rule, order, letter, grant, host, link, text, member or credential")
	case everywhere && s.Scope != StopHost && s.Scope != StopLink && s.Scope != StopText:
		return bad("practice", "only a host, a link or a text is stopped for all practices; name the practice")
	case s.Scope == StopLink && (!strings.HasPrefix(s.Subject, "https://") || len(s.Subject) > mostLink || strings.ContainsFunc(s.Subject, unprintable)):
		return bad("subject", "a link is the whole address that it leads to, such as https://www.example.com/page")
	case s.Scope == StopLink:
		return nil
	case s.Subject == "" || len(s.Subject) > mostSubject || !printable(s.Subject):
		return bad("subject", "name what is stopped, in up to 360 printable characters")
	case s.Scope == StopHost && (s.Subject != strings.ToLower(s.Subject) || strings.ContainsAny(s.Subject, "/:@ ")):
		return bad("subject", "a host is a name in lower case such as www.example.com, without path or port")
	}
	return nil
}

// unprintable tells what no address has in a wording.
func unprintable(r rune) bool { return r <= ' ' || r > '~' }

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// FreezeOnly stops a part of what the transaction's practice sends. What is stopped already stays as it is, with its reason.
func FreezeOnly(ctx context.Context, tx *store.Tx, scope Scope, subject, reason string) (Stop, error) {
	s := Stop{Practice: tx.Practice, ID: store.NewID[string](), Scope: scope, Subject: subject, Reason: strings.TrimSpace(reason), Who: tx.Actor.Who(), At: tx.Now}
	if err := s.Check(); err != nil {
		return s, err
	}
	there, err := open(ctx, tx)
	if err != nil {
		return s, err
	}
	if i := slices.IndexFunc(there, func(o Stop) bool { return o.Scope == scope && o.Subject == subject }); i >= 0 {
		return there[i], nil
	}
	if len(there) >= mostOfPractice && !s.Whole() {
		return FreezeOnly(ctx, tx, StopPractice, "", "more is stopped than one practice can have")
	}
	_, err = tx.Exec(ctx, `INSERT INTO freeze_entry (practice, id, scope, part, subject, reason, who, at, lifted_at, lifted_by) VALUES ($1, $2, 'practice', $3, $4, $5, $6, $7, 0, '')`,
		s.ID, s.part(), s.Subject, s.Reason, s.Who, store.Micro(s.At))
	return s, err
}

// part is what the table calls the scope: the practice or platform stands beside it.
func (s Stop) part() string {
	if s.Whole() {
		return ""
	}
	return string(s.Scope)
}

// Lift ends freezes of the practice, all of them when none is named, and returns how many there were. A freeze of the platform stays. In the
// courier's eyes this is a wish: it lifts a stop when the practice's chain holds a lift of it.
func Lift(ctx context.Context, tx *store.Tx, ids ...string) (int64, error) {
	text := `UPDATE freeze_entry SET lifted_at = $2, lifted_by = $3 WHERE practice = $1 AND lifted_at = 0`
	if len(ids) > 0 {
		text += ` AND id IN (` + store.List(4, len(ids)) + `)`
	}
	return tx.Exec(ctx, text, append([]any{store.Micro(tx.Now), tx.Actor.Who()}, store.Any(ids)...)...)
}

const stopColumns = `practice, id, part, subject, reason, who, at, lifted_at, lifted_by`

// ended is the reason of a stop that outlasts the rows of what somebody took back for good.
const ended = "it was taken back"

// Ends tells of a stop that somebody made by taking something back for good: nobody has to do anything about it.
func (s Stop) Ends() bool {
	return s.Reason == ended && (s.Scope == StopOrder || s.Scope == StopLetter || s.Scope == StopGrant)
}

// End stops a bulk message, a letter or a grant that was taken back, whatever its rows say from then on. Pages do not warn of it, and it is over when
// what was signed for it is.
func End(ctx context.Context, tx *store.Tx, scope Scope, subject string) error {
	_, err := FreezeOnly(ctx, tx, scope, subject, ended)
	return err
}

// Frozen returns the practice's open freezes that somebody has to lift, the earliest first; at most MostStops.
func Frozen(ctx context.Context, tx *store.Tx) ([]Stop, error) {
	open, err := open(ctx, tx)
	return slices.DeleteFunc(open, Stop.Ends), err
}

func open(ctx context.Context, tx *store.Tx) ([]Stop, error) {
	rows, err := tx.Query(ctx, `SELECT `+stopColumns+` FROM freeze_entry WHERE practice = $1 AND lifted_at = 0 ORDER BY at, id LIMIT $2`, MostStops)
	return store.Collect(rows, err, scanStop)
}

// Lifted returns the practice's latest freezes that have ended.
func Lifted(ctx context.Context, tx *store.Tx, most int) ([]Stop, error) {
	rows, err := tx.Query(ctx, `SELECT `+stopColumns+` FROM freeze_entry WHERE practice = $1 AND lifted_at > 0 ORDER BY lifted_at DESC, id LIMIT $2`, most)
	return store.Collect(rows, err, scanStop)
}

// PutStops writes stops down as open: those that a courier was told of, and those that it saw open and finds gone or lifted by nobody.
func PutStops(ctx context.Context, w *store.Wide, list ...Stop) error {
	rows := make([]any, 0, 8*len(list))
	for _, s := range list {
		scope := "practice"
		if s.Practice == "" {
			scope = "platform"
		}
		rows = append(rows, string(s.Practice), s.ID, scope, s.part(), s.Subject, s.Reason, s.Who, store.Micro(s.At))
	}
	if _, err := w.Set(ctx, putStops, rows); err != nil {
		return fmt.Errorf("write stops down: %w", err)
	}
	return nil
}

var putStops = store.NewSet(`WITH v (practice, id, scope, part, subject, reason, who, at) AS (VALUES
	('', '', '', '', '', '', '', (SELECT at FROM freeze_entry WHERE practice = '' AND id = '')), `, `)
	INSERT INTO freeze_entry (practice, id, scope, part, subject, reason, who, at, lifted_at, lifted_by)
	SELECT v.practice, v.id, v.scope, v.part, v.subject, v.reason, v.who, v.at, 0, '' FROM v WHERE v.id <> ''
	ON CONFLICT (practice, id) DO UPDATE SET scope = excluded.scope, part = excluded.part, subject = excluded.subject, lifted_at = 0, lifted_by = ''`,
	"", "", "", "", "", "", "", int64(0))

// LiftPlatform ends every freeze of the platform, and returns which; those of practices stay.
func LiftPlatform(ctx context.Context, w *store.Wide, who string) (int64, error) {
	return w.Exec(ctx, `UPDATE freeze_entry SET lifted_at = $1, lifted_by = $2 WHERE practice = '' AND lifted_at = 0`, store.Micro(w.Now), who)
}

// PlatformStopped returns since when everything is stopped, for everybody; zero: it is not. It opens a transaction of its own, for pages, which
// see their practice alone.
func PlatformStopped(ctx context.Context, db *store.DB) (since time.Time, err error) {
	err = db.WholeView(ctx, "is the platform stopped", func(w *store.Wide) error {
		var at *int64
		err := w.Row(ctx, `SELECT min(at) FROM freeze_entry WHERE practice = '' AND lifted_at = 0 AND part = ''`).Scan(&at)
		if err == nil && at != nil {
			since = store.Instant(*at)
		}
		return err
	})
	return since, err
}

// Stops returns the open freezes of the installation, one more than MostStops at most, and those with the given ids, open or lifted.
func Stops(ctx context.Context, w *store.Wide, ids ...string) ([]Stop, error) {
	rows, err := w.Query(ctx, `SELECT `+stopColumns+` FROM freeze_entry WHERE lifted_at = 0 ORDER BY practice, id LIMIT $1`, MostStops+1)
	open, err := store.Collect(rows, err, scanStop)
	if err != nil || len(ids) == 0 {
		return open, err
	}
	for part := range slices.Chunk(ids, 500) {
		rows, err := w.Query(ctx, `SELECT `+stopColumns+` FROM freeze_entry WHERE lifted_at > $1 AND id IN (`+store.List(2, len(part))+`)`, append([]any{0}, store.Any(part)...)...)
		named, err := store.Collect(rows, err, scanStop)
		if err != nil {
			return nil, err
		}
		open = append(open, named...)
	}
	return open, nil
}

func scanStop(rows *store.Rows) (s Stop, err error) {
	var at, lifted int64
	err = rows.Scan(&s.Practice, &s.ID, &s.Scope, &s.Subject, &s.Reason, &s.Who, &at, &lifted, &s.LiftedBy)
	switch {
	case s.Scope == "" && s.Practice == "":
		s.Scope = StopPlatform
	case s.Scope == "":
		s.Scope = StopPractice
	}
	s.At, s.LiftedAt = store.Instant(at), store.Instant(lifted)
	return s, err
}

// Handed is what a page says of messages at the moment of a stop: what had begun not long before, and may be with the relay.
type Handed struct {
	ID     ID
	State  State
	Reason string
	LeftAt time.Time // zero: its first byte may not have left yet
}

// longQueued bounds how long before it left a message was made, for Begun to find it.
const longQueued = 14 * 24 * time.Hour

// Begun returns the messages of the practice that are leaving, or whose first byte left since an instant, the latest first; at most 500 of each.
func Begun(ctx context.Context, tx *store.Tx, since time.Time) ([]Handed, error) {
	read := func(r *store.Rows) (l Handed, err error) {
		var left int64
		err = r.Scan(&l.ID, &l.State, &l.Reason, &left)
		l.LeftAt = store.Instant(left)
		return l, err
	}
	rows, err := tx.Query(ctx, `SELECT id, state, reason, left_at FROM message WHERE practice = $1 AND state = 'leaving' ORDER BY id LIMIT 500`)
	out, err := store.Collect(rows, err, read)
	if err != nil {
		return nil, fmt.Errorf("read what is leaving: %w", err)
	}
	rows, err = tx.Query(ctx, `SELECT id, state, reason, left_at FROM message WHERE practice = $1 AND created_at >= $2 AND left_at >= $3 AND state <> 'leaving'
		ORDER BY left_at DESC, id LIMIT 500`, store.Micro(since.Add(-longQueued)), store.Micro(since))
	left, err := store.Collect(rows, err, read)
	if err != nil {
		return nil, fmt.Errorf("read what left: %w", err)
	}
	return append(out, left...), nil
}

// RequeueBut puts a practice's messages that are held by stops back into the queue, but for those that a stop holds which is still open (by
// what the step that held them says), at most limit of them.
func RequeueBut(ctx context.Context, w *store.Wide, practice store.PracticeID, open []string, limit int) (int64, error) {
	open = open[:min(len(open), MostStops)]
	args := append([]any{store.Micro(w.Now), string(practice), ReasonFrozen, limit}, store.Any(open)...)
	free := `(SELECT f.id FROM message f WHERE f.practice = $2 AND f.state = 'held' AND f.reason = $3`
	if len(open) > 0 {
		free += ` AND (SELECT s.detail FROM message_step s WHERE s.practice = f.practice AND s.message = f.id ORDER BY s.number DESC LIMIT 1) NOT IN (` + store.List(5, len(open)) + `)`
	}
	free += ` ORDER BY f.id LIMIT $4)`
	_, err := w.Exec(ctx, `INSERT INTO message_step (practice, message, number, at, step, reason, detail)
		SELECT v.practice, v.id, `+nextNumber+`, $1, 'queued', $3, '' FROM message v WHERE v.practice = $2 AND v.id IN `+free, args...)
	if err != nil {
		return 0, fmt.Errorf("requeue what a stop held: %w", err)
	}
	// The step that was just written is the last one now: what has it goes.
	return w.Exec(ctx, `UPDATE message SET state = 'queued', reason = '', changed_at = $1 WHERE practice = $2 AND state = 'held' AND reason = $3 AND
		(SELECT s.step FROM message_step s WHERE s.practice = message.practice AND s.message = message.id ORDER BY s.number DESC LIMIT 1) = 'queued'`,
		args[0], args[1], args[2])
}

// Unfreeze marks stops as lifted of which the courier's journal says so.
func Unfreeze(ctx context.Context, w *store.Wide, list ...Stop) error {
	rows := make([]any, 0, 2*len(list))
	for _, s := range list {
		rows = append(rows, string(s.Practice), s.ID)
	}
	if _, err := w.Set(ctx, unfreeze, rows, store.Micro(w.Now)); err != nil {
		return fmt.Errorf("mark stops as lifted: %w", err)
	}
	return nil
}

var unfreeze = store.NewSet(`WITH v (practice, id) AS (VALUES `, `)
	UPDATE freeze_entry SET lifted_at = ?, lifted_by = 'the courier''s host' FROM v
	WHERE freeze_entry.practice = v.practice AND freeze_entry.id = v.id AND freeze_entry.lifted_at = 0 AND v.id <> ''`, "", "")

// StopsOf returns the open freezes of a practice and those that hold everywhere; at most MostStops.
func StopsOf(ctx context.Context, w *store.Wide, practice store.PracticeID) ([]Stop, error) {
	rows, err := w.Query(ctx, `SELECT `+stopColumns+` FROM freeze_entry WHERE lifted_at = 0 AND practice IN ('', $1) ORDER BY at, id LIMIT $2`, string(practice), MostStops)
	return store.Collect(rows, err, scanStop)
}
