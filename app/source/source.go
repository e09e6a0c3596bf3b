// Package source puts together what the courier asks the product for: each path's own source stands around the one before it, answers for its kind of
// message and passes the others on.
package source

import (
	"letterhead/courier"
	"letterhead/grant"
	"letterhead/letter"
	"letterhead/notice"
	"letterhead/order"
	"letterhead/plan"
	"letterhead/vault"
)

// New returns the source of all paths, opening with these keys, and what tells the digests of what Letterhead says itself.
func New(keeper *vault.Keeper, config courier.Config) (courier.Source, func(digest string) bool, error) {
	words, err := Words(config)
	if err != nil {
		return nil, nil, err
	}
	all, err := notice.NewSource(letter.NewSource(grant.NewSource(order.NewSource(plan.NewSource(keeper))), keeper), words, keeper)
	return all, words.Is, err
}

// Words are what Letterhead says to members, from the operator's own address.
func Words(config courier.Config) (*notice.Words, error) {
	return notice.New(config.NoticesFrom(config.PlatformDomain), config.PublicURL)
}
