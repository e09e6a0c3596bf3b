package locale

import "testing"

// What ICU 78 (CLDR 48) writes, but for the narrow spaces it puts before am and pm: SMS has none.
func TestDatesAndTimes(t *testing.T) {
	t.Parallel()
	winter, summer := Wall{2026, 12, 1, 10, 0}, Wall{2026, 7, 9, 15, 5}
	for _, c := range []struct {
		tag                    string
		at                     Wall
		day, short, date, time string
	}{
		{"en-AU", winter, "Tuesday 1 December", "Tue 1 Dec", "1 December 2026", "10:00 am"},
		{"en-AU", summer, "Thursday 9 July", "Thu 9 Jul", "9 July 2026", "3:05 pm"},
		{"en-GB", summer, "Thursday 9 July", "Thu 9 Jul", "9 July 2026", "15:05"},
		{"en-IE", winter, "Tuesday 1 December", "Tue 1 Dec", "1 December 2026", "10:00"},
		{"en", summer, "Thursday 9 July", "Thu 9 Jul", "9 July 2026", "15:05"},
		{"en-US", winter, "Tuesday, December 1", "Tue, Dec 1", "December 1, 2026", "10:00 AM"},
		{"en-CA", summer, "Thursday, July 9", "Thu, Jul 9", "July 9, 2026", "3:05 p.m."},
		{"ar-EG", winter, "الثلاثاء، ١ ديسمبر", "الثلاثاء، ١ ديسمبر", "١ ديسمبر ٢٠٢٦", "١٠:٠٠ ص"},
		{"ar", summer, "الخميس، 9 يوليو", "الخميس، 9 يوليو", "9 يوليو 2026", "3:05 م"},
		{"ar-JO", summer, "الخميس، ٩ تموز", "الخميس، ٩ تموز", "٩ تموز ٢٠٢٦", "٣:٠٥ م"},
		{"de", winter, "Dienstag, 1. Dezember", "Di., 1. Dez.", "1. Dezember 2026", "10:00"},
		{"fr", summer, "jeudi 9 juillet", "jeu. 9 juil.", "9 juillet 2026", "15:05"},
		{"tr", summer, "2026-07-09", "2026-07-09", "2026-07-09", "15:05"},
	} {
		l := Of(c.tag)
		got := [4]string{string(l.AppendDay(nil, c.at)), string(l.AppendDayShort(nil, c.at)),
			string(l.AppendDate(nil, c.at)), string(l.AppendTime(nil, c.at))}
		if want := [4]string{c.day, c.short, c.date, c.time}; got != want {
			t.Errorf("%s: %q, want %q", c.tag, got, want)
		}
	}
}

func TestTwelveHours(t *testing.T) {
	t.Parallel()
	l := Of("en-US")
	for hour, want := range map[int]string{0: "12:30 AM", 1: "1:30 AM", 11: "11:30 AM", 12: "12:30 PM", 13: "1:30 PM", 23: "11:30 PM"} {
		if got := string(l.AppendTime(nil, Wall{2026, 1, 1, hour, 30})); got != want {
			t.Errorf("%d: %s, want %s", hour, got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag     string
		minutes int
		want    string
	}{
		{"en-AU", 1, "1 minute"}, {"en-AU", 45, "45 minutes"}, {"en-AU", 60, "1 hour"}, {"en-AU", 90, "90 minutes"}, {"en-AU", 120, "2 hours"}, {"en-AU", 150, "2 hours 30 minutes"},
		{"ar", 1, "دقيقة واحدة"}, {"ar", 2, "دقيقتان"}, {"ar", 5, "5 دقائق"}, {"ar-EG", 45, "٤٥ دقيقة"}, {"ar", 60, "ساعة واحدة"}, {"ar", 120, "ساعتان"}, {"ar-EG", 190, "٣ ساعات و١٠ دقائق"},
		{"de", 45, "45 Minuten"}, {"tr", 75, "75 min"},
	} {
		if got := string(Of(c.tag).AppendDuration(nil, c.minutes)); got != c.want {
			t.Errorf("%s %d: %q, want %q", c.tag, c.minutes, got, c.want)
		}
	}
}

func TestZonesAndTags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tag, zone, want string }{
		{"en-AU", "Australia/Melbourne", "Melbourne time"}, {"en-US", "America/New_York", "New York time"}, {"en-US", "America/Argentina/Buenos_Aires", "Buenos Aires time"},
		{"ar-EG", "Africa/Cairo", "بتوقيت القاهرة"}, {"ar-EG", "Asia/Kolkata", "بتوقيت Kolkata"}, {"tr", "Europe/Istanbul", "Istanbul"},
	} {
		if got := string(Of(c.tag).AppendZone(nil, c.zone, RightToLeft(c.tag))); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.tag, c.zone, got, c.want)
		}
	}
	for tag, want := range map[string]bool{"ar": true, "ar-EG": true, "he": true, "fa-IR": true, "ur": true, "en": false, "az-Arab": true, "ar-Latn": false, "ckb": true, "uz-Cyrl": false} {
		if RightToLeft(tag) != want {
			t.Errorf("%s: right to left is not %v", tag, want)
		}
	}
	for tag, want := range map[string]bool{"en": true, "en-AU": true, "zh-Hant-TW": true, "es-419": true, "": false, "EN": false, "en_AU": false, "en-au": false, "en-AU-x-evil": false, "e": false, "en-\"": false} {
		if ValidTag(tag) != want {
			t.Errorf("%q: valid is not %v", tag, want)
		}
	}
}

func TestWall(t *testing.T) {
	t.Parallel()
	for w, want := range map[Wall]bool{{2026, 2, 28, 0, 0}: true, {2026, 2, 29, 0, 0}: false, {2028, 2, 29, 23, 59}: true, {2026, 4, 31, 0, 0}: false, {2026, 1, 1, 24, 0}: false, {2026, 13, 1, 0, 0}: false, {0, 1, 1, 0, 0}: false} {
		if w.Valid() != want {
			t.Errorf("%v: valid is not %v", w, want)
		}
	}
	for w, want := range map[Wall]int{{2026, 12, 1, 0, 0}: 2, {2028, 2, 29, 0, 0}: 2, {2000, 1, 1, 0, 0}: 6, {2026, 11, 22, 0, 0}: 0} {
		if w.Weekday() != want {
			t.Errorf("%v: weekday %d, want %d", w, w.Weekday(), want)
		}
	}
}
