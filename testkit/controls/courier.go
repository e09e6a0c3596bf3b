package main

// gateControls are what every message passes, on every path.
func gateControls() []group {
	const gate, alone = "courier/gate.go", "TestEachCheckHoldsAlone"
	const line, leases = "message/line.go", "TestLeasesRunOut"
	const breaker, august = "courier/breaker/breaker.go", "TestAugust2024|TestTheNarrowestStop"
	return []group{{"courier", []control{
		{"the journal is asked before anything leaves", gate, "return c.journal.Healthy() }", "return nil }", alone},
		{"stops are asked", gate, "		p.stopped(stopped)\n", "		_, _ = p, stopped\n", alone},
		{"a picture is the signed one", "courier/merge.go", "if err := decoded.Attach(pictures[i.SHA256]); err != nil {", "if err := decoded.Attach(pictures[i.SHA256]); false {", "TestAPictureLeavesOnlyAsItWasSigned"},
		{"one link is stopped", "courier/stop.go", "			add(message.StopLink, link)\n", "			_ = link\n", "TestEachScopeHoldsItsOwn"},
		{"what is too late is dropped", gate, "if !now.Before(p.NotAfter) {", "if false {", alone},
		{"today's facts may end a message", gate, `case p.facts.Stop != "":`, "case false:", alone},
		{"without an address index nothing goes", gate, `if p.facts.Address == "" || p.facts.AddressIndex == "" {`, `if p.facts.Address == "" {`, alone},
		{"suppressed addresses get nothing", gate, "p.end(message.Dropped, message.ReasonSuppressed, why)", "_ = why", alone},
		{"marketing does not pass for a reminder", gate, `if (p.version.compiled.Purpose() == "marketing") != (p.Purpose == message.Marketing) {`, "if false {", alone},
		{"a From domain belongs to one practice", gate, "if !a.ours {", "if false {", alone},
		{"a marked root hands off on this machine alone", gate, "if p.route == nil || c.marked && !p.route.loopback {", "if p.route == nil {", alone},
		{"what nobody signed is held", gate, `{"approval", checkApproval},`, "", "TestNothingUnsignedLeaves"},
		{"a sender is the signed one", "courier/signed/signed.go", "if a.path.Channel == message.Email && (", "if false && (", "TestNothingUnsignedLeaves"},
		{"a rule's content is the signed one", "courier/signed/signed.go", "if by, err = s.Allows(approval.KindRule, at.Subject, at.Content, now); err == nil {", "if by, err = s.Current(approval.KindRule, at.Subject, now); err == nil {", "TestNothingUnsignedLeaves"},
		{"a link's host is signed and on", "courier/signed/signed.go", "		if err := s.Host(host, now); err != nil {", "		if err := s.Host(host, now); false {", "TestNothingUnsignedLeaves"},
		{"a wording is signed by itself, whoever lets it go", "courier/signed/signed.go", "	return a.version(s, wordingID, digest, now)\n", "	a.Wording = wordingID\n	return \"\"\n", "TestNothingUnsignedLeaves"},
		{"the practice's details are those that were signed", "courier/approved.go", "	if approval.Digest(sum) != digest {", "	if false && approval.Digest(sum) != digest {", "TestNothingUnsignedLeaves"},
		{"an order goes to those it was signed for", "courier/signed/signed.go", "if !audience.Verify(", "if false && !audience.Verify(", "TestEveryPathAsksWhatWasSigned"},
		{"a letter goes to its client", "courier/signed/signed.go", "if a.letter.Client != r.Client || a.letter.Recipient != r.Index {", "if false {", "TestEveryPathAsksWhatWasSigned"},
		{"a sample goes to a signed address", "courier/signed/signed.go", "m.Body.Member.Channel != string(a.path.Channel) || approval.Commit(m.Nonce, r.Address) != m.Body.Member.Address {", "false {", "TestEveryPathAsksWhatWasSigned"},
		{"a ledger that is shorter than the journal knows", "courier/logbook/logbook.go", "if err == nil && head.Size-fresh < had.Size {", "if false {", "TestALedgerThatWasRolledBack"},
		{"the ledger is checked at the beginning", "courier/logbook/logbook.go", "	if l.checked.Load() {", "	if true {", "TestALedgerThatWasRolledBack"},
		{"the ledger's head is in the journal", "courier/logbook/logbook.go", "	if head.Size > l.head.Size {", "	if false {", "TestALedgerThatWasRolledBack"},
		{"orders wait for witnesses", gate, `{"witness", checkWitness},`, "", alone},
		{"a chain that goes on after a loss is told as that", "courier/logbook/logbook.go", "leaves[i] = ledger.Entry{Practice: tx.Practice, Label: label, Body: b, Resumed: resumed}\n			resumed = nil", "leaves[i] = ledger.Entry{Practice: tx.Practice, Label: label, Body: b}\n			_, resumed = resumed, nil", "TestAChainThatGoesOnAfterALossIsOnRecord"},
		{"a lift is on record before anything goes on", "courier/logbook/events.go", "if err == nil && known {", "if err == nil && !known {", "TestStopsAndTheirLiftsAreOnRecord"},
		{"a stop is on record", "courier/stops/stops.go", "	late := s.logbook.Stopped(ctx, f.noted)", "	late := s.logbook.Stopped(ctx, nil)", "TestStopsAndTheirLiftsAreOnRecord"},
		{"what a dead courier did is on record", "courier/recover.go", "sequence > 0 {", "sequence == 0 {", "TestKilledCouriersLoseAndDoubleNothing"},
		{"Letterhead's own words are compiled in", "courier/signed/signed.go", "		if !c.System {", "		if false {", "TestEveryPathAsksWhatWasSigned"},
		{"the breaker looks", "courier/look.go", `	{"breaker", checkBreaker},` + "\n", "", "TestTheStolenKeysOfManyPractices"},
		{"budgets are asked", gate, `{"budget", checkBudget},`, "", "TestCapsHold|TestAFirstUseIsPaced"},
		{"a stop is read again right before the first byte", "courier/handoff.go", "if _, is := p.held(stopped); is {", "if false {", "TestAStopHoldsWithinASecondWithASlowRelay"},
		{"what has waited too long at a slow relay does not begin", "courier/handoff.go", "if !now.Before(p.good) {", "if now.IsZero() {", "TestASlowRelayCarriesNothingPastItsTime"},
		{"what begins is in the journal first", "courier/handoff.go", "	segment, err := c.journal.Begun(entries...)\n", "	segment, err := 0, error(nil)\n", "TestKilledCouriersLoseAndDoubleNothing|TestNothingLeavesWithoutItsJournal"},
		{"the version is the one whose digest the message names", "courier/merge.go", "actual.String() != p.Digest || ", "actual.String() == \"\" || ", "TestNothingUnsignedLeaves"},
		{"what was rendered is inspected", "courier/merge.go", "if found := wording.Inspect(&rendered); len(found) > 0 {", "if found := wording.Inspect(&rendered); false {", "TestEveryCheckOfTheGateHolds"},
		{"the sealed values of a message are bound to it", "courier/handoff.go", `Row: string(p.ID), Column: "sealed"`, `Row: "m", Column: "sealed"`, "TestAMessageGoesItsWay"},
		{"a message made again is held against its leaf", "courier/kept/fits.go", "if !part.same {", "if false {", "TestWhatExactlyWasSent"},
		{"a leaf is found in the log that was signed", "ledger/proved.go", "if err := proof.CheckLeaf(hashes, head, out.Index, leaf.Sum(out.Raw)); err != nil {", "if false {", "TestWhatExactlyWasSent"},
	}}, {"message", []control{
		{"another courier's practice is left to it", line, "WHERE message_lease.process = excluded.process OR message_lease.until <= ?`", "WHERE ? > 0`", leases},
		{"a lease that ran out holds nobody up", line, "OR message_lease.until <= ?`", "OR message_lease.until < 0 * ?`", leases},
		{"a message leaves in the hands of who has its practice", "message/claim.go", "if ends, is := had[d.Practice]; is {", "if ends := had[d.Practice]; ends >= 0 {", leases},
		{"what becomes of a queued message says who has its practice", "message/claim.go", "l.practice = m.practice AND l.process = ?)", "l.practice = m.practice AND l.process <> '' || ?)", "TestWayOfAMessage"},
		{"what two have in hand leaves once", "message/claim.go", "message.id = v.id AND state = 'queued'", "message.id = v.id", "TestWhatIsInHandTwiceLeavesOnce"},
	}}, {"courier/breaker", []control{
		{"a new text is paced", breaker, "	if v.unknown && seen >= PacedMost || ", "	if seen < 0 && ", august},
		{"one text in many practices", breaker, "few >= least || all >= signedTwice {\n		return v.stop(Words", "few < -least || all < 0 {\n		return v.stop(Words", august},
		{"one host in many practices", breaker, "few >= least || all >= signedTwice {\n			return v.stop(Host", "few < 0 && least > all {\n			return v.stop(Host", august},
		{"an odd hour", breaker, "if seen >= oddMost && v.Signers < 2 && v.odd() {", "if seen < 0 {", august},
		{"a rush", breaker, "	if f := v.rush(); f != nil || !v.isNew {", "	if f := v.rush(); !v.isNew && f == nil {", august},
		{"what is stopped stays so", breaker, "	if f := b.contained(s); f != nil {", "	if f := b.contained(s); f != nil && now.IsZero() {", august},
	}}}
}
