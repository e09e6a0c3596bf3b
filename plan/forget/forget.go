// Package forget takes away what was due of appointments that never were: of an import that is undone.
package forget

import (
	"context"

	"letterhead/calendar"
	"letterhead/store"
)

// Due deletes the due rows of appointments that are about to be deleted: the undo of an import alone does that, and only with what no message
// was ever about.
func Due(ctx context.Context, tx *store.Tx, ids ...calendar.ID) error {
	return store.Chunks(ids, 2, func(list string, args []any) error {
		_, err := tx.Exec(ctx, `DELETE FROM due WHERE practice = $1 AND appointment IN (`+list+`)`, args...)
		return err
	})
}
