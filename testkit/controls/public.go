package main

// publicControls hold back whoever writes a public record: the file, its words, its addresses, its name.
func publicControls() []group {
	const check, prose, hostile = "register/check.go", "register/prose/prose.go", "TestHostileFilesAreRefused"
	return []group{
		{"register", []control{
			{"HTML in a record's text is refused", prose, "			say = rawProblem(string(n.Segments.Value(source)))", "			_ = n", hostile},
			{"HTML in its fields too", check, "	if tag := markup(text); tag != \"\" {", "	if tag := markup(text); tag == \"?\" {", hostile},
			{"its addresses are of the web", check, "	case u.Scheme != \"http\" && u.Scheme != \"https\":", "	case false:", hostile},
			{"and hold no user name", check, "	case u.User != nil:", "	case false:", hostile},
			{"its page stays in the folder", check, "		if len(path) > 0 && pathKeys[path[0]] {", "		if false {", hostile},
			{"its tables are not endless", "register/front.go", "depth(n.Value()); d > maxDepth", "depth(n.Value()); d > 1000000", hostile},
			{"a bare 0 is unknown", "register/figure.go", "	if number == 0 {\n		plain.State = Unknown\n	}\n", "", "TestTheSeedIsUnderstood"},
		}},
		{"register/prose", []control{
			{"HTML that came so far is text", prose, "	escape(w, []byte(comment.ReplaceAllString(text, \"\")))", "	_, _ = w.WriteString(text)", "TestTextIsRendered"},
			{"links lead to the web", prose, "u.Scheme != \"http\" && u.Scheme != \"https\" || u.Host == \"\" || u.User != nil", "u.User != nil", "TestTextIsRendered"},
		}},
		{"register/site", []control{
			{"no cell is a formula", "register/site/data.go", "strings.ContainsRune(\"=+-@\\t\\r\", rune(cell[0]))", "false", "TestHostileWordsAreText"},
			{"no record takes another's page", "register/site/site.go", "		case pages[page] != \"\":", "		case false:", "TestHostileWordsAreText"},
			{"a draft is not shown", "register/site/site.go", "		case e.Record.Draft:", "		case false:", "TestHostileWordsAreText"},
		}},
		{"app/register", []control{
			{"a folder of somebody else is not replaced", "app/register/build.go", "	if err := replaceable(folder); err != nil {", "	if err := replaceable(folder); err != nil && false {", "TestBuildWritesNowhereElse"},
			{"links among the records are not followed", "app/register/list.go", "			case !entry.Type().IsRegular():", "			case false:", "TestWhatDoesNotParseIsNamedAndNotPrinted"},
		}},
		{"app/incidents", []control{
			{"many complaints stop what they are of", "app/incidents/incidents.go", "		made, err := h.halt().Stop(ctx, message.Stop{Practice: b.Practice, Scope: scope, Subject: subject, Reason: reason, Who: \"complaints\"})\n", "		made, err := message.Stop{Practice: b.Practice, ID: \"none\", Scope: scope, Subject: subject, Reason: reason, Who: \"complaints\", At: h.DB.Now()}, ctx.Err()\n", "TestManyComplaintsStopWhatTheyAreOf"},
			{"five of many complaints stop nothing", "incident/alarm/alarm.go", "		if b.Complaints*burstShare >= b.Left {", "		if true {", "TestManyComplaintsStopWhatTheyAreOf"},
			{"a journal that is another's opens an incident", "app/incidents/incidents.go", "; err != nil {\n		kind, why = book.Journal,", "; err == nil {\n		kind, why = book.Journal,", "TestWhatIsNotToBeBelievedOpensAnIncident"},
			{"a record that does not verify opens an incident", "app/incidents/incidents.go", "		case strings.HasPrefix(s.Why, logbook.Disbelieved):", "		case false && strings.HasPrefix(s.Why, logbook.Disbelieved):", "TestWhatIsNotToBeBelievedOpensAnIncident"},
			{"people's ids are not on the public register", "app/incidents/published.go", "form.Write(tell.Public(i), form.Register)", "form.Write(i, form.Register)", "TestThePublicRegister"},
			{"an open incident is not on the public register", "incident/book/book.go", "WHERE practice = '' AND closed_at > 0 ORDER BY", "WHERE practice = '' ORDER BY", "TestThePublicRegister"},
		}},
		{"web", []control{
			{"a practice sees its own stops of an incident alone", "app/incidents/pages.go", "	out.Entries = own(out.Entries, out.Stops)\n", "", "TestAnIncidentOfTwo"},
			{"another practice's incident is not found", "incident/book/book.go", "		if _, err := Of(ctx, w, practice, id); err != nil {\n			return Case{}, err\n		}\n", "", "TestWhoSeesAnIncident"},
		}},
		{"app/outside", []control{
			{"a correction is said of its practice's messages of its incident alone", "app/outside/check.go", "out.Disowned, err = measure.Has(ctx, w, of, m)", "_, err = measure.Has(ctx, w, of, m); out.Disowned = true", "TestACorrectionIsSaidWithinASecond"},
		}},
		{"courier/budget", []control{
			{"the program's own words have their day's limit", "courier/budget/ask.go", "			if l.Day > 0 && t.usedToday(u) >= l.Day {", "			if l.Day > 0 && !a.Own && t.usedToday(u) >= l.Day {", "TestTheProgramsOwnWordsAreNotPaced"},
		}},
		{"incident/form", []control{
			{"a record and its VERIS fields say the same", "incident/form/veris.go", "	if !sameJSON(ours, raw) {", "	if !sameJSON(ours, ours) {", "TestWhatIsRefused"},
			{"no key is dropped in silence", "incident/form/form.go", "	d.DisallowUnknownFields()\n", "", "TestWhatIsRefused"},
			{"what a register refuses is not written into one", "incident/form/register.go", "register.Parse([]byte(b.String())); err != nil", "register.Parse([]byte(b.String())); err != nil && false", "TestWhatIsRefused"},
		}},
	}
}
