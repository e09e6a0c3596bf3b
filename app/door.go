package app

import (
	"context"

	"letterhead/guard"
	"letterhead/store"
)

// door is where people come in, at the addresses under which the pages are reached.
func (i *installation) door(port string) (*guard.Door, error) {
	party, origins := i.config.Party(port)
	return guard.NewDoor(i.db, i.keeper, party, origins...)
}

// invite makes a member's link.
func (i *installation) invite(ctx context.Context, tx *store.Tx, id store.MemberID) (string, error) {
	door, err := i.door("")
	if err != nil {
		return "", err
	}
	token, err := door.Invite(ctx, tx, id)
	return i.config.PublicURL + "/invitation/" + token, err
}
