package drill

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"letterhead/approval"
	"letterhead/courier/trust"
	"letterhead/rehearse/drill/siege"
	"letterhead/rehearse/drill/stage"
	"letterhead/store"
	"letterhead/testkit/key"
)

// onChain are attacks by whoever writes the rows of what was signed.
func onChain() []attack {
	return []attack{
		{name: "approvals-deleted", class: "A15", do: approvalsDeleted, tries: "every approval of the practice is deleted"},
		{name: "approvals-cut", class: "A15", do: approvalsCut, tries: "the chain is rolled back by its last entry"},
		{name: "approvals-moved", class: "A13", do: approvalsMoved, tries: "the other practice's chain in the place of ours"},
		{name: "approval-replayed", class: "A13", do: approvalReplayed, tries: "an entry of the chain once more, behind it"},
		{name: "approval-changed", class: "A15", do: approvalChanged, tries: "another sender in an entry that was signed"},
		{name: "key-forged", class: "A6", do: keyForged, tries: "an entry that enrols the attacker's key for the owner, signed with itself"},
		{name: "limit-forged", class: "A6", do: limitForged, tries: "an entry that raises the limits, signed with the attacker's key"},
		{name: "host-forged", class: "A6", do: hostForged, tries: "an entry that allows the attacker's host, signed with the attacker's key"},
		{name: "role-forged", class: "A6", do: roleForged, tries: "the front desk's row says owner, and their key signs"},
		{name: "root-swapped", class: "A4", do: rootSwapped, tries: "the other practice's first key is put into the trust folder as ours"},
	}
}

func approvalsDeleted(ctx context.Context, w *world) error {
	return w.Exec(ctx, `DELETE FROM approval WHERE practice = $1`, string(w.Victim))
}

func approvalsCut(ctx context.Context, w *world) error {
	if err := wordingForged(ctx, w); err != nil {
		return err
	}
	return w.Exec(ctx, `DELETE FROM approval WHERE practice = $1 AND position = (SELECT max(position) FROM approval WHERE practice = $1)`, string(w.Victim))
}

func approvalsMoved(ctx context.Context, w *world) error {
	return w.Rows(ctx, func(x *store.Wide) error {
		if err := siege.Touch(ctx, x, `DELETE FROM approval WHERE practice = $1`, string(w.Victim)); err != nil {
			return err
		}
		return siege.Touch(ctx, x, `INSERT INTO approval (practice, position, hash, entry, added_at) SELECT $1, position, hash, replace(entry, $2, $1), added_at FROM approval WHERE practice = $2`,
			string(w.Victim), string(w.Other))
	})
}

func approvalReplayed(ctx context.Context, w *world) error {
	return w.Exec(ctx, `INSERT INTO approval (practice, position, hash, entry, added_at) SELECT practice, position + 1, hash, entry, added_at FROM approval
		WHERE practice = $1 AND position = (SELECT max(position) FROM approval WHERE practice = $1)`, string(w.Victim))
}

// A courier that has read the chain already goes by what was signed, and sends what it approves.
func approvalChanged(ctx context.Context, w *world) error {
	w.Bound = stage.Clients
	return w.Exec(ctx, `UPDATE approval SET entry = replace(entry, 'Wattle Street', 'Thief Street') WHERE practice = $1`, string(w.Victim))
}

// thief is a key of the attacker's own, at the desk.
func (w *world) thief() (*key.Key, error) {
	desk, err := trust.Desk(w.CourierFolder())
	return key.New(desk), err
}

func keyForged(ctx context.Context, w *world) error {
	k, err := w.thief()
	if err != nil {
		return err
	}
	owner, err := w.OwnerOf(ctx, w.Victim)
	if err != nil {
		return err
	}
	return w.SlipIn(ctx, w.Victim, k, func(s *approval.State) *approval.Statement {
		x := s.Draft(approval.KindKey, k.Subject(), owner.ID)
		x.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: owner.ID, PublicKey: k.COSE}
		return x
	})
}

func limitForged(ctx context.Context, w *world) error {
	return w.slipInAsOwner(ctx, func(s *approval.State, who store.MemberID) *approval.Statement {
		x := s.Draft(approval.KindLimits, "limits", who)
		x.Limits = &approval.Limits{Day: 1_000_000, NewDay: 1_000_000, MemberDay: 1_000_000, CredentialDay: 1_000_000, RecipientDay: 1000, Total: 10_000_000}
		return x
	})
}

func hostForged(ctx context.Context, w *world) error {
	return w.slipInAsOwner(ctx, func(s *approval.State, who store.MemberID) *approval.Statement {
		x := s.Draft(approval.KindHosts, "hosts", who)
		x.Body.Hosts = &approval.HostsBody{Hosts: []string{evil}}
		return x
	})
}

// slipInAsOwner has the attacker's key sign in the owner's name.
func (w *world) slipInAsOwner(ctx context.Context, draft func(*approval.State, store.MemberID) *approval.Statement) error {
	k, err := w.thief()
	if err != nil {
		return err
	}
	owner, err := w.OwnerOf(ctx, w.Victim)
	if err != nil {
		return err
	}
	return w.SlipIn(ctx, w.Victim, k, func(s *approval.State) *approval.Statement { return draft(s, owner.ID) })
}

func roleForged(ctx context.Context, w *world) error {
	m, err := w.Member(ctx, w.Victim, "front desk")
	if err != nil {
		return err
	}
	if err := w.Exec(ctx, `UPDATE member SET role = 'owner' WHERE practice = $1 AND id = $2`, string(w.Victim), string(m.ID)); err != nil {
		return err
	}
	content, digest, subject, err := w.Forge(ctx, w.Victim, w.Victim, nil)
	if err != nil {
		return err
	}
	if err := w.Plant(ctx, w.Victim, subject, content, digest); err != nil {
		return err
	}
	k, err := w.thief()
	if err != nil {
		return err
	}
	return w.SlipIn(ctx, w.Victim, k, func(s *approval.State) *approval.Statement {
		x := s.Draft(approval.KindWording, subject, m.ID)
		x.Digest, x.Body.Wording = digest, &approval.WordingBody{Purpose: "appointments"}
		return x
	})
}

// rootSwapped is by somebody who has the courier's folder too, for a moment.
func rootSwapped(_ context.Context, w *world) error {
	of := func(p store.PracticeID) string { return filepath.Join(w.CourierFolder(), "roots", string(p)+".json") }
	raw, err := os.ReadFile(of(w.Other))
	if err != nil {
		return err
	}
	return os.WriteFile(of(w.Victim), []byte(strings.ReplaceAll(string(raw), string(w.Other), string(w.Victim))), 0o600)
}
