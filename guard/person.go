package guard

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"letterhead/fault"
	"letterhead/guard/passkey"
	"letterhead/guard/secret"
	"letterhead/store"
)

// Passkey is one of a person's passkeys, as they see it.
type Passkey struct {
	ID        string
	Name      string
	BackedUp  bool // copied between its owner's devices
	CreatedAt time.Time
	UsedAt    time.Time
}

// Ways are how a person can sign in.
type Ways struct {
	Passkeys   []Passkey
	Password   bool // with one-time codes
	Recoveries int  // recovery codes that are left
}

// mostPasskeys bounds one person's passkeys.
const mostPasskeys = 20

var (
	errLastWay   = fault.New(fault.Conflict, "guard.last_way", "this is your only way to sign in; add another one first")
	errPasskeys  = fault.New(fault.Conflict, "guard.passkeys", "you have 20 passkeys; remove one first")
	errKnownKey  = fault.New(fault.Conflict, "guard.passkey_twice", "this passkey is in use already")
	errCloneSaid = errors.New("somebody else was first")
)

// request is what navigator.credentials.get is asked for.
func (d *Door) request(challenge []byte, keys [][]byte) string {
	allow := []object{}
	for _, id := range keys {
		allow = append(allow, object{"type": "public-key", "id": base64.RawURLEncoding.EncodeToString(id)})
	}
	return jsonText(object{"challenge": base64.RawURLEncoding.EncodeToString(challenge), "rpId": d.place.Party, "userVerification": "required",
		"timeout": challengeLife.Milliseconds(), "allowCredentials": allow})
}

// creation is what navigator.credentials.create is asked for: a resident key that verifies its user, without attestation.
func (d *Door) creation(challenge []byte, person PersonID, email string, have [][]byte) string {
	exclude := []object{}
	for _, id := range have {
		exclude = append(exclude, object{"type": "public-key", "id": base64.RawURLEncoding.EncodeToString(id)})
	}
	encode := base64.RawURLEncoding.EncodeToString
	return jsonText(object{
		"rp": object{"id": d.place.Party, "name": "Letterhead"}, "user": object{"id": encode([]byte(person)), "name": email, "displayName": email},
		"challenge": encode(challenge), "timeout": challengeLife.Milliseconds(), "attestation": "none", "excludeCredentials": exclude,
		"pubKeyCredParams":       []object{{"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -257}},
		"authenticatorSelection": object{"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
	})
}

// AskPasskey begins a sign-in, or with a session the proof of who sits there: a fresh challenge, for this device alone.
func (d *Door) AskPasskey(b Browser, s *Session) Challenge {
	ceremony, subject, person := SignIn, "", PersonID("")
	if s != nil {
		ceremony, subject, person = Prove, s.ID, s.Person
	}
	st, text := d.challenge(ceremony, b, subject, person)
	return Challenge{State: text, Options: d.request(st.Challenge, nil)}
}

type keyRow struct {
	id     string
	person PersonID
	email  string
	key    passkey.Key
}

func keyOf(ctx context.Context, w *store.Wide, credential []byte) (keyRow, error) {
	k := keyRow{key: passkey.Key{ID: credential}}
	err := w.Row(ctx, `SELECT k.id, k.person, p.email, k.public_key, k.counter, k.backed_up FROM passkey k JOIN person p ON p.practice = '' AND p.id = k.person
		WHERE k.practice = '' AND k.credential = $1`, base64.RawURLEncoding.EncodeToString(credential)).
		Scan(&k.id, &k.person, &k.email, &k.key.Public, &k.key.Count, &k.key.Backed)
	return k, err
}

// Passkey checks a passkey's answer: whose it is (s nil), or that it is the session's own person's.
func (d *Door) Passkey(ctx context.Context, b Browser, s *Session, stateText string, answer []byte) (Proof, error) {
	if err := d.allowAddress(b, "passkey", tryPasskey); err != nil {
		return Proof{}, err
	}
	ceremony, subject := SignIn, ""
	if s != nil {
		ceremony, subject = Prove, s.ID
	}
	st, err := d.opened(ceremony, b, subject, stateText)
	if err != nil {
		return Proof{}, err
	}
	id, handle, err := passkey.Credential(answer)
	if err != nil {
		return Proof{}, err
	}
	hash := d.kept("challenge", string(st.Challenge))
	var p Proof
	err = d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
		k, err := keyOf(ctx, w, id)
		if errors.Is(err, store.ErrNone) {
			return passkey.ErrRefused
		}
		if err != nil {
			return err
		}
		// WebAuthn §7.2 step 6: the user handle must be its owner's.
		if (len(handle) > 0 && string(handle) != string(k.person)) || (s != nil && k.person != s.Person) {
			return passkey.ErrRefused
		}
		found, err := passkey.Verify(d.place, st.Challenge, k.key, answer)
		if err != nil {
			return err
		}
		if err := d.spend(ctx, w, hash, challengeLife); err != nil {
			return err
		}
		n, err := w.Exec(ctx, `UPDATE passkey SET counter = $2, backed_up = $3, used_at = $4 WHERE practice = '' AND id = $1 AND counter = $5`,
			k.id, int64(found.Count), found.Backed, store.Micro(w.Now), int64(k.key.Count))
		if err == nil && n == 0 {
			return passkey.ErrRefused.With(errCloneSaid)
		}
		p = Proof{Person: k.person, Email: k.email, Way: ByPasskey, At: w.Now}
		return err
	})
	if err == nil {
		d.spent.add(hash, d.db.Now(), challengeLife)
	}
	return p, err
}

// AskEnrol begins the making of another passkey for the session's person.
func (d *Door) AskEnrol(ctx context.Context, b Browser, s Session) (Challenge, error) {
	var have [][]byte
	err := d.db.WholeView(ctx, "sign-in", func(w *store.Wide) error {
		rows, err := w.Query(ctx, `SELECT credential FROM passkey WHERE practice = '' AND person = $1 LIMIT 20`, string(s.Person))
		have, err = store.Collect(rows, err, func(r *store.Rows) ([]byte, error) {
			var text string
			err := r.Scan(&text)
			id, _ := base64.RawURLEncoding.DecodeString(text)
			return id, err
		})
		return err
	})
	st, text := d.challenge(Enrol, b, s.ID, s.Person)
	return Challenge{State: text, Options: d.creation(st.Challenge, s.Person, s.Login, have)}, err
}

// Enrol adds a passkey to the session's person.
func (d *Door) Enrol(ctx context.Context, b Browser, s Session, stateText string, answer []byte, name string) error {
	st, err := d.opened(Enrol, b, s.ID, stateText)
	if err != nil {
		return err
	}
	if st.Person != s.Person {
		return secret.ErrState
	}
	key, err := passkey.Register(d.place, st.Challenge, answer)
	if err != nil {
		return err
	}
	hash := d.kept("challenge", string(st.Challenge))
	err = d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
		if err := d.spend(ctx, w, hash, challengeLife); err != nil {
			return err
		}
		if err := addPasskey(ctx, w, s.Person, key, name); err != nil {
			return err
		}
		return waysChanged(ctx, w, s.Person)
	})
	if err == nil {
		d.spent.add(hash, d.db.Now(), challengeLife)
	}
	return err
}

