package template

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/wording"
)

// Rebrand makes new versions of all wordings that carry what the practice has changed: its name, colour, logo, phone, address, website or sender.
// A starter wording that nobody has edited is written again from the starter set, for its sentences speak of the ways to reach the practice;
// any other keeps its blocks. It returns how many wordings changed; the old versions stay.
func Rebrand(ctx context.Context, tx *store.Tx, platform string) (changed int, err error) {
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return 0, err
	}
	fresh := map[string]*wording.Version{}
	for _, s := range Starters(p, platform) {
		fresh[s.Key] = s.Version
	}
	base := letterhead(p, platform)
	logo, err := practice.Logo(ctx, tx)
	if err != nil {
		return 0, err
	}
	all, err := List(ctx, tx)
	if err != nil {
		return 0, err
	}
	current, err := CurrentVersions(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, w := range all {
		now := current[w.ID]
		next := fresh[w.Key]
		versions, err := Versions(ctx, tx, w.ID)
		if err != nil {
			return changed, err
		}
		if next == nil || slices.ContainsFunc(versions, byPerson) {
			if next, err = Read(ctx, tx, now.ID); err != nil {
				return changed, err
			}
			hosts := ownHosts(next)
			next.Sender, next.Branding, next.HealthInSMS = base.Sender, base.Branding, base.HealthInSMS
			next.Hosts = slices.Compact(slices.Sorted(slices.Values(append(hosts, base.Hosts...))))
		}
		next.Branding.Logo = logo
		made, err := newVersion(ctx, tx, w.ID, now.ID, next, "details by "+tx.Actor.Who())
		if err != nil {
			return changed, fmt.Errorf("the template %s: %w", w.Key, err)
		}
		if made.ID != now.ID {
			changed++
		}
	}
	return changed, nil
}

// Relogo makes new versions of all wordings that carry another logo than the practice's now, or none. The old versions stay.
func Relogo(ctx context.Context, tx *store.Tx) (changed int, err error) {
	logo, err := practice.Logo(ctx, tx)
	if err != nil {
		return 0, err
	}
	all, err := List(ctx, tx)
	if err != nil {
		return 0, err
	}
	current, err := CurrentVersions(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, w := range all {
		now := current[w.ID]
		next, err := Read(ctx, tx, now.ID)
		if err != nil {
			return changed, err
		}
		next.Branding.Logo = logo
		made, err := newVersion(ctx, tx, w.ID, now.ID, next, "logo by "+tx.Actor.Who())
		if err != nil {
			return changed, fmt.Errorf("the template %s: %w", w.ID, err)
		}
		if made.ID != now.ID {
			changed++
		}
	}
	return changed, nil
}

// byPerson reports whether a person made a version: members are named by their id, everything else by what acted.
func byPerson(v Version) bool {
	_, err := uuid.Parse(v.MadeBy)
	return err == nil
}

// ownHosts are the hosts that a wording may lead to besides the practice's website.
func ownHosts(v *wording.Version) []string {
	website := strings.TrimSuffix(strings.TrimPrefix(v.Branding.Website, "https://"), "/")
	return slices.DeleteFunc(slices.Clone(v.Hosts), func(h string) bool { return h == website })
}
