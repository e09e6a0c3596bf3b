package proposal

import (
	"context"

	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
)

// Things are the names of the practice's services, locations and practitioners, archived ones too, and of programs that have a key.
func Things(ctx context.Context, tx *store.Tx) (map[string]string, error) {
	out := map[string]string{}
	services, err := practice.EveryService(ctx, tx)
	for _, each := range services {
		out[string(each.ID)] = each.Name
	}
	if err != nil {
		return nil, err
	}
	locations, err := practice.EveryLocation(ctx, tx)
	for _, each := range locations {
		out[string(each.ID)] = each.Name
	}
	if err != nil {
		return nil, err
	}
	practitioners, err := practice.EveryPractitioner(ctx, tx)
	for _, each := range practitioners {
		out[string(each.ID)] = each.Name
	}
	if err != nil {
		return nil, err
	}
	programs, err := guard.Credentials(ctx, tx)
	for _, each := range programs {
		out[each.ID] = each.Name + ", whose key begins with " + each.Prefix
	}
	return out, err
}
