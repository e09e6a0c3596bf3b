package app

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"letterhead/app/brand"
	"letterhead/app/outside"
	"letterhead/app/planner"
	"letterhead/app/setting"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/vault"
)

// installation is an opened data folder.
type installation struct {
	folder string
	config setting.Config
	trust  trust.File
	db     *store.DB
	keeper *vault.Keeper
}

func courierFolder(folder string) string { return filepath.Join(folder, "courier") }

// open opens the data folder. now may be nil.
func (c *call) open(ctx context.Context, now func() time.Time) (*installation, error) {
	if !folderExists(c.folder) {
		return nil, fault.New(fault.Unavailable, "data.missing", fmt.Sprintf("there is no data folder %s; letterhead init makes one, LETTERHEAD_DATA or --data names another", c.folder))
	}
	config, err := setting.Read(c.folder, c.env)
	if err != nil {
		return nil, err
	}
	t, err := trust.Read(courierFolder(c.folder))
	if err != nil {
		return nil, err
	}
	kek, err := vault.ReadKEK(config.KeyFile)
	if err != nil {
		return nil, err
	}
	keeper, err := vault.NewKeeper(kek)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Config{URL: config.Database, Now: now, Small: c.small})
	if err != nil {
		return nil, err
	}
	return &installation{folder: c.folder, config: config, trust: t, db: db, keeper: keeper}, nil
}

func (i *installation) Close() error { return i.db.Close() }

// inFolder opens the data folder for a function and closes it after.
func (c *call) inFolder(ctx context.Context, do func(*installation) error) error {
	i, err := c.open(ctx, nil)
	if err != nil {
		return err
	}
	defer i.Close()
	return do(i)
}

// practiceID reads the flag --practice and makes sure that there is one like it.
func (i *installation) practice(ctx context.Context, id string) (store.Actor, error) {
	if err := required("practice", id); err != nil {
		return store.Actor{}, err
	}
	return store.Actor{Practice: store.PracticeID(id), Agent: "command", Way: store.Way{Purpose: "work", Route: "letterhead"}}, nil
}

func (i *installation) brand() brand.Of {
	relay, _ := i.relayName("") // without one, nobody can say what the DNS must say
	carrying := i.config.Carrying()
	return brand.Of{DB: i.db, Folder: courierFolder(i.folder), Platform: i.config.Platform(), Relay: relay, Texting: carrying.SMSSender}
}

func (i *installation) planner() planner.Of {
	of := planner.New(i.db, i.keeper, courierFolder(i.folder), i.trust, i.config.Carrying())
	of.LooksKept = time.Duration(i.config.LooksKept) * 24 * time.Hour
	return of
}

func (i *installation) outside() outside.Of {
	return outside.Of{DB: i.db, Keeper: i.keeper, Folder: courierFolder(i.folder), Config: i.config.Carrying()}
}

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
