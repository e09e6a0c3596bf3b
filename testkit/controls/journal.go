package main

// journalControls are what the courier believes without the database, and how much may leave.
func journalControls() []group {
	const journal, chains, ask = "courier/journal/journal.go", "courier/journal/chains.go", "courier/budget/ask.go"
	return []group{
		{"courier/journal", []control{
			{"a journal is of one installation and epoch", journal, "} else if known != want {", "} else if known != known {", "TestOnlyItsOwnInstallationAndEpoch"},
			{"a missing journal is an error", journal, "	if errors.Is(err, fs.ErrNotExist) {\n		return id, ErrMissing\n	}", "	if errors.Is(err, fs.ErrNotExist) {\n		return id, nil\n	}", "TestOnlyItsOwnInstallationAndEpoch"},
			{"a journal taken away while it is open is noticed", journal, "	here, err := os.Stat(filepath.Join(j.folder, j.process+lockEnd))\n	if err != nil {\n		return ErrMissing.With(err)\n	}", "	here, err := os.Stat(filepath.Join(j.folder, j.process+lockEnd))\n	if err != nil {\n		return nil\n	}", "TestHealthEndsWithTheFolder"},
			{"a chain's file that was cut is an error", chains, "if same && info.Size() < c.offset {", "if false {", "TestTheChainsFileTakenAwayOrAnothers"},
			{"one that was put in its place, knowing less, too", chains, "if next.of[practice] == nil {", "if next.of[practice] == nil && len(practice) < 0 {", "TestTheChainsFileTakenAwayOrAnothers"},
			{"a chain goes on from an entry that was seen", chains, "if !known.Has(news.Resumed) {", "if false {", "TestAChainThatGoesOnFromAnEarlierEntry"},
			{"of two processes one notes behind the other", chains, "if known.Head != news.After {", "if false {", "TestWhatIsKnownOfAChain"},
			{"a nonce is used once", chains, "if c.nonces[nonce{practice, text}] > store.Micro(now) {", "if false {", "TestWhatMayBeUsedOnce"},
			{"what the lost entries revoked stays so", chains, "			c.Revoked[key] = Revocation{First: from.Position + 1, Since: r.Since, Lost: true}", "			delete(c.Revoked, key)", "TestAChainThatGoesOnFromAnEarlierEntry"},
			{"damage before the end of the file is an error", chains, "if wholeRecordIn(raw[at+1:]) {", "if false {", "TestTheChainsFileTornAndDamaged"},
			{"what begins is on disk", journal, "	return me.segment, j.failed\n", "	return me.segment, nil\n", "TestADiskThatFails"},
		}},
		{"courier/trust", []control{
			{"the first key is made by who holds the secret", "courier/trust/root.go", "!hmac.Equal(hash[:], expected) || ", "len(hash)+len(expected) < 0 || ", "TestTheFirstKeyIsPinnedByWhoHoldsTheSecret"},
			{"in its time", "courier/trust/root.go", " || approval.At(now) >= known.Until {", " {", "TestTheFirstKeyIsPinnedByWhoHoldsTheSecret"},
			{"for this very key", "courier/trust/root.go", "if err != nil || !hmac.Equal(right, proof) {", "if err != nil || right == nil {", "TestTheFirstKeyIsPinnedByWhoHoldsTheSecret"},
			{"once and for ever", "courier/trust/root.go", "	if known.Key != \"\" {\n		return Root{}, ErrPinned", "	if false {\n		return Root{}, ErrPinned", "TestTheFirstKeyIsPinnedByWhoHoldsTheSecret"},
			{"a root file is its own practice's", "courier/trust/root.go", "if r.Practice != practice || ", "if ", "TestARootFileThatSaysSomethingElse"},
			{"a desk's relying party is its own host", "courier/trust/root.go", `if d.RPID != host && (`, `if false && (`, "TestWhereTheDeskIs"},
		}},
		{"courier/budget", []control{
			{"so many a day to one address", ask, "case t.recipient >= l.RecipientDay:", "case false:", "TestLimitsOfADay|TestPracticesWithoutLimits|TestPermits|TestTheFirstUseOfAnApproval"},
			{"so many a day of one member", ask, `case u.Member != "" && !u.Own && `, "case false && ", "TestLimitsOfADay|TestPracticesWithoutLimits|TestPermits|TestTheFirstUseOfAnApproval"},
			{"so many a day of one credential", ask, `case u.Credential != "" && `, "case false && ", "TestLimitsOfADay|TestPracticesWithoutLimits|TestPermits|TestTheFirstUseOfAnApproval"},
			{"so many a day of a practice", ask, "case !u.Own && t.ofToday(p.sent) >= u.share(l.Day):", "case false:", "TestLimitsOfADay|TestPracticesWithoutLimits|TestPermits|TestTheFirstUseOfAnApproval"},
			{"so many new addresses a day", ask, "case t.isNew && !u.Own && ", "case false && ", "TestNewAddresses"},
			{"half of a day is for automatic messages", ask, "		return limit / 2", "		return limit", "TestLimitsOfADay|TestPracticesWithoutLimits|TestPermits|TestTheFirstUseOfAnApproval"},
			{"an approval's own total", ask, "if l.Total > 0 && u != nil && u.Total >= l.Total {", "if false {", "TestLimitsOfADay|TestPracticesWithoutLimits|TestPermits|TestTheFirstUseOfAnApproval"},
			{"an approval's own day", ask, "if l.Day > 0 && t.usedToday(u) >= l.Day {", "if false {", "TestLimitsOfADay|TestPracticesWithoutLimits|TestPermits|TestTheFirstUseOfAnApproval"},
			{"a letter leaves once", ask, "			if taken {", "			if false {", "TestLimitsOfADay|TestPracticesWithoutLimits|TestPermits|TestTheFirstUseOfAnApproval"},
			{"limits in all", ask, "if u != nil && u.Total >= own.Total || own.Total == 0 {", "if u != nil && own.Total < 0 {", "TestLimitsOfADay|TestPracticesWithoutLimits|TestPermits|TestTheFirstUseOfAnApproval"},
			{"a permit holds for its time", ask, "return t.now >= store.Micro(p.From) && t.now < store.Micro(p.Until)", "return true", "TestPermits"},
			{"a first use goes to a first cohort", "courier/budget/first.go", "return min(CohortMost, max(1, (waiting+CohortPart-1)/CohortPart))", "return 1000", "TestTheFirstUseOfAnApproval"},
			{"and is held for 15 minutes", "courier/budget/first.go", "case u.Full == 0 || now < u.Full+hold:", "case false:", "TestTheFirstUseOfAnApproval"},
			{"and grows step by step", "courier/budget/first.go", "	return u.Cohort << (1 + (now-u.Full-hold)/minute), false", "	return 1 << 62, false", "TestTheFirstUseOfAnApproval"},
			{"first uses of one practice are few", ask, "if t.practice.first.count(t.now) >= FirstPractice {", "if false {", "TestFirstUsesOfManyApprovals"},
			{"first uses of all practices are few", ask, "if t.state.first.count(t.now) >= FirstPlatform {", "if false {", "TestFirstUsesOfManyApprovals"},
			{"what does not say all that counts does not go", ask, "	if !u.whole() {\n", "	if false {\n", "TestLimitsOfADay|TestPracticesWithoutLimits|TestPermits|TestTheFirstUseOfAnApproval"},
		}},
		{"courier/sender", []control{
			{"a domain of another practice is refused", "courier/sender/sender.go", " && (s.Practice != practice) {", " && s.Practice == \"\" {", "TestADomainBelongsToOnePractice"},
			{"nobody adds a domain that could pass for another's", "courier/sender/sender.go", "if other.Practice != practice && domain.Related(name, other.Name) {", "if other.Practice != other.Practice {", "TestADomainBelongsToOnePractice"},
		}},
		{"courier", []control{
			{"the journal's stops count whatever the rows say", "courier/stops/stops.go", "	for _, n := range f.noted {\n		f.stop(n.Practice, message.Scope(n.Scope), n.Subject)\n	}\n", "", "TestAStopWhoseRowIsGoneHolds"},
			{"a new stop goes into the journal", "courier/stops/stops.go", "	if len(news) > 0 {\n		if err := s.journal.NoteStops(news, nil)", "	if false {\n		if err := s.journal.NoteStops(news, nil)", "TestStopsHoldAndLiftingGoesOn"},
			{"a lift is of that very stop", "courier/stops/stops.go", "if b.Epoch >= n.Epoch && b.Epoch <= s.epoch && b.Scope == logbook.StopOf(n).Words() {", "if b.Epoch >= 0 {", "TestALiftIsOfOneStop"},
			{"a row alone lifts nothing", "courier/stops/stops.go", "		case approval.Unsigned:\n			put = append(put, logbook.StopOf(n))", "		case approval.Unsigned:\n			lifted = append(lifted, n.Key())", "TestStopsHoldAndLiftingGoesOn|TestALiftIsOfOneStop"},
		}},
		{"courier", []control{
			{"a relay elsewhere is reached by TLS", "courier/setting/setting.go", `case r.TLS == "none" && !Loopback(host):`, "case false:", "TestBadConfigurationIsNamed"},
		}},
		{"courier/token", []control{
			{"a bounce names a message that was sent", "courier/token/token.go", "if !ok || subtle.ConstantTimeCompare(mac, seal(t.bounce, macBytes, string(practice), id)) != 1 {", "if !ok || len(mac) != macBytes {", "TestTokens"},
			{"an answer by a link too", "courier/token/answer.go", "seal(t.answer, macBytes, string(said))) != 1 {", "seal(t.answer, macBytes, string(said))) > 1 {", "TestAnswers"},
			{"an unsubscribe link too", "courier/token/token.go", "if !ok || subtle.ConstantTimeCompare(mac, seal(t.leave, macBytes, practice, id)) != 1 {", "if !ok || len(mac) != macBytes {", "TestTokens"},
		}},
		{"courier/sms", []control{
			{"a gateway signs what it reports", "courier/sms/hook.go", "	if !good {\n", "	if false && !good {\n", "TestVerifyHook"},
			{"not long ago", "courier/sms/hook.go", "age > HookTolerance || age < -HookTolerance {", "age > 1<<62 {", "TestVerifyHook"},
		}},
	}
}
