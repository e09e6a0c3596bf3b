package courier

import (
	"slices"
	"testing"

	"letterhead/courier/signed"
	"letterhead/courier/stops"
	"letterhead/message"
	"letterhead/store"
)

// By what a parcel can be stopped in part: a rule's by its rule, wording, version and hosts, and not by who signed it; what people or programs let
// go by that too.
func TestByWhatAParcelIsStopped(t *testing.T) {
	t.Parallel()
	letter := approved{Answer: &signed.Answer{Wording: "w", Subject: "the-letter", Members: []store.MemberID{"ana", "jo"}}}
	granted := approved{Answer: &signed.Answer{Wording: "w", Grant: "g", Credential: "key"}}
	for _, c := range []struct {
		name   string
		parcel parcel
		want   []stops.Thing
	}{
		{"rule", parcel{Message: message.Message{Intent: message.Intent{Kind: message.Rule, Rule: "r", Version: "v", Digest: "d"}}, approved: approved{Answer: &signed.Answer{Wording: "w"}}},
			[]stops.Thing{{Scope: message.StopVersion, Subject: "v"}, {Scope: message.StopVersion, Subject: "d"}, {Scope: message.StopRule, Subject: "r"}, {Scope: message.StopWording, Subject: "w"}}},
		{"letter", parcel{Message: message.Message{Intent: message.Intent{Kind: message.Letter}}, approved: letter},
			[]stops.Thing{{Scope: message.StopWording, Subject: "w"}, {Scope: message.StopLetter, Subject: "the-letter"}, {Scope: message.StopMember, Subject: "ana"}, {Scope: message.StopMember, Subject: "jo"}}},
		{"order", parcel{Message: message.Message{Intent: message.Intent{Kind: message.Order}}, approved: approved{Answer: &signed.Answer{Subject: "the-order"}}},
			[]stops.Thing{{Scope: message.StopOrder, Subject: "the-order"}}},
		{"program", parcel{Message: message.Message{Intent: message.Intent{Kind: message.Grant}}, approved: granted},
			[]stops.Thing{{Scope: message.StopWording, Subject: "w"}, {Scope: message.StopGrant, Subject: "g"}, {Scope: message.StopCredential, Subject: "key"}}},
		{"nothing known", parcel{Message: message.Message{Intent: message.Intent{Kind: message.Rule, Rule: "r"}}}, []stops.Thing{{Scope: message.StopRule, Subject: "r"}}},
	} {
		got := slices.DeleteFunc(c.parcel.things(), func(t stops.Thing) bool { return t.Subject == "" })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
