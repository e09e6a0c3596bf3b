// Package vault seals what must not be readable from the database alone, and makes the keyed indexes by which it can still be found.
//
// Every practice has a keyset of its own: an AES-256-GCM key that seals, and an HMAC-SHA256 key that indexes. The keyset is a row of the
// database, wrapped with the key-encryption key (KEK), which is not: it lies in a file made 0600 at init and belongs in another backup than
// the database. Whoever has the rows alone reads nothing sealed, moves no sealed value to another practice, row, column or version, and
// guesses no address behind an index.
//
// Erasing a keyset erases all that it sealed, backups of the database included, for the KEK does not open what is gone.
//
// What is opened is opened within a transaction, and says in the access log who looked, at whom and at what (look.go): the row is on disk before
// whoever asked has the answer, also when the transaction comes to nothing. The courier alone opens without a row, to merge: a message's leaf and
// timeline are the record of that.
//
// Promises: a keyset is taken from its row in each transaction (the opened form is cached by what the row holds), so an erased keyset stops
// working at once in every process, and one created in a transaction that was rolled back is never used. Never: a key in a log or an error.
package vault

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"
	"letterhead/fault"
	"letterhead/store"
)

// ErrNoKeys is returned by a View of a practice that has no keyset: nothing of it was ever sealed, or it was erased.
var ErrNoKeys = fault.New(fault.NotFound, "vault.none", "this practice has no keyset: it was erased, or nothing was ever sealed")

// ErrSealed is returned for a value that these keys do not open at that place: damaged, moved, or sealed by others.
var ErrSealed = fault.New(fault.Internal, "vault.sealed", "a sealed value cannot be opened at its place")

// ErrWrongKEK is returned when the key-encryption key is not the one that wrapped a practice's keyset.
var ErrWrongKEK = fault.New(fault.Unavailable, "vault.kek", "the key file does not open this practice's keyset: it belongs to another installation, or the row was changed")

// ErrNobody is returned where something would be opened and the access log could not say by whom and for what.
var ErrNobody = fault.New(fault.Internal, "vault.nobody", "this opens personal data where it cannot be written down who looked")

// Keeper opens keysets with the KEK. It is safe for concurrent use.
type Keeper struct {
	kek   tink.AEAD
	roots []byte // what Derive starts from

	mu   sync.Mutex
	open map[[sha256.Size]byte]*Keys // by the hash of practice and wrapped row
}

// openKeysets bounds how many opened keysets are kept; beyond it, arbitrary ones are dropped and opened again when wanted (20 µs).
const openKeysets = 4096

// NewKeeper returns a keeper for a KEK of 32 bytes.
func NewKeeper(kek []byte) (*Keeper, error) {
	if len(kek) != 32 {
		return nil, fmt.Errorf("vault: the key-encryption key has %d bytes; it must have 32", len(kek))
	}
	wrapping, err := hkdf.Key(sha256.New, kek, nil, "letterhead keyset wrapping", 32)
	if err != nil {
		return nil, fmt.Errorf("vault: derive the wrapping key: %w", err)
	}
	roots, err := hkdf.Key(sha256.New, kek, nil, "letterhead derived keys", 32)
	if err != nil {
		return nil, fmt.Errorf("vault: derive: %w", err)
	}
	cipher, err := subtle.NewAESGCM(wrapping)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return &Keeper{kek: cipher, roots: roots, open: map[[sha256.Size]byte]*Keys{}}, nil
}

// Derive returns 32 bytes for one use of the whole installation, such as signing unsubscribe links. The same use gives the same bytes.
func (k *Keeper) Derive(use string) []byte {
	key, err := hkdf.Key(sha256.New, k.roots, nil, "letterhead use "+use, 32)
	if err != nil {
		panic("vault: derive: " + err.Error()) // only for lengths beyond 255 hashes
	}
	return key
}

// Keys returns the keys of the transaction's practice. In a Change it creates them when the practice has none; in a View that is ErrNoKeys.
func (k *Keeper) Keys(ctx context.Context, tx *store.Tx) (*Keys, error) {
	wrapped, err := read(ctx, tx)
	if errors.Is(err, store.ErrNone) {
		return k.create(ctx, tx)
	}
	if err != nil {
		return nil, err
	}
	return k.unwrap(tx.Practice, wrapped)
}

// Merging returns the practice's keys for who merges names and addresses into messages: what they open is no look by somebody, and leaves no row. The
// packages that may ask are listed in a test; where a person or a program acts it is refused.
func (k *Keeper) Merging(ctx context.Context, tx *store.Tx) (*Keys, error) {
	if tx.Actor.Member != "" || tx.Actor.Way != (store.Way{}) {
		return nil, ErrNobody
	}
	keys, err := k.Keys(ctx, tx)
	if err != nil {
		return nil, err
	}
	merging := *keys
	merging.merging = true
	return &merging, nil
}

func read(ctx context.Context, tx *store.Tx) ([]byte, error) {
	var wrapped []byte
	err := tx.Row(ctx, `SELECT wrapped FROM keyset WHERE practice = $1`).Scan(&wrapped)
	return wrapped, err
}

