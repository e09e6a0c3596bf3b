// Package source puts together what the courier asks the product for: each path's own source stands around the one before it, answers for its kind of
// message and passes the others on.
package source

import (
	"letterhead/courier"
	"letterhead/grant"
	"letterhead/letter"
	"letterhead/order"
	"letterhead/plan"
	"letterhead/vault"
)

// New returns the source of all paths, opening with these keys.
func New(keeper *vault.Keeper) courier.Source {
	return letter.NewSource(grant.NewSource(order.NewSource(plan.NewSource(keeper))), keeper)
}
