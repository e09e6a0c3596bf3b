package message

import (
	"context"
	"fmt"

	"letterhead/store"
)

// Erase deletes what was merged into a client's messages, and the salts of their leaves: the record goes on saying that they went, and nothing of what
// they said. Only messages in a final state are touched; it returns how many others there are.
func Erase(ctx context.Context, tx *store.Tx, client string) (open int64, err error) {
	if _, err = tx.Exec(ctx, `UPDATE message SET sealed = NULL WHERE practice = $1 AND client = $2 AND state IN ('sent', 'refused', 'maybe sent', 'dropped')`, client); err != nil {
		return 0, fmt.Errorf("erase what messages said: %w", err)
	}
	return open, tx.Row(ctx, `SELECT COUNT(*) FROM message WHERE practice = $1 AND client = $2 AND state IN ('queued', 'held', 'leaving')`, client).Scan(&open)
}
