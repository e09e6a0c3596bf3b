// Package signed says what of a practice waits for a signature: its details, its templates, its automatic messages, its bulk messages and letters.
//
// It reads what the practice's people signed, compares digests and decides nothing: the desk lists what there is to sign, the courier believes the
// chain alone.
package signed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"letterhead/approval"
	"letterhead/letter"
	"letterhead/order"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
)

// State is what is signed, and how much is not.
type State struct {
	Known     bool // somebody can tell
	Keys      int  // that may sign, of all members
	Mine      bool // one of them is the visitor's
	Details   bool // names, places and numbers are signed as they are
	Templates int  // whose newest version is not signed
	Rules     int  // switched on, and not signed
	Orders    int  // asked for
	Letters   int  // asked for
}

// All tells whether what a practice begins with is signed.
func (s State) All() bool {
	return s.Known && s.Keys > 0 && s.Details && s.Templates == 0 && s.Rules == 0
}

// Read reads it.
func Read(ctx context.Context, tx *store.Tx, v *page.Visit) (s State, err error) {
	if v.Signed == nil {
		return s, nil
	}
	details, err := digest(ctx, tx)
	if err != nil {
		return s, err
	}
	rules, err := plan.Rules(ctx, tx)
	if err != nil {
		return s, err
	}
	wordings, err := template.List(ctx, tx)
	if err != nil {
		return s, err
	}
	current, err := template.CurrentVersions(ctx, tx)
	if err != nil {
		return s, err
	}
	if s.Orders, err = order.CountAsked(ctx, tx); err != nil {
		return s, err
	}
	if s.Letters, err = letter.CountAsked(ctx, tx); err != nil {
		return s, err
	}
	err = v.Signed(ctx, tx, func(a *approval.State) error {
		s.Known = true
		is := func(kind approval.Kind, subject, digest string) bool {
			known, err := a.Current(kind, subject, tx.Now)
			return err == nil && hex.EncodeToString(known.Statement.Digest[:]) == digest
		}
		for _, k := range a.Keys() {
			if k.Revoked == 0 && !k.Recovery {
				s.Keys++
				s.Mine = s.Mine || k.Member == v.Member.ID
			}
		}
		s.Details = is(approval.KindDirectory, "directory", details)
		for _, w := range wordings {
			if !is(approval.KindWording, string(w.ID), current[w.ID].Digest) {
				s.Templates++
			}
		}
		for _, r := range rules {
			digest, err := r.Digest()
			if err != nil {
				return err
			}
			if _, unsigned := a.Allows(approval.KindRule, r.Key, approval.Digest(digest), tx.Now); r.Enabled && unsigned != nil {
				s.Rules++
			}
		}
		return nil
	})
	return s, err
}

// digest is that of the practice's details as they are now; "" where they cannot be signed.
func digest(ctx context.Context, tx *store.Tx) (string, error) {
	d, _, err := practice.Directory(ctx, tx)
	if err != nil {
		return "", err
	}
	content, err := d.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}
