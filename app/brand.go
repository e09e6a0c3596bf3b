package app

import (
	"time"

	"letterhead/app/brand"
	"letterhead/app/outside"
	"letterhead/app/planner"
)

func (i *installation) brand() brand.Of {
	return brand.Of{DB: i.db, Folder: courierFolder(i.folder), Platform: i.config.Platform()}
}

func (i *installation) planner() planner.Of {
	of := planner.New(i.db, i.keeper, courierFolder(i.folder), i.trust, i.config.Carrying())
	of.LooksKept = time.Duration(i.config.LooksKept) * 24 * time.Hour
	return of
}

func (i *installation) outside() outside.Of {
	return outside.Of{DB: i.db, Keeper: i.keeper, Folder: courierFolder(i.folder), Config: i.config.Carrying()}
}
