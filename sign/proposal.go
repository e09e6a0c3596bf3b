package sign

import (
	"context"
	"fmt"

	"letterhead/approval"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// Proposal is something that the practice's rows want signed.
type Proposal struct {
	Statement func(*approval.State, store.MemberID) *approval.Statement
	Kind      approval.Kind
	Subject   string
	Title     string
	Content   []byte // what the statement's digest names; nil where it says all itself
}

// Proposals are the current versions of the practice's wordings that are not in force.
func Proposals(ctx context.Context, tx *store.Tx, s *approval.State, _ string) ([]Proposal, error) {
	current, err := template.CurrentVersions(ctx, tx)
	if err != nil {
		return nil, err
	}
	list, err := template.List(ctx, tx)
	if err != nil {
		return nil, err
	}
	var out []Proposal
	for _, each := range list {
		version := current[each.ID]
		digest, err := approval.ParseDigest(version.Digest)
		if err != nil {
			return nil, fmt.Errorf("read a version's digest: %w", err)
		}
		if _, err := s.Allows(approval.KindWording, string(each.ID), digest, tx.Now); err == nil {
			continue
		}
		content, err := template.Content(ctx, tx, []template.VersionID{version.ID})
		if err != nil {
			return nil, err
		}
		v, err := wording.Decode(content[version.ID])
		if err != nil {
			return nil, err
		}
		purpose := "appointments"
		if v.Purpose == wording.Marketing {
			purpose = "marketing"
		}
		out = append(out, Proposal{Kind: approval.KindWording, Subject: string(each.ID), Title: each.Name, Content: content[version.ID],
			Statement: func(s *approval.State, who store.MemberID) *approval.Statement {
				x := s.Draft(approval.KindWording, string(each.ID), who)
				x.Digest, x.Body.Wording = digest, &approval.WordingBody{Purpose: purpose}
				return x
			}})
	}
	return out, nil
}
