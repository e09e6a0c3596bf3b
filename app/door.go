package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"

	"letterhead/guard"
	"letterhead/store"
)

// door is where people come in, at the addresses under which the pages are reached.
func (i *installation) door(port string) (*guard.Door, error) {
	party, origins := i.config.Party(port)
	return guard.NewDoor(i.db, i.keeper, party, origins...)
}

// commandDoor makes invitations; nobody comes in by it.
func (i *installation) commandDoor() (*guard.Door, error) { return i.door("") }

// invite makes a member's link.
func (i *installation) invite(ctx context.Context, tx *store.Tx, id store.MemberID) (string, error) {
	door, err := i.commandDoor()
	if err != nil {
		return "", err
	}
	token, err := door.Invite(ctx, tx, id)
	return i.config.PublicURL + "/invitation/" + token, err
}

// secured is the listener and the handler as the outside reaches them: by TLS, behind a proxy, or on this machine alone.
func (i *installation) secured(l net.Listener, h http.Handler) (net.Listener, http.Handler, error) {
	u, err := url.Parse(i.config.PublicURL)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	wrapped, err := i.config.TLS.Listener(l, u.Hostname(), i.folder)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	h, err = i.config.TLS.Handler(h)
	return wrapped, h, err
}
