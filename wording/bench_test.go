package wording

import "testing"

func benchVersion(b *testing.B) (*Compiled, *Values) {
	c := mustCompile(b, twoDaysVersion(), "en-AU")
	v := fatima()
	v.ForOther, v.Attendee = true, Person{First: "Zoë"}
	return c, v
}

func BenchmarkRender(b *testing.B) {
	c, v := benchVersion(b)
	r := c.Render(nil, v)
	b.SetBytes(int64(len(r.Body)))
	b.ReportMetric(float64(len(c.uses)), "fields")
	b.ReportAllocs()
	buffer := r.Buffer
	for b.Loop() {
		r = c.Render(buffer, v)
		buffer = r.Buffer
	}
}

func BenchmarkRenderArabic(b *testing.B) {
	c := mustCompile(b, twoDaysVersion(), "ar-EG")
	v := fatima()
	v.Recipient.First, v.Service = "نور", "جلسة أولى"
	r := c.Render(nil, v)
	b.SetBytes(int64(len(r.Body)))
	b.ReportAllocs()
	buffer := r.Buffer
	for b.Loop() {
		r = c.Render(buffer, v)
		buffer = r.Buffer
	}
}

func BenchmarkInspect(b *testing.B) {
	c, v := benchVersion(b)
	r := c.Render(nil, v)
	b.ReportAllocs()
	for b.Loop() {
		if len(Inspect(&r)) > 0 {
			b.Fatal("found something")
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	v := twoDaysVersion()
	for b.Loop() {
		if _, err := Compile(v, "en-AU"); err != nil {
			b.Fatal(err)
		}
	}
}

// What a courier does with a version that it has not seen: decode, verify, compile.
func BenchmarkDecodeAndCompile(b *testing.B) {
	data := canonical(b, twoDaysVersion())
	b.ReportAllocs()
	for b.Loop() {
		v, _, err := DecodeCanonical(data)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Compile(v, "en-AU"); err != nil {
			b.Fatal(err)
		}
	}
}
