// Package kept is how a mail is put together around a rendered version, and what stays sealed with a message that left: enough to make the very same bytes
// again from the version and the practice's own texts as they were signed, and to hold them against the message's leaf.
//
// Promises: what is made again is made by the code that sent it, from bytes whose digests are compared; what cannot be made again is an error, and
// ErrOther where what is stored is not what the message was made of, or ErrLayout where another version of the program laid it out. Fits compares with what the
// leaf says and with nothing else, Row with what was sealed and what is on record of the message's fate.
package kept

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"letterhead/ledger/leaf"
	"letterhead/wording"
)

// Layout numbers how this program lays messages out, to the last byte. Whoever changes that raises it: testdata/layout-N is what number N looks like.
const Layout = 1

// Record is what is sealed.
type Record struct {
	Layout    int            `json:"layout"` // that it was made by
	Of        []byte         `json:"of"`     // what its row said, see Of
	Address   string         `json:"address"`
	Language  string         `json:"language"`
	Date      int64          `json:"date"` // of the header, seconds
	Values    wording.Values `json:"values"`
	Directory string         `json:"directory"`        // digest of the practice's own texts, hex
	Salt      []byte         `json:"salt"`             // of the leaf's commitments
	Portal    string         `json:"portal,omitempty"` // where its links pass
	Signature []byte         `json:"-"`                // DKIM-Signature fields; it stands behind the JSON
}

// Append writes a record without its signature, which is put behind it when there is one.
func (r *Record) Append() ([]byte, error) {
	r.Layout = Layout
	return json.Marshal(r)
}

// Parse reads what was sealed.
func Parse(raw []byte) (*Record, error) {
	r := &Record{}
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("what is sealed with a message is no record: %w", err)
	}
	r.Signature = raw[d.InputOffset():]
	return r, nil
}

// Sources are what a message was made of beside its record.
type Sources struct {
	Version   []byte // canonical JSON of the version
	Digest    string // that it must have, hex
	Directory []byte // canonical JSON of the practice's own texts
	Pictures  map[string][]byte
}

// Why a message is not made again.
var (
	ErrOther  = errors.New("what is stored is not what the message was made of")
	ErrLayout = errors.New("the program lays messages out in another way than when this one left")
)

// Sent is what a message's row says of how it left.
type Sent struct {
	SMS       bool
	MessageID string
	Way       bool // marketing: the header says how to end it
}

// Made is a message that was made again.
type Made struct {
	wording.Rendered
	Version  *wording.Version
	Compiled *wording.Compiled
	Whole    []byte // as it was handed off
	channel  leaf.Channel
	digest   wording.Digest
}

// Make makes the message again.
func (r *Record) Make(sent Sent, s Sources) (*Made, error) {
	if r.Layout != Layout {
		return nil, ErrLayout
	}
	m := &Made{channel: leaf.Email}
	var err error
	if m.Version, m.digest, err = wording.DecodeCanonical(s.Version); err != nil || m.digest.String() != s.Digest {
		return nil, errors.Join(ErrOther, err)
	}
	var book *wording.Book
	if r.Directory != "" {
		var sum wording.Digest
		if book, sum, err = wording.ParseDirectory(s.Directory); err != nil || hex.EncodeToString(sum[:]) != r.Directory {
			return nil, errors.Join(ErrOther, err)
		}
	}
	for _, i := range m.Version.Images() {
		if err := m.Version.Attach(s.Pictures[i.SHA256]); err != nil {
			return nil, errors.Join(ErrOther, err)
		}
	}
	var portal wording.Portal
	if r.Portal != "" {
		if portal, err = wording.ParsePortal(r.Portal); err != nil {
			return nil, err
		}
	}
	if m.Compiled, err = wording.CompileThrough(portal, m.Version, m.Version.Match(r.Language)); err != nil {
		return nil, err
	}
	m.Rendered = m.Compiled.RenderWith(book, nil, &r.Values)
	if sent.SMS {
		m.channel, m.Whole = leaf.SMS, m.SMS
		return m, nil
	}
	frame, err := FrameOf(m.Version, m.Compiled)
	if err != nil {
		return nil, err
	}
	h := Head{Address: r.Address, Subject: m.Subject, Date: Date(time.Unix(r.Date, 0)), MessageID: sent.MessageID}
	if book != nil {
		h.ReplyTo = book.ReplyTo(r.Values.PlaceID)
	}
	if sent.Way {
		h.Unsubscribe = r.Values.Unsubscribe
	}
	whole, _, err := frame.Header(bytes.Clone(r.Signature), &h)
	if err != nil {
		return nil, err
	}
	m.Whole = append(whole, m.Body...)
	return m, nil
}
