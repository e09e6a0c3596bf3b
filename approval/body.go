package approval

import "letterhead/store"

// Body is what a kind says beside the common members: the member of the kind is there and no other. Directory, limits, surge and withdraw have none.
type Body struct {
	Grant   *GrantBody   `json:"grant,omitempty"`
	Host    *HostBody    `json:"host,omitempty"`
	Hosts   *HostsBody   `json:"hosts,omitempty"`
	Import  *ImportBody  `json:"import,omitempty"`
	Key     *KeyBody     `json:"key,omitempty"`
	Letter  *LetterBody  `json:"letter,omitempty"`
	Lift    *LiftBody    `json:"lift,omitempty"`
	Member  *MemberBody  `json:"member,omitempty"`
	Order   *OrderBody   `json:"order,omitempty"`
	Resume  *ResumeBody  `json:"resume,omitempty"`
	Rule    *RuleBody    `json:"rule,omitempty"`
	Sender  *SenderBody  `json:"sender,omitempty"`
	Wording *WordingBody `json:"wording,omitempty"`
}

// KeyAction is what a key statement does.
type KeyAction string

// A key is enrolled, or is a recovery sheet's, and may be revoked, once and for ever.
const (
	Enrol    KeyAction = "enrol"    // a passkey of a member
	Recovery KeyAction = "recovery" // an Ed25519 key that may only enrol, for an owner
	Revoke   KeyAction = "revoke"
)

// KeyBody enrols or revokes a key. The subject is the credential id in base64url (KeySubject); a recovery key's is RecoverySubject.
type KeyBody struct {
	Action    KeyAction      `json:"action"`
	Member    store.MemberID `json:"member"`     // whose key it is
	Proof     Bytes          `json:"proof"`      // of the first key: HMAC-SHA256(one-time secret, public key); else empty
	PublicKey Bytes          `json:"public_key"` // COSE_Key of a passkey, 32 bytes of a recovery key; empty when revoked
	Since     int64          `json:"since"`      // revoked as stolen: what it signed from this position on does not count; 0: all stays
}

// Role is what a member may sign; the words are those of package guard.
type Role string

// The roles. See State for what each may sign.
const (
	Owner        Role = "owner"
	Manager      Role = "manager"
	Practitioner Role = "practitioner"
	FrontDesk    Role = "front desk"
	Bookkeeper   Role = "bookkeeper"
	ReadOnly     Role = "read-only"
)

// MemberBody says what a member may sign. The subject is the member's id.
type MemberBody struct {
	Address Digest `json:"address"` // Commit(statement's nonce, address) of the second channel; zero for none
	Alone   int64  `json:"alone"`   // recipients of an order that they may sign for alone; 0: the general rule, which it can only narrow
	Channel string `json:"channel"` // "email" or "sms": the second channel; "" for none
	Role    Role   `json:"role"`
}

// WordingBody approves a version of a wording: the statement's digest is the version's, the subject the wording's id.
type WordingBody struct {
	Purpose string `json:"purpose"` // "appointments" or "marketing"
}

// SenderBody approves a sender. The subject is "email" or "sms", or one of them with ":" and the id of a location.
type SenderBody struct {
	Address string `json:"address"` // From address, or SMS sender id or number
	Channel string `json:"channel"`
	Name    string `json:"name"` // shown as From; "" of SMS
}

// HostsBody is the whole list of hosts that links may lead to, in order, each once. The subject is "hosts".
type HostsBody struct {
	Hosts []string `json:"hosts"`
}

// HostBody switches a host off at once, or on again. The subject is the host.
type HostBody struct {
	Off bool `json:"off"`
}

// RuleBody approves an automatic message: the statement's digest is that of the rule's content, the subject its key.
type RuleBody struct {
	Channel string `json:"channel"` // email, sms, or preference: each recipient's own choice
	Purpose string `json:"purpose"`
	Wording string `json:"wording"` // subject of the wording statement
}

// OrderBody approves a bulk message: the statement's digest is the wording version's, the subject the order's id, Limits.Total the cap.
type OrderBody struct {
	Active  int64  `json:"active"` // active clients of the practice when it was signed; the courier compares
	Channel string `json:"channel"`
	Count   int64  `json:"count"` // recipients below Root
	Purpose string `json:"purpose"`
	Root    Digest `json:"root"`    // audience.Root over client, channel and address index
	Wording string `json:"wording"` // subject of the wording statement
}

// LetterBody approves free wording to one client: the statement's digest is the letter's, the subject its id.
type LetterBody struct {
	Channel   string `json:"channel"`
	Client    string `json:"client"`    // id
	Recipient string `json:"recipient"` // address index
}

// GrantBody lets an API credential send a version: the statement's digest is the version's, Limits.Day how many a day.
type GrantBody struct {
	Credential string       `json:"credential"` // id
	Purpose    string       `json:"purpose"`
	Values     []GrantValue `json:"values"`  // which typed fields it may fill, and with what; in order of name
	Wording    string       `json:"wording"` // subject of the wording statement
}

// GrantValue is a field of a wording and the values that a credential may give it; none listed: any that its type allows.
type GrantValue struct {
	Digest Digest   `json:"digest"` // of a longer list kept elsewhere; zero for none
	Name   string   `json:"name"`
	OneOf  []string `json:"one_of"`
}

// ImportBody allows an import to bring new addresses: the statement's digest is the batch's, Limits.NewDay how many of them a day.
type ImportBody struct {
	Addresses int64 `json:"addresses"`
}

// LiftBody lifts a freeze. The subject is the freeze's id.
type LiftBody struct {
	Epoch int64  `json:"epoch"` // of the freeze
	Scope string `json:"scope"`
}

// ResumeBody says that the chain goes on from a head although the journal has seen a later one. The subject is "chain".
type ResumeBody struct {
	From Head `json:"from"` // the last entry that is still there
	Lost Head `json:"lost"` // what the journal has seen
}

// Head names a state of a chain: the position of its last entry and that entry's hash; zero before the first.
type Head struct {
	Hash     Digest `json:"hash"`
	Position int64  `json:"position"`
}
