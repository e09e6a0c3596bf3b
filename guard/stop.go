package guard

import (
	"context"

	"letterhead/store"
)

// EndVisits ends a member's sessions and invitations in the practice, and the credentials they made, and returns how many sessions: for a stop in
// an emergency. They stay a member and can sign in again; End takes their access away. ASVS 7.4.2.
func EndVisits(ctx context.Context, tx *store.Tx, by Member, id store.MemberID) (sessions int64, err error) {
	m, err := Find(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	if !by.Role.Covers(m.Role) {
		return 0, ErrOver
	}
	return endVisits(ctx, tx, id)
}

// EndVisitsOf is EndVisits by the operator's command.
func EndVisitsOf(ctx context.Context, tx *store.Tx, id store.MemberID) (sessions int64, err error) {
	if _, err := Find(ctx, tx, id); err != nil {
		return 0, err
	}
	return endVisits(ctx, tx, id)
}

func endVisits(ctx context.Context, tx *store.Tx, id store.MemberID) (sessions int64, err error) {
	now := store.Micro(tx.Now)
	sessions, err = tx.Exec(ctx, `UPDATE session SET ended_at = $3 WHERE practice = $1 AND member = $2 AND ended_at = 0`, string(id), now)
	for _, statement := range []string{
		`UPDATE invitation SET ended_at = $3 WHERE practice = $1 AND member = $2 AND ended_at = 0`,
		`UPDATE credential SET ended_at = $3 WHERE practice = $1 AND created_by = $2 AND ended_at = 0`,
	} {
		if err == nil {
			_, err = tx.Exec(ctx, statement, string(id), now)
		}
	}
	return sessions, err
}
