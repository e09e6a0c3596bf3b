package courier

import (
	"slices"
	"testing"

	"letterhead/approval"
	"letterhead/courier/budget"
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

// A message that waits for a limit waits no longer than it is of use: a day that was counted while the clock was a year ahead ends in a year.
func TestALimitKeepsNothingBeyondItsTime(t *testing.T) {
	t.Parallel()
	c, p := gateWorld(t)
	p.approved.limits = &budget.Budgets{Limits: &approval.Limits{Day: 1, NewDay: 9, RecipientDay: 9, MemberDay: 9, CredentialDay: 9, Total: 9}}
	q := *p
	q.ID, q.facts.AddressIndex = "n", "y"
	now := c.DB.Now()
	if err := checkBudget(t.Context(), c, &batch{now: now.AddDate(1, 0, 0), parcels: []*parcel{p}}); err != nil || p.ticket == 0 {
		t.Fatal(err, p.out)
	}
	if err := checkBudget(t.Context(), c, &batch{now: now, parcels: []*parcel{&q}}); err != nil || q.out.State != message.Queued || q.out.Reason != string(budget.PracticeDay) {
		t.Fatalf("%v %+v", err, q.out)
	}
	if q.out.Turn.After(q.NotAfter) {
		t.Errorf("it waits until %v, and is of use until %v", q.out.Turn, q.NotAfter)
	}
}

// From its note in the journal on a stop needs no row: also where rows are deleted faster than they are put back.
func TestAStopWhoseRowIsGoneHolds(t *testing.T) {
	t.Parallel()
	c, _ := gateWorld(t)
	ctx, actor := t.Context(), store.Actor{Practice: "a", Agent: "test"}
	known := func() *stops.Known {
		c.stops.Forget()
		k, err := c.stops.Fresh(ctx, freezeStale)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for _, statement := range []string{"", `DELETE FROM freeze_entry WHERE practice = $1`} {
		err := c.DB.Change(ctx, actor, func(tx *store.Tx) error {
			if statement != "" {
				_, err := tx.Exec(ctx, statement)
				return err
			}
			if _, err := message.FreezeOnly(ctx, tx, message.StopRule, "r", "test"); err != nil {
				return err
			}
			_, err := message.FreezeOnly(ctx, tx, message.StopPractice, "", "test")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		k := known()
		if _, part := k.Part("a", []stops.Thing{{Scope: message.StopRule, Subject: "r"}}); !part || !k.All("a") || k.All("b") {
			t.Errorf("after %q: %+v", statement, k)
		}
	}
}
