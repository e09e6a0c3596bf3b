package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Whatever encoding/csv reads without complaint, this reader reads alike; whatever else comes in, it ends, and lines grow.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n", "a,b\r\n\"x\r\ny\",\"z\"\"z\"\r\n", "\xef\xbb\xbfa\n\n\nb", "a,\"b\n", "a,b\"c\nd,e\n", "\"a\"b,c\nd\n", "\"\",\"\"\n,\n", "a;b\n1;2", "a\tb\n\"1\t\"\t2", "\"", "\n\r\n", "a,b,c",
		"\"one\ntwo\nthree\n", "x,\"y\n\"z\n", strings.Repeat("a,", 300),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := New(bytes.NewReader(raw), false)
		var got [][]string
		line, damaged := 0, false
		for range len(raw) + 2 {
			r, err := in.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Line <= line {
				t.Fatalf("line %d after line %d", r.Line, line)
			}
			line = r.Line
			damaged = damaged || r.Fault != ""
			got = append(got, append([]string(nil), r.Fields...))
		}
		if _, err := in.Read(); !errors.Is(err, io.EOF) {
			t.Fatal("it does not end")
		}
		reference := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
		reference.FieldsPerRecord = -1
		want, err := reference.ReadAll()
		if err != nil || damaged || bytes.ContainsRune(raw, '\r') {
			return // about a lone CR, and CR before the end of a file, readers differ
		}
		if len(want) != len(got) || len(want) > 0 && !reflect.DeepEqual(want, got) {
			t.Fatalf("read %q, encoding/csv reads %q", got, want)
		}
	})
}

func FuzzEncoding(f *testing.F) {
	for _, seed := range []string{"", "abc\n", "é\n", "\xe9\n", "a\n\xe9", "€" + strings.Repeat("é", 40_000), strings.Repeat("é", 40_000) + "\xc3", "\x80"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		latin, line, err := EncodingOf(bytes.NewReader(raw), "f")
		if err != nil {
			return
		}
		if latin == utf8.Valid(raw) {
			t.Fatalf("latin %v, valid %v", latin, utf8.Valid(raw))
		}
		if latin && line > bytes.Count(raw, []byte("\n"))+1 {
			t.Fatalf("line %d", line)
		}
	})
}

// A date that is read is the day that time.Parse reads, and nothing else is.
func FuzzDate(f *testing.F) {
	for _, seed := range []string{"31/12/2026", "31/02/2027", "1/1/2027", "2027-02-28", "2024-02-29", "12/31/2026", "01.02.2027", "1/2/27", "0/1/2027", "//", "99999/1/1", "1/1/0000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, order := range Orders {
			d, why := ParseDate(text, order)
			if why != "" {
				continue
			}
			cells := strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
			var n [3]int
			for i := range n {
				n[i], _ = strconv.Atoi(cells[i])
			}
			year := strings.IndexByte(string(order[:]), 'Y')
			day, month := n[strings.IndexByte(string(order[:]), 'D')], n[strings.IndexByte(string(order[:]), 'M')]
			if len(cells[0]) == 4 {
				year, month, day = 0, n[1], n[2]
			}
			want, err := time.Parse("2006-1-2", fmt.Sprintf("%04d-%d-%d", n[year], month, day))
			if err != nil || want.Format("2006-01-02") != d.String() || len(cells[year]) != 4 {
				t.Fatalf("%q as %s: %s, time.Parse says %v %v", text, name, d, want, err)
			}
		}
	})
}

func FuzzClock(f *testing.F) {
	for _, seed := range []string{"10:00", "9:05 AM", "12:00 am", "12:30 PM", "13:00 PM", "0:00", "24:00", "9.30pm", "9 p.m.", "10:00:00", "10", "1:2", ":", "am"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		minute, ok := ParseClock(text)
		if ok && (minute < 0 || minute > 1439) {
			t.Fatalf("%q is minute %d", text, minute)
		}
	})
}

func TestClock(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"00:00": 0, "9:05": 545, "09:05 AM": 545, "12:00 AM": 0, "12:30 PM": 750, "12:30pm": 750, "11:59 p.m.": 1439, "9 am": 540, "14:05:00": 845, "9.30": 570, "1:15\u202fPM": 795,
		"24:00": -1, "13:00 PM": -1, "0:30 AM": -1, "10": -1, "10:6": -1, "10:60": -1, "": -1, "ten": -1, "100:00": -1, "10:00:0": -1,
	} {
		minute, ok := ParseClock(text)
		if !ok {
			minute = -1
		}
		if minute != want {
			t.Errorf("%q is %d, want %d", text, minute, want)
		}
	}
}

func TestDamagedRecordsCostOneLine(t *testing.T) {
	t.Parallel()
	in := New(strings.NewReader("a,b\nx,\"open\n1,2\n3,\"4\"\"\n5\",6\n7,y\"\n8,9\n"), false)
	var got []string
	for {
		r, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(rune('0'+r.Line))+":"+strings.Join(r.Fields, "|")+r.Fault)
	}
	// The quote opened in line 2 meets that of line 4, where text follows: only line 2 is lost, and 3 is read.
	want := []string{"1:a|b", "2:stray_quote", "3:1|2", "4:3|4\"\n5|6", "6:stray_quote", "7:8|9"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %q\nwant %q", got, want)
	}
}

// A quote that is not closed has 256 kB of short lines read again; each of those may be damaged itself, and costs no more than its own length.
func TestDamagedRecordsAreReadInTime(t *testing.T) {
	in := New(strings.NewReader("\"x\n"+strings.Repeat("a\"\"\n", 80_000)), false)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	damaged := 0
	for {
		r, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.Fault != "" {
			damaged++
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; damaged != 80_001 || used > 100<<20 {
		t.Errorf("%d damaged records, %d MB for a file of 320 kB", damaged, used>>20)
	}
}
