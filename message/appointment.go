package message

import (
	"context"
	"fmt"
	"slices"

	"letterhead/store"
)

// OfAppointments returns the messages about these appointments by appointment, the oldest first.
func OfAppointments(ctx context.Context, tx *store.Tx, appointments []string) (map[string][]Message, error) {
	out := make(map[string][]Message, len(appointments))
	for part := range slices.Chunk(appointments, 500) {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		rows, err := tx.Query(ctx, `SELECT `+columns+` FROM message WHERE practice = $1 AND appointment IN (`+store.List(2, len(part))+`) ORDER BY created_at, id`, args...)
		found, err := store.Collect(rows, err, scan)
		if err != nil {
			return nil, fmt.Errorf("read messages about appointments: %w", err)
		}
		for _, m := range found {
			out[m.Appointment] = append(out[m.Appointment], m)
		}
	}
	return out, nil
}
