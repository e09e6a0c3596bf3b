package main

// pathControls are what stands on the ways of bulk messages, letters, programs and Letterhead's own words, in what was learnt of addresses, and in the
// ledger.
func pathControls() []group {
	const rows, letters, grants = "TestRowsOfRecipientsAreNotBelieved", "TestASignedLetterIsNoOther", "TestNothingElseLeavesByAGrant"
	const took = "TestRowsAreTakenOver"
	return []group{
		{"order", []control{
			{"an order goes on as the chain says of it", "order/queue.go", "b == nil || b.Root != o.Root || b.Count != o.Recipients || ", "b == nil || ", rows},
			{"a recipient's row belongs to one message", "order/source.go", "case !there || m.Recipient != m.Client || r.message != string(m.ID):", "case !there:", "TestNobodyGetsItTwice"},
			{"a stopped order's row stops it", "order/source.go", "case o.State == Stopped:", "case false:", "TestAStoppedOrdersRowIsEnough"},
			{"and so does the journal", "order/stop.go", "			if err := message.End(ctx, tx, message.StopOrder, string(id)); err != nil {", "			if err != nil {", "TestAStoppedOrdersMessagesStayBack"},
			{"the journal forgets what is over, and nothing else", "courier/stops/over.go", "over = approval.ReasonOf(err) == approval.Withdrawn || ranOut(x, approval.At(tx.Now.Add(-overFor)))", "over = approval.ReasonOf(err) != approval.Behind", "TestAStoppedOrdersMessagesStayBack"},
			{"nobody has to lift what was taken back", "message/freeze.go", "return slices.DeleteFunc(open, Stop.Ends), err", "return open, err", "TestAStoppedOrdersMessagesStayBack"},
		}},
		{"letter", []control{
			{"a letter that was withdrawn in its row", "letter/source.go", "case withdrawn[m.Subject]:", "case false:", letters},
			{"and in the journal", "letter/store.go", "err = message.End(ctx, tx, message.StopLetter, string(id))", "err = nil", "TestAWithdrawnLetterStaysSo"},
			{"a client who wants none", "letter/source.go", "case refused(reached[client.ID(m.Client)], m.Channel) && m.Recipient == m.Client:", `case refused(reached[client.ID(m.Client)], m.Channel) && m.Recipient == "":`, "TestWhoDoesNotWantItGetsNone"},
			{"an asked letter does not change", "letter/store.go", "	case old.State != Draft:\n", "	case false:\n", "TestADraftIsKeptAndNotOverwritten|TestALetterIsSignedAndSentOnce"},
			{"a letter to a client who is not seen", "letter/store.go", "	if hidden[w.Client] {\n", "	if hidden[w.Client] && w.ID == \"\" {\n", "TestAHiddenClientHasNoLetters"},
		}},
		{"grant", []control{
			{"another program's grant", "grant/send.go", "	case g.Credential != r.Credential:\n", "	case false:\n", "TestWhatAProgramMayNotAskFor"},
			{"a grant that nobody signed", "grant/send.go", "	case g.SignedAt.IsZero():\n", "	case false:\n", "TestWhatAProgramMayNotAskFor|TestAGrantSendsWhatWasSigned"},
			{"another version than the grant's", "grant/send.go", `	case r.Version != "" && r.Version != g.Digest:`, "	case false:", "TestWhatAProgramMayNotAskFor|TestAGrantSendsWhatWasSigned"},
			{"so many a day", "grant/send.go", "	if asked >= g.Day {\n", "	if asked < 0 {\n", "TestAGrantSendsWhatWasSigned|TestWhatAProgramMayNotAskFor"},
			{"a grant that has ended", "grant/source.go", "	case !open:\n", "	case !open && g.Day > 0:\n", grants},
			{"a program that has ended", "grant/source.go", "	case !s.programs[g.Credential]:\n", "	case g.Credential == \"\":\n", grants},
			{"marketing that nobody agreed to", "grant/source.go", "	case m.Purpose == message.Marketing && !asked:\n", "	case false:\n", grants},
			{"what was taken back is stopped", "grant/grant.go", "	return message.End(ctx, tx, message.StopGrant, string(id))", "	return nil", grants},
			{"a program that may not send", "grant/grant.go", "c := credentials[at]; !c.May(guard.MessageSend) {", "c := credentials[at]; c.ID == \"\" {", "TestPreparing"},
		}},
		{"notice", []control{
			{"an invitation's link is for the address that was invited", "notice/source.go", "		if token == \"\" {\n", "		if false {\n", "TestAnInvitationGoesToWhomItWasMadeFor"},
		}},
		{"courier/suppressed", []control{
			{"a wish for messages again is proved", "message/stop.go", " || subtle.ConstantTimeCompare([]byte(mac), []byte(s.proof(keys, at))) != 1 {", " || mac == \"\" || len(s.proof(keys, at))+subtle.ConstantTimeByteEq(0, 0) < 0 {", took},
			{"and is of these days", "message/stop.go", "	if now.Sub(asked) > AskedFor {\n", "	if false {\n", took},
			{"and is later than what it undoes", "courier/suppressed/suppressed.go", "		case at <= s.book.young[hash] || at <= s.book.merged:\n", "		case false:\n", "TestASetIsWhatWasNotedAndNotAskedAgainSince|" + took},
		}},
		{"courier", []control{
			{"suppression is believed from the journal", "courier/gate.go", "is || kept[2*i+j] {", `is || kept[2*i+j] && why != "" {`, "TestSuppressionIsBelievedFromTheJournal"},
		}},
		{"ledger", []control{
			{"a stop ends on record with what it held, and no sooner", "ledger/evidence/claims.go", "of.Subject == x.Subject && (!ended || of.Serial > x.Serial)", "of.Subject == x.Subject && (!ended && false || of.Serial > x.Serial)", "TestWhatIsOnRecordAndMustNotBe"},
			{"what the journal has seen is there, as it was", "ledger/check.go", `	if known.Size > size {
		return damaged("the journal has seen %d leaves, the ledger has %d", known.Size, size)
	}
	at, err := edgeAt(newReader(ctx, w), known.Size)
	if err != nil {
		return err
	}
	if known.Size > 0 && at.Root() != known.Root {`, "	if known.Size < 0 {", "TestAJournalThatKnowsMoreOrOther|TestAnOldCopyIsFound"},
		}},
		{"ledger/witness", []control{
			{"two states of one size", "ledger/witness/witness.go", "	case seen != nil && next.Size == size && next.Text != seen.Text:\n", "	case false:\n", "TestAWitnessSignsWhatGrows"},
			{"one that did not grow out of the other", "ledger/witness/witness.go", "	case proof.CheckGrowth(r.Proof, next.Head, old) != nil:\n", "	case old.Size < 0:\n", "TestAWitnessSignsWhatGrows"},
		}},
	}
}
