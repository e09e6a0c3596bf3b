package transfer

import (
	"context"
	"fmt"

	"letterhead/client"
	"letterhead/store"
)

// Erase forgets what imports kept of a client for their undoing: the row as it was.
func Erase(ctx context.Context, tx *store.Tx, id client.ID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM import_change WHERE practice = $1 AND kind = 'client' AND id = $2`, id); err != nil {
		return fmt.Errorf("erase what an import kept: %w", err)
	}
	return nil
}
