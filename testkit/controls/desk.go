package main

// deskControls are what the signing desk looks at.
func deskControls() []group {
	const desk, walked = "sign/serve.go", "TestTheRouteTableIsWalked"
	return []group{
		{"sign", []control{
			{"no key is enrolled without its role", "sign/signing.go", "	if err := withRole(l, m.statements); err != nil {", "	if err := withRole(l, nil); err != nil {", "TestOneStatementThatCannotBeSignedHoldsNoOther"},
			{"what cannot be signed holds nothing else", "sign/list.go", `i.Blocked = "This cannot be signed as it is: "`, `_ = ""`, "TestOneStatementThatCannotBeSignedHoldsNoOther"},
			{"the desk is locked", desk, "if route.need == unlocked && v.session == nil {", "if false {", walked},
			{"a page of another origin reads nothing", desk, "		if foreign(r) {\n", "		if false {\n", walked},
			{"nor posts", desk, "protected.ServeHTTP(w, r)", "_ = protected\n		next.ServeHTTP(w, r)", walked},
			{"the desk has one name", desk, "if r.Host != d.host {", "if false {", walked},
			{"a visit is to one practice", desk, "if found != nil && found.practice != id {", "if false {", "TestTheRouteTableIsWalked|TestAChallengeIsAnsweredOnceInTimeForItsPurposeAndPractice"},
			{"what is signed was shown", "sign/signing.go", `if s.seen(i.ID) == nil || i.Blocked != "" {`, `if i.Blocked != "" {`, "TestASheetIsWhatWasShown"},
			{"what cannot be shown cannot be signed", "sign/signing.go", `if s.seen(i.ID) == nil || i.Blocked != "" {`, `if s.seen(i.ID) == nil {`, "TestWhatCannotBeShownCannotBeSigned"},
			{"a key in the chain unlocks", "sign/key.go", "	if err := given.Verify(parsed, challenge, d.party); err != nil {", "	if err := given.Verify(parsed, challenge, d.party); false {", "TestAChallengeIsAnsweredOnceInTimeForItsPurposeAndPractice"},
			{"one that is not revoked", "sign/key.go", "!k.Recovery && k.Revoked == 0 {", "!k.Recovery {", "TestAStolenKeyIsRevokedAndWhatItSignedFalls"},
		}},
		{"sign/challenge", []control{
			{"for one purpose and practice", "sign/challenge/challenge.go", "return hmac.Equal(c[randomSize+timeSize:], m.mac(c, purpose, practice)) && ", "return ", "TestAChallengeIsForOnePurposeOnePracticeOneTimeAndOnce"},
			{"for five minutes", "sign/challenge/challenge.go", "now.Before(made.Add(Life)) && ", "", "TestAChallengeIsForOnePurposeOnePracticeOneTimeAndOnce"},
			{"once", "sign/challenge/challenge.go", "	if _, spent := m.spent[c]; spent {\n		return false\n	}\n", "", "TestOfManyAnswersOneCounts"},
		}},
	}
}
