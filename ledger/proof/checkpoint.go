package proof

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// LogKey verifies a log's signatures.
type LogKey = note.Verifier

// ParseLogKey reads a log's verifier key: name+hash+base64 (C2SP signed-note).
func ParseLogKey(text string) (LogKey, error) {
	v, err := note.NewVerifier(strings.TrimSpace(text))
	if err != nil {
		return nil, wrong("this is not a log's verifier key: %v", err)
	}
	return v, nil
}

// Checkpoint is a state of the log as it is signed (C2SP tlog-checkpoint): three lines, and a fourth for the list of counts.
type Checkpoint struct {
	Origin string
	Head
	Counts int64 // lines of the list
	List   Hash  // root over them
}

const listWord = "letterhead-counts "

// MaxNote bounds a checkpoint with its signatures.
const MaxNote = 16 << 10

// Text is what is signed.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n%s%d %s\n", c.Origin, c.Size, tlog.Hash(c.Root), listWord, c.Counts, tlog.Hash(c.List))
}

// ParseCheckpoint reads what Text writes and nothing else.
func ParseCheckpoint(text string) (Checkpoint, error) {
	var c Checkpoint
	lines := strings.Split(text, "\n")
	if len(text) > MaxNote || len(lines) != 5 || !strings.HasPrefix(lines[3], listWord) {
		return c, wrong("a checkpoint has four lines: origin, size, root, list of counts")
	}
	counts, list, _ := strings.Cut(strings.TrimPrefix(lines[3], listWord), " ")
	var bad [4]error
	c.Origin = lines[0]
	c.Size, bad[0] = strconv.ParseInt(lines[1], 10, 64)
	c.Root, bad[1] = parseHash(lines[2])
	c.Counts, bad[2] = strconv.ParseInt(counts, 10, 64)
	c.List, bad[3] = parseHash(list)
	if bad != [4]error{} || c.Size < 0 || c.Size > MaxSize || c.Counts < 0 || c.Counts > c.Size || c.Origin == "" || c.Text() != text {
		return Checkpoint{}, wrong("a line of the checkpoint cannot be read")
	}
	return c, nil
}

func parseHash(text string) (Hash, error) {
	h, err := tlog.ParseHash(text)
	return Hash(h), err
}

// ParseHash reads a hash in base64.
func ParseHash(text string) (Hash, error) {
	h, err := parseHash(text)
	if err != nil || tlog.Hash(h).String() != text {
		return Hash{}, wrong("a hash is 32 bytes in base64")
	}
	return h, nil
}

// Signed is a checkpoint whose log's signature holds.
type Signed struct {
	Checkpoint
	Note     string // all of it
	Text     string // what is signed
	Cosigned []Cosignature
}

// Cosignature is one that holds.
type Cosignature struct {
	Name string
	Key  uint32 // its key's id
	At   int64  // seconds since 1970 UTC, by the cosigner's clock
}

// OpenCheckpoint reads a signed checkpoint. The log's own signature must hold, and that of every cosigner that is given and has signed; others' are
// passed over. The origin must be the key's name, so that no other log of the same key is taken for this one.
func OpenCheckpoint(raw []byte, log note.Verifier, cosigners ...*Cosigner) (*Signed, error) {
	if len(raw) > MaxNote {
		return nil, wrong("a checkpoint has at most %d bytes", MaxNote)
	}
	known := []note.Verifier{log}
	for _, c := range cosigners {
		known = append(known, c)
	}
	n, err := note.Open(raw, note.VerifierList(known...))
	if err != nil {
		return nil, wrong("%v", err)
	}
	is := func(s note.Signature) bool { return s.Name == log.Name() && s.Hash == log.KeyHash() }
	if !slices.ContainsFunc(n.Sigs, is) {
		return nil, wrong("the log did not sign this checkpoint")
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil {
		return nil, err
	}
	if c.Origin != log.Name() {
		return nil, wrong("this is a checkpoint of %q", c.Origin)
	}
	out := &Signed{Checkpoint: c, Note: string(raw), Text: n.Text}
	for _, s := range n.Sigs {
		if raw, err := base64.StdEncoding.DecodeString(s.Base64); err == nil && !is(s) && len(raw) == 4+cosignatureSize {
			out.Cosigned = append(out.Cosigned, Cosignature{s.Name, s.Hash, cosignedAt(raw[4:])})
		}
	}
	return out, nil
}

// Sign signs a checkpoint with the log's key.
func (c Checkpoint) Sign(log note.Signer) ([]byte, error) {
	raw, err := note.Sign(&note.Note{Text: c.Text()}, log)
	if err != nil {
		return nil, fmt.Errorf("sign a checkpoint: %w", err)
	}
	return raw, nil
}

// FormatHash writes a hash in base64.
func FormatHash(h Hash) string { return tlog.Hash(h).String() }

// Name is a file's name made of any text.
func Name(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
