package main

// valueControls are what may stand in a message, and how values are kept.
func valueControls() []group {
	const inspect, vault = "wording/inspect.go", "vault/vault.go"
	return []group{
		{"wording", []control{
			{"a value has its type's characters", inspect, "switch reason := clean.CheckBytes(info.Type, info.Max, value); reason {", `switch reason := clean.Reason(""); reason {`, "TestInspectFinds"},
			{"a text of the practice is the signed directory's", inspect, `reason != "" || text != string(value) {`, `reason == "never" && text != "" {`, "TestInspectHoldsTextsToTheDirectory"},
			{"a phone is in the signed directory", inspect, "	if !r.compiled.own.KnowsPhone(digits) && ", "	if false && ", "TestInspectFinds"},
			{"who comes says so at the portal", inspect, "		if !r.compiled.portal.Answers(string(value)) {", "		if false {", "TestInspectFinds"},
			{"no link to confirm leads elsewhere", "wording/render.go", "r.compiled.portal.Answers(r.given.Confirm))", "true)", "TestInspectFinds"},
			{"nor one to cancel", "wording/render.go", "r.compiled.portal.Answers(r.given.Decline))", "true)", "TestInspectFinds"},
			{"the way out is ours", inspect, "		if !r.compiled.leadsOut(string(value)) {", "		if false {", "TestInspectFinds"},
			{"what must be there is there", inspect, "	if r.missing != 0 {", "	if false {", "TestInspectFinds"},
			{"no header ends or begins a line", inspect, "	if !encode.HeaderFit(r.Subject) {", "	if false {", "TestInspectFinds"},
			{"no line beyond its length", inspect, "	if !encode.LinesFit(r.Body) {", "	if false {", "TestInspectFinds"},
			{"no more mark-up than the version's", inspect, "	if marks(r.Body) != r.marks {", "	if false {", "TestPayloadsInValues|TestInspectFinds|FuzzNothingUnsignedLeaves|FuzzRender"},
			{"no more than the version can be", inspect, "	if len(r.Body) > c.most {", "	if false {", "TestInspectFinds"},
			{"no text message of many parts", inspect, "	if r.SMS != nil && encode.Units(r.SMS) > encode.MaxSMSUnits {", "	if false {", "TestInspectFinds"},
		}},
		{"vault", []control{
			{"a sealed value is its practice's, row's and column's", vault, "for _, s := range [...]string{string(k.practice), at.Table, at.Row, at.Column} {", "for _, s := range [...]string{at.Table} {", "TestSealedValueOpensOnlyAtItsPlace"},
			{"and of one version of the row", vault, "return binary.AppendVarint(out, at.Version)", "return out", "TestSealedValueOpensOnlyAtItsPlace"},
			{"a keyset is wrapped for one practice", vault, `return []byte("letterhead keyset\x00" + string(practice) + "\x00" + name)`, `return []byte("letterhead keyset\x00" + name)`, "TestWrappedRowDoesNotMoveToAnotherPractice"},
			{"a blind index is keyed, and of one column", vault, "input = append(append(append(input, kind...), 0), normalised...)", "input = append(input, normalised...)", "TestIndex"},
			{"opening notes who looked", "vault/look.go", "	t.add(tx.Actor, of)\n", "	_ = t\n", "TestOpeningWritesWhoLooked|TestATransactionThatCameToNothing|TestAListIsOneRow"},
			{"nobody opens", "vault/look.go", `if tx.Actor.Who() == "" {`, "if false {", "TestNothingOpensWithoutARow"},
			{"keys open in their own practice's transaction", "vault/look.go", "if tx == nil || tx.Practice != k.practice {", "if tx == nil {", "TestNothingOpensWithoutARow"},
			{"nothing opens after the transaction", "store/trail.go", "	if !t.left.open {\n		return nil\n	}\n", "", "TestNothingOpensWithoutARow"},
			{"only the courier opens without a row", vault, `if tx.Actor.Member != "" || tx.Actor.Way != (store.Way{}) {`, "if false {", "TestNothingOpensWithoutARow"},
			{"a change that is kept keeps who looked", "store/store.go", "return left.trail.Write(ctx, t)", "return nil", "TestOpeningWritesWhoLooked"},
			{"what came to nothing leaves who looked", "store/trail.go", "	if l.trail == nil {\n", "	if l.trail == nil || err != nil {\n", "TestATransactionThatCameToNothing"},
			{"what cannot be written down is not shown", "store/trail.go", "	if lost != nil {", "	if false {", "TestNothingOpensWithoutARow"},
			{"a row is not forgotten before its time", "vault/looked.go", "at < $2 AND last < $2 ORDER", "at < $2 ORDER", "TestForgettingIsNeverEarly"},
			{"a network address is a keyed hash, for one practice", "vault/look.go", `string(practice) + "\x00" + address`, "address", "TestTheLogHoldsReferencesAlone"},
			{"others on the machine do not read the key file", "vault/file.go", "wide := info.Mode().Perm() & 0o077; wide != 0 {", "wide := info.Mode().Perm() & 0o077; wide > 0o777 {", "TestKEKFile"},
		}},
		{"client", []control{
			{"an address is sealed for its row's version", "client/sealed.go", `	return openAt(tx, keys, of, vault.Place{Table: "client", Row: string(id), Column: "sealed", Version: version}, sealed)`, `	return openAt(tx, keys, of, vault.Place{Table: "client", Row: string(id), Column: "sealed"}, sealed)`, "TestAddFindChangeArchive|TestNothingOfHowSomebodyIsReachedIsInClear"},
		}},
	}
}
