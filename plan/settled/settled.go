// Package settled moves what was sent about somebody's appointments to the file that these appointments belong to now: so that a reminder that went
// to one file is not sent again to the other.
package settled

import (
	"context"

	"letterhead/client"
	"letterhead/store"
)

// theirs are the places whose rows are meant; the appointments first, for the table is found by them.
func theirs(list string) string {
	return ` AND appointment IN (SELECT t.appointment FROM attendee t WHERE t.practice = $1 AND t.id IN (` + list + `)) AND attendee IN (` + list + `)`
}

// Move makes the rows of messages that went to one client, about these attendees, rows of another. Rows of the messages named in never are forgotten:
// they did not go. What is still to come has no row afterwards: plan anew in the same transaction.
func Move(ctx context.Context, tx *store.Tx, attendees []string, from, to client.ID, never []string) error {
	return store.Chunks(attendees, 4, func(list string, args []any) error {
		args = append([]any{from, to}, args...)
		// What is open is planned again, and a row that was dropped when the two were one file before stands in nobody's way.
		if _, err := tx.Exec(ctx, `DELETE FROM due WHERE practice = $1 AND recipient IN ($2, $3) AND state <> 'sent'`+theirs(list), args...); err != nil {
			return err
		}
		err := store.Chunks(never, len(args)+2, func(messages string, more []any) error {
			_, err := tx.Exec(ctx, `DELETE FROM due WHERE practice = $1 AND recipient IN ($2, $3) AND message IN (`+messages+`)`+theirs(list), append(args[:len(args):len(args)], more...)...)
			return err
		})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE due SET recipient = $3 WHERE practice = $1 AND recipient = $2 AND state = 'sent'`+theirs(list)+`
			AND NOT EXISTS (SELECT 1 FROM due o WHERE o.practice = $1 AND o.appointment = due.appointment AND o.attendee = due.attendee AND o.recipient = $3
				AND o.channel = due.channel AND o.rule = due.rule AND o.generation = due.generation)`, args...)
		return err
	})
}
