package guard

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"letterhead/guard/secret"
	"letterhead/store"
	"letterhead/vault"
)

// What members are told of by mail: open invitations, sign-ins from other devices, changed ways to sign in.

// invitationToken is what an invitation's link carries. It is worked out from what the invitation is bound to, so that a mail can be written with
// it and no row holds it; whoever changes the address in the row has made it another one, whose hash is nowhere.
func invitationToken(box *secret.Box, practice store.PracticeID, invitation string, m Member) string {
	sum, _ := hex.DecodeString(box.Hash("invitation link", strings.Join([]string{string(practice), invitation, string(m.ID), m.Email}, "\x00"))) // its own writing
	return base64.RawURLEncoding.EncodeToString(sum)
}

// Links writes the links of open invitations again.
type Links struct{ box *secret.Box }

// NewLinks returns the links of an installation.
func NewLinks(keeper *vault.Keeper) (*Links, error) {
	box, err := secret.NewBox(keeper.Derive("sign-in"))
	return &Links{box}, err
}

// Token is that of a member's open invitation; "" when there is none for the address that the member has now.
func (l *Links) Token(ctx context.Context, tx *store.Tx, m Member) (string, error) {
	var id, hash string
	err := tx.Row(ctx, `SELECT id, hash FROM invitation WHERE practice = $1 AND member = $2 AND ended_at = 0 AND expires_at > $3 ORDER BY created_at DESC, id LIMIT 1`,
		string(m.ID), store.Micro(tx.Now)).Scan(&id, &hash)
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	token := invitationToken(l.box, tx.Practice, id, m)
	if err != nil || !same(l.box.Hash("invitation", token), hash) {
		return "", err
	}
	return token, nil
}

// Happened is something that a member is to be told of. ID tells it from others of its kind.
type Happened struct {
	Member store.MemberID
	ID     string
}

// mostHappened bounds one answer.
const mostHappened = 200

func happened(r *store.Rows) (h Happened, err error) { return h, r.Scan(&h.Member, &h.ID) }

// Open are the practice's open invitations that members made since an instant. The command line shows its links itself.
func Open(ctx context.Context, tx *store.Tx, since time.Time) ([]Happened, error) {
	rows, err := tx.Query(ctx, `SELECT member, id FROM invitation WHERE practice = $1 AND ended_at = 0 AND created_at >= $2 AND expires_at > $3
		AND EXISTS (SELECT 1 FROM member b WHERE b.practice = $1 AND b.id = invitation.created_by) ORDER BY created_at, id LIMIT $4`,
		store.Micro(since), store.Micro(tx.Now), mostHappened)
	return store.Collect(rows, err, happened)
}

// OtherDevices are the sign-ins since an instant from devices that the person had not used here before; the very first is none.
func OtherDevices(ctx context.Context, tx *store.Tx, since time.Time) ([]Happened, error) {
	rows, err := tx.Query(ctx, `SELECT s.member, s.id FROM session s WHERE s.practice = $1 AND s.created_at >= $2 AND s.way <> 'link'
		AND NOT EXISTS (SELECT 1 FROM session o WHERE o.practice = $1 AND o.person = s.person AND o.device = s.device AND o.created_at < s.created_at)
		AND EXISTS (SELECT 1 FROM session o WHERE o.practice = $1 AND o.person = s.person AND o.created_at < s.created_at)
		ORDER BY s.created_at, s.id LIMIT $3`, store.Micro(since), mostHappened)
	return store.Collect(rows, err, happened)
}

// Changed are the members of any practice whose ways to sign in were changed since an instant, after they were first made. A person of several
// practices is told by each.
func Changed(ctx context.Context, w *store.Wide, since time.Time) (map[store.PracticeID][]Happened, error) {
	type row struct {
		practice store.PracticeID
		Happened
	}
	rows, err := w.Query(ctx, `SELECT m.practice, m.id, p.id || ' ' || CAST(p.changed_at AS text) FROM person p JOIN member m ON m.person = p.id AND m.ended_at = 0
		WHERE p.practice = '' AND p.changed_at >= $1 AND p.changed_at > p.created_at ORDER BY m.practice, m.id LIMIT $2`, store.Micro(since), 10*mostHappened)
	all, err := store.Collect(rows, err, func(r *store.Rows) (v row, err error) { return v, r.Scan(&v.practice, &v.Member, &v.ID) })
	out := map[store.PracticeID][]Happened{}
	for _, v := range all {
		out[v.practice] = append(out[v.practice], v.Happened)
	}
	return out, err
}