func waysChanged(ctx context.Context, w *store.Wide, person PersonID) error {
	_, err := w.Exec(ctx, `UPDATE person SET changed_at = $2 WHERE practice = '' AND id = $1`, string(person), store.Micro(w.Now))
	return err
}

func addPasskey(ctx context.Context, w *store.Wide, person PersonID, key passkey.Key, name string) error {
	name, err := passkeyName(name)
	if err != nil {
		return err
	}
	var n int
	if err := w.Row(ctx, `SELECT count(*) FROM passkey WHERE practice = '' AND person = $1`, string(person)).Scan(&n); err != nil {
		return err
	}
	if n >= mostPasskeys {
		return errPasskeys
	}
	_, err = w.Exec(ctx, `INSERT INTO passkey (practice, id, person, credential, public_key, counter, backed_up, name, created_at, used_at) VALUES ('', $1, $2, $3, $4, $5, $6, $7, $8, 0)`,
		store.NewID[string](), string(person), base64.RawURLEncoding.EncodeToString(key.ID), key.Public, int64(key.Count), key.Backed, name, store.Micro(w.Now))
	if errors.Is(err, store.ErrUnique) {
		return errKnownKey
	}
	return err
}

func passkeyName(name string) (string, error) {
	if len([]rune(name)) > 60 {
		return "", fault.Field("name", "guard.passkey_name", "a passkey's name has at most 60 characters")
	}
	if name == "" {
		name = "Passkey"
	}
	return name, nil
}

// Ways lists how a person can sign in.
func (d *Door) Ways(ctx context.Context, person PersonID) (Ways, error) {
	var out Ways
	err := d.db.WholeView(ctx, "sign-in", func(w *store.Wide) (err error) {
		out, err = ways(ctx, w, person)
		return err
	})
	return out, err
}

func ways(ctx context.Context, w *store.Wide, person PersonID) (Ways, error) {
	var out Ways
	rows, err := w.Query(ctx, `SELECT id, name, backed_up, created_at, used_at FROM passkey WHERE practice = '' AND person = $1 ORDER BY created_at, id LIMIT 20`, string(person))
	out.Passkeys, err = store.Collect(rows, err, func(r *store.Rows) (Passkey, error) {
		var p Passkey
		var created, used int64
		err := r.Scan(&p.ID, &p.Name, &p.BackedUp, &created, &used)
		p.CreatedAt, p.UsedAt = store.Instant(created), store.Instant(used)
		return p, err
	})
	if err != nil {
		return out, err
	}
	var password string
	if err := w.Row(ctx, `SELECT password FROM person WHERE practice = '' AND id = $1`, string(person)).Scan(&password); err != nil {
		return out, err
	}
	out.Password = password != ""
	err = w.Row(ctx, `SELECT count(*) FROM recovery WHERE practice = '' AND person = $1 AND used_at = 0`, string(person)).Scan(&out.Recoveries)
	return out, err
}

// RemovePasskey removes one of the session's person's passkeys, and ends their other sessions; never the last way to sign in.
func (d *Door) RemovePasskey(ctx context.Context, s Session, id string) error {
	return d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
		have, err := ways(ctx, w, s.Person)
		if err != nil {
			return err
		}
		if len(have.Passkeys) == 1 && have.Passkeys[0].ID == id && !have.Password {
			return errLastWay
		}
		n, err := w.Exec(ctx, `DELETE FROM passkey WHERE practice = '' AND person = $1 AND id = $2`, string(s.Person), id)
		if err == nil && n == 0 {
			return store.ErrNone
		}
		if err == nil {
			_, err = endSessions(ctx, w, s.Person, "", s.ID)
		}
		if err == nil {
			err = waysChanged(ctx, w, s.Person)
		}
		return err
	})
}
