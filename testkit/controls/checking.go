package main

// checkingControls are what stands before answers to people who ask about a mail or read what is published, and what pictures are.
func checkingControls() []group {
	const page, answer, away, gone = "public/check.go", "app/outside/check.go", "TestAskingAboutAMail", "TestWhatDidNotLeaveIsNotOurs"
	return []group{
		{"public", []control{
			{"guessing codes is held up", page, "!s.asks.allow(at, now) || !s.asksAll", "!s.asksAll", "TestGuessingIsHeldUp"},
			{"from everywhere too", page, `|| !s.asksAll.allow("", now) && !s.asksScarce.allow(at, now) {`, "{", "TestManyQuestionsLeaveOneToAPlace"},
			{"what is published is read at a measured pace", "public/record.go", "if !s.reads.allow(", "if false && !s.reads.allow(", "TestWhatIsPublishedOfTheRecord"},
			{"a large mail is refused", page, "if err := r.ParseMultipartForm(maxMail); err != nil {", "if err := r.ParseMultipartForm(maxMail); err != nil && maxMail < 0 {", "TestALargeMailIsRefused"},
			{"nothing beyond the last signed state is published", "ledger/read.go", "tile.N > size || last > size || last <= 0 {", "tile.N > size || last <= 0 {", "TestWhatIsPublishedOfTheRecord"},
		}},
		{"app/outside", []control{
			{"only what left is genuine", answer, "err == nil && left(m) && ", "err == nil && ", gone},
			{"a practice's page knows its own mails alone", answer, " && (practice == \"\" || m.Practice == practice) {", " && practice != \"never\" {", "TestACallersCode"},
			{"a code is of the try that left", answer, "a.record.Values.Code != string(text) {", "false && a.record.Values.Code != string(text) {", gone},
			{"a mail whose approval does not stand is withdrawn", answer, "	case !good:\n", "	case !good && m.ID == \"\":\n", away},
			{"genuine is what left, to the byte", answer, "if asHandedOff(shown.Mail, said, salt) {", "if asHandedOff(shown.Mail, said, salt) || len(shown.Mail) > 0 {", "TestOnlyWhatLeftIsGenuine"},
			{"what is stopped is not genuine", answer, "return good && !slices.ContainsFunc(open, ", "return good || slices.ContainsFunc(open, ", away},
		}},
		{"message", []control{
			{"a row holds no code, and no hash that anybody can work out", "message/code.go", "hmac.New(sha256.New, c.key)", "hmac.New(sha256.New, nil)", "TestACodeFindsItsMessage"},
		}},
		{"app/doctor", []control{
			{"as many messages left as are on record", "app/doctor/doctor.go", "if left[p] != n {", "if false {", "TestTheListOfMessagesIsHeldAgainstTheRecord"},
		}},
		{"courier/kept", []control{
			{"a message of another layout is not said to be changed", "courier/kept/kept.go", "if r.Layout != Layout {", "if false {", "TestALayoutIsItsNumber"},
		}},
		{"practice", []control{
			{"a picture is written again as pixels", "practice/picture.go", "clean, err := picture.Clean(data)", "clean, err := data, error(nil)", "TestWhatIsKeptOfAPicture"},
		}},
		{"vault", []control{
			{"who looked is kept for its time", "vault/looked.go", "forgetQuery, store.Micro(before), limit)", "forgetQuery, store.Micro(tx.Now), limit)", "TestForgettingIsNeverEarly"},
		}},
	}
}
