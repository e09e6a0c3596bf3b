package letter

import (
	"context"
	"errors"

	"letterhead/client"
	"letterhead/store"
)

// Erase deletes what was written to a client, what they answered, and what came from numbers, by their indexes, and answered nothing. Letters that wait for a signature have been withdrawn before, by whoever erases.
func Erase(ctx context.Context, tx *store.Tx, id client.ID, numbers []string) error {
	_, err := tx.Exec(ctx, `DELETE FROM letter WHERE practice = $1 AND client = $2`, id)
	_, other := tx.Exec(ctx, `DELETE FROM answer WHERE practice = $1 AND client = $2`, id)
	return errors.Join(err, other, store.Chunks(numbers, 2, func(list string, args []any) error {
		_, err := tx.Exec(ctx, `DELETE FROM answer WHERE practice = $1 AND client = '' AND address_index IN (`+list+`)`, args...)
		return err
	}))
}
