package sign

import (
	"letterhead/approval"
	"letterhead/store"
)

// Proposal is something that the practice's rows want signed.
type Proposal struct {
	Statement func(*approval.State, store.MemberID) *approval.Statement
	Kind      approval.Kind
	Subject   string
	Title     string
	Content   []byte // what the statement's digest names; nil where it says all itself
}
