package main

// edgeControls are what stands before every page, and who may come in.
func edgeControls() []group {
	const web, session, door, key = "web/serve.go", "guard/session.go", "guard/door.go", "guard/passkey/passkey.go"
	const stands, ends, right = "TestWhatStandsBeforeAPage", "TestASessionEnds", "TestWhatIsNotRightIsRefused"
	return []group{
		{"web", []control{
			{"a route's permission", web, "if !visit.Member.Role.May(route.Permission()) {", "if false {", "TestEachRoleOnEveryRoute"},
			{"a route without permission or reason does not start", "web/page/page.go", `	return fault.Field("route", "page.permission",`, `	if r.plain == nil {
		return nil
	}
	return fault.Field("route", "page.permission",`, "TestARouteWithoutPermissionDoesNotStart"},
			{"no page without a session", "web/visitor.go", "		return v, err\n	}\n	if open {", "		return v, nil\n	}\n	if open {", "TestNoRouteWithoutASession"},
			{"other sites' forms", web, "protected.ServeHTTP(w, ", "_ = protected\n		next.ServeHTTP(w, ", "TestWhatStandsBeforeAPage|TestEveryRouteAgainstStrangeRequests"},
			{"other hosts' names", web, "if !s.hosts[r.Host] {", "if false {", "TestWhatStandsBeforeAPage|TestEveryRouteAgainstStrangeRequests"},
			{"large bodies", web, "r.Body = http.MaxBytesReader(w, r.Body, most)", "_ = most", "TestWhatStandsBeforeAPage|TestEveryRouteAgainstStrangeRequests"},
			{"what changes access asks for a fresh proof", web, `back != "" && !visit.Session.Fresh(visit.Now) {`, `back == "never" {`, "TestAnOldProofIsNotEnough"},
			{"a proof grows old", session, "return age >= 0 && age < Fresh", "return age != 1", "TestAnOldProofIsNotEnough"},
			{"how often one may ask", "web/visitor.go", "	if !s.allowed(v, route.Class(), v.Session.ID) {", "	if false {", "TestHowOftenIsLimited"},
			{"nobody on a family's phone is guessed", "letter/reply.go", "if m.Client != told[0].Client {", "if m.Client == \"never\" {", "TestAYesIsNeverGuessed"},
			{"an old text is not what a yes is about", "letter/reply.go", "m.CreatedAt.After(tx.Now.Add(-fresh)) && ", "", "TestAYesIsNeverGuessed"},
			{"a yes to another time confirms nothing", "letter/reply.go", "case a.Generation != m.Generation || ", "case ", "TestAYesIsNeverGuessed"},
			{"a yes is its writer's alone", "letter/reply.go", " || !attends(a, m):", ":", "TestAYesIsNeverGuessed"},
			{"scripts of others", web, `header.Set("Content-Security-Policy", ui.ContentPolicy(nonce))`, "", "TestEveryPageKeepsThePolicy|TestHeaders"},
			{"cookies that scripts do not see", "web/visitor.go", "HttpOnly: true", "HttpOnly: false", "TestHeaders"},
		}},
		{"guard", []control{
			{"a session belongs to its device", session, "case !same(device, d.device(b)):", "case !same(device, device):", ends},
			{"a session ends when it is not used", session, "idle >= IdleLimit || ", "", ends},
			{"a session ends after a day", session, "case !now.Before(s.EndsAt) || ", "case ", ends},
			{"a session that was ended is none", session, "WHERE s.hash = $1 AND s.ended_at = 0 AND m.ended_at = 0`", "WHERE s.hash = $1 AND m.ended_at = 0`", "TestASessionEnds|TestAPersonIsInvitedAndSignsIn"},
			{"a challenge is for one device and subject", door, "if !same(s.Device, d.device(b)) || !same(s.Subject, subject) || ", "if ", "TestAChallengeIsForOnePurposeOneDeviceAndOnce"},
			{"a challenge is for one purpose", door, `d.box.Unpack("challenge "+string(c), text`, `d.box.Unpack("challenge "+string(SignIn), text`, "TestAChallengeIsForOnePurposeOneDeviceAndOnce"},
			{"a challenge is answered once", door, "if err == nil && (n == 0 || d.spent.has(hash)) {", "if err == nil && n < 0 {", "TestAChallengeIsForOnePurposeOneDeviceAndOnce|TestAPasswordWithItsCode"},
			{"strangers' guesses are few", door, "	if ok, _ := d.limits.Take(now, class, subject, stranger); !ok {", "	if false {", "TestAVictimOfGuessingStillSignsIn|TestCodesCannotBeGuessed"},
			{"a used device has an allowance of its own", door, "	if b.knows(subject) {\n", "	if false {\n", "TestAVictimOfGuessingStillSignsIn"},
			{"a password needs its code", "guard/password.go", `if !same(h.Device, d.device(b)) || !same(h.For, forSession) {`, "if !same(forSession, forSession) {", "TestAPasswordWithItsCode"},
			{"a program gets no more than its maker has", "guard/credential.go", "		if !by.Role.May(s.permission) {\n			return \"\", c, ErrOver", "		if false {\n			return \"\", c, ErrOver", "TestAProgramHasAKey"},
			{"there is no scope that approves", "guard/credential.go", "if !slices.Contains(programs, p) {", "if false {", "TestAProgramHasAKey"},
		}},
		{"guard/secret", []control{
			{"a one-time code counts once", "guard/secret/code.go", " == 1 && s > last {", " == 1 {", "TestACodeWorksOnceAndNear"},
			{"what is sealed opens at its place alone", "guard/secret/secret.go", "[]byte(\"place \"+place))\n}\n\n// Open opens what Seal closed for the same place.\nfunc (b *Box) Open(place string, sealed []byte) ([]byte, error) {\n	plain, err := b.aead.Open(nil, nil, sealed, []byte(\"place \"+place))", "nil)\n}\n\n// Open opens what Seal closed for the same place.\nfunc (b *Box) Open(place string, sealed []byte) ([]byte, error) {\n	plain, err := b.aead.Open(nil, nil, sealed, nil)", "TestWhatIsSealedOpensAtItsPlaceAlone"},
		}},
		{"guard/throttle", []control{
			{"an allowance is used up", "guard/throttle/throttle.go", "	if b.left < 1 {\n", "	if false {\n", "TestAnAllowanceFillsWithTime"},
			{"memory is bounded", "guard/throttle/throttle.go", "			name = overflow + class\n", "", "TestMemoryIsBounded"},
		}},
		{"guard/passkey", []control{
			{"a sign-in is verified", key, "	if err := given.Verify(key, asked, p.parties()...); err != nil {\n", "	if err := given.Verify(key, asked, p.parties()...); false {\n", right},
			{"at its own origins", key, "out[i] = assertion.Party{Origin: origin, RPID: p.Party}", "out[i] = assertion.Party{Origin: \"http://\" + origin[len(\"https://\"):], RPID: p.Party}", right},
			{"a new key is the one that answers", key, "	made, err := assertion.Register(a.Response.AttestationObject, a.Response.ClientData, asked, p.parties()...)\n	if err != nil {", "	made, err := assertion.Register(a.Response.AttestationObject, a.Response.ClientData, asked, p.parties()...)\n	if made == nil {\n		return Key{}, nil\n	}\n	if err != nil {", right},
			{"a key that was copied", key, "now.Count <= k.Count {", "false {", "TestACounterThatGoesBackIsACopy"},
		}},
		{"public", []control{
			{"a link leads where the digest says", "public/redirect.go", "if err != nil || wording.LinkToken(digest) != token {", "if err != nil {", "TestASwappedVersionLeadsNowhere"},
			{"where somebody signed", "public/redirect.go", "		if !signed {\n", "		if !signed && number < 0 {\n", "TestALinkLeadsOnlyWhereASignedVersionSays"},
			{"until it is switched off", "public/redirect.go", "		if off {\n", "		if off && number < 0 {\n", "TestALinkIsSwitchedOffAfterDelivery"},
			{"looking at a mail's link changes nothing", "public/answer.go", "	return s.pressed(r, a, false, s.DB.View, letter.Look)\n}", "	return s.pressed(r, a, false, s.DB.Change, letter.Press)\n}", "TestALinkConfirms"},
			{"its form says what the link says", "public/answer.go", "r.PostForm.Get(\"answer\") != wishes[a.Wish]", "r.PostForm.Get(\"answer\") == \"nothing\"", "TestALinkConfirms"},
			{"pressing is limited", "public/answer.go", "if !s.presses.allow(\"answer \"", "if false && !s.presses.allow(\"answer \"", "TestPressingIsLimited"},
			{"a link is of the message's attendee", "letter/press.go", "(m.Attendee != a.Attendee || m.Generation != a.Generation)", "m.Generation != a.Generation", "TestNobodyAnswersForSomebodyElse"},
			{"of one time of the appointment", "letter/press.go", "	case of.Generation != a.Generation:", "	case false:", "TestALinkIsOfOneTime"},
			{"until it begins", "letter/press.go", "	case !tx.Now.Before(a.Until):", "	case false:", "TestALinkIsOfOneTime"},
			{"while it is booked", "letter/press.go", "	case of.Booking != calendar.Booked:", "	case false:", "TestALinkIsOfOneTime"},
			{"asking again waits once", "letter/press.go", "		if len(waiting) > 0 {", "		if len(waiting) > 99 {", "TestALinkAsksToCancel"},
			{"strangers are slowed", "public/public.go", "if !s.failures.allow(", "if false && !s.failures.allow(", "TestNobodyIsLockedOut|TestStrangersGetTheSamePage"},
		}},
		{"app/secure", []control{
			{"a certificate is had for our own host", "app/secure/secure.go", "if !strings.EqualFold(asked, host) {", "if false {", "TestACertificateByACME"},
			{"old TLS is refused", "app/secure/secure.go", "&tls.Config{MinVersion: tls.VersionTLS12, NextProtos", "&tls.Config{MinVersion: tls.VersionTLS10, NextProtos", "TestOldTLSIsRefused"},
		}},
		{"store", []control{
			{"a statement names its practice", "store/tx.go", "	if err := t.db.stmts.lawful(query); err != nil {\n		return 0, err\n	}\n", "", "TestAStatementWithoutThePracticeIsRefused"},
		}},
	}
}
