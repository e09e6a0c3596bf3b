package message

import (
	"context"
	"fmt"

	"letterhead/store"
)

// Departures counts how often messages left or may have, by practice in whose name; "" is Letterhead's own. Each time has its leaf in the ledger.
func Departures(ctx context.Context, w *store.Wide) (map[store.PracticeID]int64, error) {
	out := map[store.PracticeID]int64{}
	rows, err := w.Query(ctx, `SELECT CASE WHEN kind = 'system' THEN '' ELSE practice END AS name, CAST(sum(attempts) AS BIGINT) FROM message WHERE attempts > 0 GROUP BY 1`)
	_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
		var p store.PracticeID
		var n int64
		err = r.Scan(&p, &n)
		out[p] = n
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("count what left: %w", err)
	}
	return out, nil
}
