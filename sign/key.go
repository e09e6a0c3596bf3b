package sign

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/sign/challenge"
	"letterhead/store"
)

// What a challenge may be for. One that was made for something else does not hold.
const (
	toUnlock  = "unlock"
	toFound   = "first"
	toJoin    = "join"
	toRecover = "recover"
)

var (
	errUnknownKey = fault.New(fault.Denied, "sign.key", "this passkey is not a signing key of this practice, or was revoked; a passkey for signing in does not sign")
	errNoOwner    = fault.New(fault.NotFound, "sign.owner", "this practice has no owner in its team list")
	errSecret     = trust.ErrSecret
	errFounded    = trust.ErrPinned
)

// asking is what the script asks for before it asks the passkey.
type asking struct {
	For    string `json:"for"`
	Secret string `json:"secret,omitempty"` // of an invitation, so that the passkey gets its member's name
}

// touch tells the script what to ask the passkey.
type touch struct {
	Create  bool           `json:"create,omitempty"` // a new key; else an answer by one there is
	Options map[string]any `json:"options"`
	To      string         `json:"to"` // where the answer goes
}

func (d *desk) ask(v *visit) (answer, error) {
	var asked asking
	if err := v.read(&asked); err != nil {
		return answer{}, err
	}
	t := touch{To: v.path("/" + asked.For)}
	name := ""
	switch asked.For {
	case toUnlock:
	case toFound:
		name = "owner" // whose name strangers are not told
	case toJoin:
		c, err := d.waits.Of(v.practice(), asked.Secret, v.now)
		if err != nil {
			return answer{}, err
		}
		name = v.name(c.Member)
	case toRecover:
		name = "recovered"
	default:
		return answer{}, errForm
	}
	challenge := d.challenges.New(asked.For, v.practice(), v.now)
	if asked.For == toUnlock {
		t.Options = d.getOptions(challenge)
	} else {
		t.Create, t.Options = true, d.createOptions(challenge, name, v.house.Name)
	}
	return answer{status: http.StatusOK, value: t}, nil
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// getOptions asks for an answer by one of the keys that are named, or by any that the device has for the desk: which keys a practice has is not
// told to somebody who has none.
func (d *desk) getOptions(to [challenge.Size]byte, keys ...string) map[string]any {
	allow := []map[string]string{}
	for _, k := range keys {
		allow = append(allow, map[string]string{"type": "public-key", "id": k})
	}
	return map[string]any{"challenge": encode(to[:]), "rpId": d.party.RPID, "userVerification": "required", "timeout": challenge.Life.Milliseconds(), "allowCredentials": allow}
}

// createOptions asks for a new key that verifies its user and is found without being named, under a user id of its own: a passkey for signing in
// at the same host is not overwritten by it.
func (d *desk) createOptions(to [challenge.Size]byte, name, house string) map[string]any {
	user := make([]byte, 16)
	_, _ = rand.Read(user) // never fails (crypto/rand)
	label := "Signing key: " + name + ", " + house
	return map[string]any{
		"rp": map[string]string{"id": d.party.RPID, "name": "Letterhead signing desk"}, "user": map[string]string{"id": encode(user), "name": label, "displayName": label},
		"challenge": encode(to[:]), "timeout": challenge.Life.Milliseconds(), "attestation": "none",
		"pubKeyCredParams":       []map[string]any{{"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -257}},
		"authenticatorSelection": map[string]any{"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
	}
}

// made is a new key as the script sends it, with what gives the right to it.
type made struct {
	AttestationObject approval.Bytes `json:"attestation_object"`
	ClientData        approval.Bytes `json:"client_data"`
	Secret            string         `json:"secret,omitempty"`
	Proof             approval.Bytes `json:"proof,omitempty"`
	Seed              string         `json:"seed,omitempty"`
}

// registered reads a new key and uses its challenge up.
func (d *desk) registered(v *visit, m made, purpose string) (*assertion.Registration, error) {
	challenge, err := challengeOf(m.ClientData)
	if err != nil || !d.challenges.Fresh(challenge, purpose, v.practice(), v.now) {
		return nil, errChallenge
	}
	made, err := assertion.Register(m.AttestationObject, m.ClientData, challenge, d.party)
	if err != nil {
		return nil, fault.New(fault.Denied, "sign.register", "this key cannot be used; take another passkey, one that asks for a fingerprint, a face or a PIN").With(err)
	}
	if _, err := approval.CredentialOf(approval.KeySubject(made.Credential)); err != nil {
		return nil, err
	}
	if !d.challenges.Spend(challenge, v.now) {
		return nil, errChallenge
	}
	return made, nil
}

// answered is a key's answer as the script sends it.
type answered struct {
	Key               string         `json:"key"`
	AuthenticatorData approval.Bytes `json:"authenticator_data"`
	ClientData        approval.Bytes `json:"client_data"`
	Signature         approval.Bytes `json:"signature"`
}

// unlock begins a visit: a key of this practice answers a random challenge, which is never a sheet's.
func (d *desk) unlock(v *visit) (answer, error) {
	var a answered
	if err := v.read(&a); err != nil {
		return answer{}, err
	}
	challenge, err := challengeOf(a.ClientData)
	if err != nil || !d.challenges.Fresh(challenge, toUnlock, v.practice(), v.now) {
		return answer{}, errChallenge
	}
	publicKey, s, err := d.keyOf(v, a.Key)
	if err != nil {
		return answer{}, err
	}
	parsed, err := assertion.ParseKey(publicKey)
	if err != nil {
		return answer{}, errUnknownKey.With(err)
	}
	given := &assertion.Assertion{AuthenticatorData: a.AuthenticatorData, ClientData: a.ClientData, Signature: a.Signature}
	if err := given.Verify(parsed, challenge, d.party); err != nil {
		return answer{}, errUnknownKey.With(err)
	}
	if !d.challenges.Spend(challenge, v.now) {
		return answer{}, errChallenge
	}
	return d.begin(v, s, v.path(""))
}

// begin keeps a visit and sends the browser on.
func (d *desk) begin(v *visit, s *session, to string) (answer, error) {
	token, err := d.memory.enter(s, v.now)
	if err != nil {
		return answer{}, err
	}
	if v.token != "" {
		d.memory.leave(v.token)
	}
	v.session = s
	return answer{status: http.StatusOK, value: map[string]string{"go": to}, enter: token}, nil
}

// keyOf finds a key by the chain, or the pinned one where nothing was signed yet, and the visit that it would begin.
func (d *desk) keyOf(v *visit, subject string) (publicKey []byte, s *session, err error) {
	s = &session{practice: v.practice(), key: subject, until: v.now.Add(visitLife)}
	err = d.chain(v, func(_ context.Context, _ *store.Tx, state *approval.State) error {
		for _, k := range state.Keys() {
			if k.Subject == subject && !k.Recovery && k.Revoked == 0 {
				publicKey, s.member = k.PublicKey, k.Member
			}
		}
		if state.Head().Position > 0 || publicKey != nil {
			return nil
		}
		root, err := trust.ReadRoot(d.Folder, v.practice())
		if err != nil || root.Key == "" || root.Key != subject {
			return nil //nolint:nilerr // no such key, whatever the reason
		}
		if s.member, err = d.owner(v); err != nil {
			return err
		}
		publicKey = root.PublicKey
		s.founding, s.until = &founding{publicKey: root.PublicKey, proof: root.Proof, recovery: approval.NewRecoverySheet()}, v.now.Add(foundingLife)
		return nil
	})
	if err == nil && publicKey == nil {
		err = errUnknownKey
	}
	return publicKey, s, err
}

// chain reads what the practice has approved.
func (d *desk) chain(v *visit, do func(context.Context, *store.Tx, *approval.State) error) error {
	ctx := v.Context()
	return d.DB.View(ctx, v.actor(), func(tx *store.Tx) error {
		return d.Chains.Read(ctx, tx, func(s *approval.State) error { return do(ctx, tx, s) })
	})
}

// owner is the member whose key the first one is.
func (d *desk) owner(v *visit) (store.MemberID, error) {
	for _, m := range v.members {
		if string(m.Role) == string(approval.Owner) && m.EndedAt.IsZero() {
			return m.ID, nil
		}
	}
	return "", errNoOwner
}

// first begins a founding: the secret is the expected one, its word is for this key. Nothing is pinned before the first touch over a sheet.
func (d *desk) first(v *visit) (answer, error) {
	var m made
	if err := v.read(&m); err != nil {
		return answer{}, err
	}
	root, err := trust.ReadRoot(d.Folder, v.practice())
	if err != nil {
		return answer{}, err
	}
	if root.Key != "" {
		return answer{}, errFounded
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(m.Secret)
	hash := sha256.Sum256(raw)
	if err != nil || subtle.ConstantTimeCompare([]byte(hex.EncodeToString(hash[:])), []byte(root.SecretHash)) != 1 || approval.At(v.now) >= root.Until {
		return answer{}, errSecret
	}
	key, err := d.registered(v, m, toFound)
	if err != nil {
		return answer{}, err
	}
	proof, err := trust.Proof(m.Secret, key.PublicKey)
	if err != nil || subtle.ConstantTimeCompare(proof, m.Proof) != 1 {
		return answer{}, errSecret
	}
	owner, err := d.owner(v)
	if err != nil {
		return answer{}, err
	}
	return d.begin(v, &session{
		practice: v.practice(), member: owner, key: approval.KeySubject(key.Credential), until: v.now.Add(foundingLife),
		founding: &founding{publicKey: key.PublicKey, proof: proof, secret: m.Secret, recovery: approval.NewRecoverySheet()},
	}, v.path("/keep"))
}

// challengeOf reads which challenge a key says that it answered; whether it did is for the signature to show.
func challengeOf(clientData []byte) (c [challenge.Size]byte, err error) {
	var said struct {
		Challenge approval.Bytes `json:"challenge"`
	}
	if err := json.Unmarshal(clientData, &said); err != nil || len(said.Challenge) != len(c) {
		return c, errChallenge
	}
	copy(c[:], said.Challenge)
	return c, nil
}
