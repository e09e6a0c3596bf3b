package letter

import (
	"context"
	"errors"

	"letterhead/client"
	"letterhead/store"
)

// Erase deletes what was written to a client and what they answered. Letters that wait for a signature have been withdrawn before, by whoever erases.
func Erase(ctx context.Context, tx *store.Tx, id client.ID) error {
	_, err := tx.Exec(ctx, `DELETE FROM letter WHERE practice = $1 AND client = $2`, id)
	_, other := tx.Exec(ctx, `DELETE FROM answer WHERE practice = $1 AND client = $2`, id)
	return errors.Join(err, other)
}