func (k *Keeper) create(ctx context.Context, tx *store.Tx) (*Keys, error) {
	wrapped, err := k.fresh(tx.Practice)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO keyset (practice, wrapped, created_at) VALUES ($1, $2, $3) ON CONFLICT (practice) DO NOTHING`,
		wrapped, store.Micro(tx.Now))
	if err != nil {
		return nil, ErrNoKeys.With(err)
	}
	if wrapped, err = read(ctx, tx); err != nil { // another transaction's keyset may have come first
		return nil, err
	}
	return k.unwrap(tx.Practice, wrapped)
}

// Erase deletes the practice's keyset: what it sealed cannot be opened any more, here or in any copy of the rows.
func (k *Keeper) Erase(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `DELETE FROM keyset WHERE practice = $1`)
	k.mu.Lock()
	clear(k.open)
	k.mu.Unlock()
	return err
}

// fresh makes a keyset and wraps it: the length of the first part as two bytes, the sealing keyset, the indexing keyset, both as Tink
// writes them and encrypted with the KEK, the practice and the part's name being the associated data.
func (k *Keeper) fresh(practice store.PracticeID) ([]byte, error) {
	sealing, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("vault: make a sealing key: %w", err)
	}
	indexing, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("vault: make an indexing key: %w", err)
	}
	var first, second bytes.Buffer
	if err := sealing.WriteWithAssociatedData(keyset.NewBinaryWriter(&first), k.kek, part(practice, "sealing")); err != nil {
		return nil, fmt.Errorf("vault: wrap a keyset: %w", err)
	}
	if err := indexing.WriteWithAssociatedData(keyset.NewBinaryWriter(&second), k.kek, part(practice, "indexing")); err != nil {
		return nil, fmt.Errorf("vault: wrap a keyset: %w", err)
	}
	wrapped := binary.BigEndian.AppendUint16(nil, uint16(first.Len()))
	return append(append(wrapped, first.Bytes()...), second.Bytes()...), nil
}

func part(practice store.PracticeID, name string) []byte {
	return []byte("letterhead keyset\x00" + string(practice) + "\x00" + name)
}

func (k *Keeper) unwrap(practice store.PracticeID, wrapped []byte) (*Keys, error) {
	known := sha256.Sum256(append([]byte(string(practice)+"\x00"), wrapped...))
	k.mu.Lock()
	keys := k.open[known]
	k.mu.Unlock()
	if keys != nil {
		return keys, nil
	}
	if len(wrapped) < 2 || len(wrapped) < 2+int(binary.BigEndian.Uint16(wrapped)) {
		return nil, ErrWrongKEK
	}
	cut := 2 + int(binary.BigEndian.Uint16(wrapped))
	sealing, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped[2:cut])), k.kek, part(practice, "sealing"))
	if err != nil {
		return nil, ErrWrongKEK.With(err)
	}
	indexing, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped[cut:])), k.kek, part(practice, "indexing"))
	if err != nil {
		return nil, ErrWrongKEK.With(err)
	}
	keys = &Keys{practice: practice}
	if keys.seal, err = aead.New(sealing); err != nil {
		return nil, ErrWrongKEK.With(err)
	}
	if keys.index, err = prf.NewPRFSet(indexing); err != nil {
		return nil, ErrWrongKEK.With(err)
	}
	k.mu.Lock()
	for old := range k.open {
		if len(k.open) < openKeysets {
			break
		}
		delete(k.open, old)
	}
	k.open[known] = keys
	k.mu.Unlock()
	return keys, nil
}

// Place is where a sealed value stands. It is bound to it: the same bytes do not open at another place.
type Place struct {
	Table   string
	Row     string
	Column  string
	Version int64 // of the row, so that an older value cannot be put back
}

// Keys seal and open for one practice. They are safe for concurrent use.
type Keys struct {
	practice store.PracticeID
	seal     tink.AEAD
	index    *prf.Set
	merging  bool // what they open is no look by somebody
}

// Practice is whose keys these are.
func (k *Keys) Practice() store.PracticeID { return k.practice }

// Seal encrypts plain for one place.
func (k *Keys) Seal(at Place, plain []byte) []byte {
	sealed, err := k.seal.Encrypt(plain, k.associated(at))
	if err != nil {
		// AES-GCM refuses only 64 GiB; crypto/rand ends the process itself when the system has no randomness.
		panic("vault: seal: " + err.Error())
	}
	return sealed
}

// Open decrypts what Seal made for the same place, and puts into the access log whose it is and what the actor of the transaction sees of it.
// A transaction of nobody, of another practice, or that is over, opens nothing.
func (k *Keys) Open(tx *store.Tx, of Of, at Place, sealed []byte) ([]byte, error) {
	if err := k.looking(tx, of); err != nil {
		return nil, err
	}
	plain, err := k.seal.Decrypt(sealed, k.associated(at))
	if err != nil {
		return nil, ErrSealed.With(fmt.Errorf("%s.%s of %s: %w", at.Table, at.Column, at.Row, err))
	}
	return plain, nil
}

// associated binds a value to its practice and place; each part carries its length, so that no two places read alike.
func (k *Keys) associated(at Place) []byte {
	out := make([]byte, 0, 128)
	for _, s := range [...]string{string(k.practice), at.Table, at.Row, at.Column} {
		out = binary.AppendUvarint(out, uint64(len(s)))
		out = append(out, s...)
	}
	return binary.AppendVarint(out, at.Version)
}

// Index returns the keyed blind index of a normalised value: 128 bits of HMAC-SHA256, in 26 letters; "" for "". kind keeps indexes of
// different columns apart: "email", "local", "mobile", "tail4".
func (k *Keys) Index(kind, normalised string) string {
	if normalised == "" {
		return ""
	}
	input := make([]byte, 0, len(kind)+1+len(normalised))
	input = append(append(append(input, kind...), 0), normalised...)
	sum, err := k.index.ComputePrimaryPRF(input, 16)
	if err != nil {
		panic("vault: index: " + err.Error()) // only for an output longer than a hash
	}
	return letters.EncodeToString(sum)
}

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
