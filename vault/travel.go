package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"letterhead/store"
)

// Travelling are a practice's keysets in clear, as Tink writes them in JSON: whoever has them and the rows reads everything. They leave with a complete
// export alone, which holds the same in clear anyhow.
type Travelling struct{ Sealing, Indexing []byte }

// Leave returns the practice's keysets for a complete export.
func (k *Keeper) Leave(ctx context.Context, tx *store.Tx) (Travelling, error) {
	wrapped, err := read(ctx, tx)
	if err != nil {
		return Travelling{}, ErrNoKeys.With(err)
	}
	if len(wrapped) < 2 || len(wrapped) < 2+int(binary.BigEndian.Uint16(wrapped)) {
		return Travelling{}, ErrWrongKEK
	}
	cut := 2 + int(binary.BigEndian.Uint16(wrapped))
	var out Travelling
	for _, each := range []struct {
		name string
		raw  []byte
		into *[]byte
	}{{"sealing", wrapped[2:cut], &out.Sealing}, {"indexing", wrapped[cut:], &out.Indexing}} {
		handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(each.raw)), k.kek, part(tx.Practice, each.name))
		if err != nil {
			return Travelling{}, ErrWrongKEK.With(err)
		}
		var clear bytes.Buffer
		if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&clear)); err != nil {
			return Travelling{}, fmt.Errorf("vault: write a keyset: %w", err)
		}
		*each.into = clear.Bytes()
	}
	return out, nil
}

// Arrive keeps the keysets of a practice that comes from elsewhere, wrapped with this installation's key-encryption key. A practice that has keys keeps its
// own: store.ErrUnique.
func (k *Keeper) Arrive(ctx context.Context, tx *store.Tx, keys Travelling) error {
	var parts [2]bytes.Buffer
	for i, each := range []struct {
		name string
		raw  []byte
	}{{"sealing", keys.Sealing}, {"indexing", keys.Indexing}} {
		handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(each.raw)))
		if err != nil {
			return fmt.Errorf("vault: read the %s keyset: %w", each.name, err)
		}
		if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&parts[i]), k.kek, part(tx.Practice, each.name)); err != nil {
			return fmt.Errorf("vault: wrap a keyset: %w", err)
		}
	}
	wrapped := binary.BigEndian.AppendUint16(nil, uint16(parts[0].Len())) //nolint:gosec // a keyset of one key has some hundred bytes
	wrapped = append(append(wrapped, parts[0].Bytes()...), parts[1].Bytes()...)
	if _, err := k.unwrap(tx.Practice, wrapped); err != nil { // they must be of the kinds that seal and index
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO keyset (practice, wrapped, created_at) VALUES ($1, $2, $3)`, wrapped, store.Micro(tx.Now))
	return err
}
