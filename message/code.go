package message

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"

	"letterhead/store"
	"letterhead/wording/code"
)

// CodeUse names the key of Codes: vault.Keeper.Derive(CodeUse).
const CodeUse = "code of a mail"

// Codes finds messages by the codes of their mails, of which the rows hold keyed hashes alone.
type Codes struct{ key []byte }

// NewCodes is for a key of 32 bytes.
func NewCodes(key []byte) Codes { return Codes{key} }

func (c Codes) mac() hash.Hash { return hmac.New(sha256.New, c.key) }

// hashed is the keyed hash of a code, cut to 128 bits.
func hashed(mac hash.Hash, text code.Code) []byte {
	mac.Reset()
	mac.Write([]byte(text))
	return mac.Sum(nil)[:16]
}

// noCode is no code, of the type that codes have. It is looked for by the index: without one each batch would read all codes that there are.
const noCode = `SELECT code FROM message_code WHERE code = '' LIMIT 1`

// The first row of VALUES only gives the columns their types; it is no message.
var codeSet = store.NewSet(`WITH v (practice, code, message) AS (VALUES ('', (`+noCode+`), ''), `, `)
	INSERT INTO message_code (practice, code, message) SELECT v.practice, v.code, v.message FROM v WHERE v.message <> ''`, "", []byte(nil), "")

// Leave is the Leave of messages whose mails have codes: it keeps them in the same transaction.
func (c Codes) Leave(ctx context.Context, w *store.Wide, by string, list []Departure) (gone []int, err error) {
	if gone, err = Leave(ctx, w, by, list); err != nil {
		return nil, err
	}
	rows, mac := make([]any, 0, 3*len(list)), c.mac()
	for i := range list {
		if d := &list[i]; d.Code != "" && !slices.Contains(gone, i) {
			rows = append(rows, string(d.Practice), hashed(mac, d.Code), string(d.ID))
		}
	}
	if len(rows) == 0 {
		return gone, nil
	}
	if _, err = w.Set(ctx, codeSet, rows); err != nil {
		return nil, fmt.Errorf("keep codes: %w", err)
	}
	return gone, nil
}

// mostNamesakes bounds the messages that one code may find; two are rare.
const mostNamesakes = 4

// Find returns the messages whose mail has a code: none, one, or, once in ten million mails, two.
func (c Codes) Find(ctx context.Context, w *store.Wide, text code.Code) ([]Message, error) {
	rows, err := w.Query(ctx, `SELECT `+columns+` FROM message WHERE (practice, id) IN (SELECT practice, message FROM message_code WHERE code = $1 LIMIT $2)`, hashed(c.mac(), text), mostNamesakes)
	return store.Collect(rows, err, scan)
}
