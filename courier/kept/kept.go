// Package kept is what stays sealed with a message that left: enough to make the same words again from the version and the practice's own texts as they
// were signed.
//
// Promises: what is made again is made by the code that sent it, from bytes whose digests are compared; what cannot be made again is an error.
package kept

import (
	"encoding/hex"
	"errors"
	"fmt"

	"letterhead/wording"
)

// Record is what is sealed.
type Record struct {
	Address   string         `json:"address"`
	Language  string         `json:"language"`
	Date      int64          `json:"date"` // of the header, seconds
	Values    wording.Values `json:"values"`
	Directory string         `json:"directory"` // digest of the practice's own texts, hex
	Salt      []byte         `json:"salt"`      // of the leaf's commitments
}

// Sources are what a message was made of beside its record.
type Sources struct {
	Version   []byte // canonical JSON of the version
	Digest    string // that it must have, hex
	Directory []byte // canonical JSON of the practice's own texts
	Pictures  map[string][]byte
	Portal    wording.Portal
}

var errOther = errors.New("what is stored is not what the message was made of")

// Render makes the message again.
func (r *Record) Render(s Sources) (out wording.Rendered, err error) {
	version, digest, err := wording.DecodeCanonical(s.Version)
	if err != nil || digest.String() != s.Digest {
		return out, errors.Join(errOther, err)
	}
	var book *wording.Book
	if r.Directory != "" {
		var sum wording.Digest
		if book, sum, err = wording.ParseDirectory(s.Directory); err != nil || hex.EncodeToString(sum[:]) != r.Directory {
			return out, errors.Join(errOther, err)
		}
	}
	for _, i := range version.Images() {
		if err := version.Attach(s.Pictures[i.SHA256]); err != nil {
			return out, fmt.Errorf("a picture of the message: %w", err)
		}
	}
	compiled, err := wording.CompileThrough(s.Portal, version, r.Language)
	if err != nil {
		return out, err
	}
	return compiled.RenderWith(book, nil, &r.Values), nil
}
