package message

import (
	"context"
	"fmt"
	"time"

	"letterhead/store"
)

// mostTold bounds the messages to one number that are looked at.
const mostTold = 100

const toldQuery = `SELECT ` + columns + ` FROM message WHERE practice = $1 AND channel = 'sms' AND address_index = $2 AND created_at >= $3
	AND state IN ('leaving', 'sent', 'maybe sent') AND attendee <> '' ORDER BY created_at DESC, id DESC LIMIT $4`

// Told are the text messages about appointments that went to a number since an instant, the latest first: at most 100.
func Told(ctx context.Context, tx *store.Tx, index string, since time.Time) ([]Message, error) {
	rows, err := tx.Query(ctx, toldQuery, index, store.Micro(since), mostTold)
	found, err := store.Collect(rows, err, scan)
	if err != nil {
		return nil, fmt.Errorf("find what a number was told: %w", err)
	}
	return found, nil
}
