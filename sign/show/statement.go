package show

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"letterhead/approval"
)

// Name names what a statement says, whatever its nonce. committed is the address that a member's statement commits to, where it is known: the
// commitment itself is another with each nonce.
func Name(x *approval.Statement, committed string) string {
	same := *x
	same.Nonce = approval.Nonce{}
	if b := x.Body.Member; b != nil && committed != "" {
		bare := *b
		bare.Address = sha256.Sum256([]byte(committed))
		same.Body.Member = &bare
	}
	raw, err := json.Marshal(&same)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12])
}

// Same tells whether two statements say the same, whoever signs them as whichever serial.
func Same(a, x *approval.Statement) bool {
	bare := func(s *approval.Statement) string {
		same := *s
		same.Nonce, same.Serial, same.Supersedes, same.Who = approval.Nonce{}, 0, approval.Digest{}, ""
		raw, err := json.Marshal(&same)
		if err != nil {
			return ""
		}
		return string(raw)
	}
	return a.Kind == x.Kind && a.Subject == x.Subject && bare(a) == bare(x)
}

// Why says what something waits for.
func Why(reason approval.Reason, until time.Time, zone *time.Location, owner bool) string {
	switch reason {
	case approval.NeedsSecond:
		if owner {
			return "Waits for the signature of a second member; one of the two has to be an owner."
		}
		return "Waits for the signature of a second member."
	case approval.KeyYoung:
		return "Counts from " + Moment(until, zone) + ": one of the two keys is new, and a new key is believed after 3 days."
	case approval.Waiting:
		return "Counts from " + Moment(until, zone) + "; it can be withdrawn until then."
	case approval.Unseen:
		return "Waits for the courier to note it."
	}
	return ""
}

// Digest is what somebody may compare of one, in groups; "" of none.
func Digest(digest approval.Digest) string {
	if digest == (approval.Digest{}) {
		return ""
	}
	text := digest.String()
	out := text[:4]
	for at := 4; at < 24; at += 4 {
		out += " " + text[at:at+4]
	}
	return out + " …"
}
