package wording

import (
	"strings"
	"testing"

	"letterhead/fault"
	"letterhead/wording/field"
)

func TestValidateNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	first := func(v *Version) *Language { return &v.Languages[0] }
	block := func(b Block) func(*Version) {
		return func(v *Version) { first(v).Blocks = append([]Block{b}, first(v).Blocks...) }
	}
	subject := func(s string) func(*Version) { return func(v *Version) { first(v).Subject = Say(s) } }
	for name, c := range map[string]struct {
		change func(*Version)
		key    string
	}{
		"format":                      {func(v *Version) { v.Format = 0 }, "wording.format"},
		"purpose":                     {func(v *Version) { v.Purpose = "spam" }, "wording.purpose"},
		"host of a shortener":         {func(v *Version) { v.Hosts = []string{"bit.ly"} }, "wording.host_shortener"},
		"hosts out of order":          {func(v *Version) { v.Hosts = []string{"b.example", "a.example"} }, "wording.hosts_order"},
		"host in capitals":            {func(v *Version) { v.Hosts = []string{"Wattlestreet.example"} }, "wording.host"},
		"too many hosts":              {func(v *Version) { v.Hosts = make([]string, 13) }, "wording.hosts_many"},
		"sender with a link":          {func(v *Version) { v.Sender.Name = "evil.example" }, "wording.text_link"},
		"sender with an address":      {func(v *Version) { v.Sender.Name = "Clinic <a" }, "wording.sender_name"},
		"sender in two alphabets":     {func(v *Version) { v.Sender.Name = "Wаttle" }, "wording.sender_name"},
		"sender with a line":          {func(v *Version) { v.Sender.Name = "a\r\nBcc: b" }, "wording.text_hidden"},
		"local part":                  {func(v *Version) { v.Sender.Local = "a b" }, "wording.sender_local"},
		"sender domain":               {func(v *Version) { v.Sender.Domain = "localhost" }, "wording.host"},
		"accent":                      {func(v *Version) { v.Branding.Accent = "red;background:url(x)" }, "wording.accent"},
		"accent in capitals":          {func(v *Version) { v.Branding.Accent = "#1F4E79" }, "wording.accent"},
		"phone that dials another":    {func(v *Version) { v.Branding.Phone = &Phone{Display: "(03) 5550 0142", Number: "+61900123456"} }, "wording.phone_number"},
		"phone with words":            {func(v *Version) { v.Branding.Phone = &Phone{Display: "ring me", Number: "+61900123456"} }, "wording.phone"},
		"website elsewhere":           {func(v *Version) { v.Branding.Website = "https://evil.example/" }, "wording.url_host"},
		"e-mail":                      {func(v *Version) { v.Branding.Email = "Hello@x" }, "wording.email"},
		"many address lines":          {func(v *Version) { v.Branding.Address = make([]string, 6) }, "wording.address_lines"},
		"no language":                 {func(v *Version) { v.Languages = nil }, "wording.languages"},
		"default language":            {func(v *Version) { v.DefaultLanguage = "fr" }, "wording.default_language"},
		"language tag":                {func(v *Version) { first(v).Tag, v.DefaultLanguage = `en"><x`, `en"><x` }, "wording.language_tag"},
		"language twice":              {func(v *Version) { v.Languages = append(v.Languages, v.Languages[0]) }, "wording.language_twice"},
		"no subject":                  {func(v *Version) { first(v).Subject = nil }, "wording.subject_missing"},
		"long subject":                {subject(strings.Repeat("long ", 40)), "wording.line_long"},
		"subject with a link":         {subject("Claim at evil.example now"), "wording.text_link"},
		"subject with another phone":  {subject("Ring 0900 123 456"), "wording.text_phone"},
		"subject with a line break":   {subject("a\r\nBcc: x"), "wording.text_hidden"},
		"bold subject":                {func(v *Version) { first(v).Subject = Strong(Say("Hello")...) }, "wording.plain_line"},
		"unknown field":               {subject("Hello {client.password}"), "wording.field_unknown"},
		"field glued to a host":       {subject("See {recipient.first_name}.com"), "wording.field_glued"},
		"field glued to a sign":       {subject("a@{recipient.first_name}"), "wording.field_glued"},
		"field glued to a field":      {subject("{recipient.first_name}{location.name}"), "wording.field_glued"},
		"field glued to a letter":     {subject("{recipient.first_name}com"), "wording.field_glued"},
		"direction override":          {block(Text("abc\u202edef")), "wording.text_hidden"},
		"host in pieces":              {block(Rich(Join(Say("evil"), Strong(Say(".example")...)))), "wording.text_link"},
		"another phone in the text":   {block(Text("Ring 0900 123 456 today")), "wording.text_phone"},
		"another e-mail":              {block(Text("Write to a@evil.example")), "wording.text_link"},
		"no blocks":                   {func(v *Version) { first(v).Blocks = nil }, "wording.blocks"},
		"no footer":                   {func(v *Version) { first(v).Blocks = first(v).Blocks[:1] }, "wording.footer"},
		"two footers":                 {block(footer("this")), "wording.footer"},
		"conditional footer":          {func(v *Version) { b := first(v).Blocks; b[len(b)-1].When = []Condition{ForSelf} }, "wording.footer"},
		"empty heading":               {block(Block{Kind: HeadingBlock}), "wording.heading_empty"},
		"empty text":                  {block(Block{Kind: TextBlock}), "wording.paragraphs"},
		"empty paragraph":             {block(Block{Kind: TextBlock, Paragraphs: []Paragraph{{}}}), "wording.paragraph_empty"},
		"style":                       {block(List("fancy", "x")), "wording.paragraph_style"},
		"unknown kind":                {block(Block{Kind: "html"}), "wording.block_kind"},
		"hidden member":               {block(Block{Kind: DividerBlock, Label: "x"}), "wording.member_unused"},
		"unknown condition":           {block(Divider().Only("always")), "wording.condition_unknown"},
		"condition twice":             {block(Divider().Only(InPerson, InPerson)), "wording.condition_twice"},
		"condition that never holds":  {block(Divider().Only(InPerson, Telehealth)), "wording.condition_never"},
		"button to another host":      {block(Button("Go", Target{Kind: ToURL, URL: "https://evil.example/"})), "wording.url_host"},
		"button to http":              {block(Button("Go", Target{Kind: ToURL, URL: "http://wattlestreet.example/"})), "wording.url_scheme"},
		"button to a script":          {block(Button("Go", Target{Kind: ToURL, URL: "javascript:alert(1)"})), "wording.url"},
		"button with a user":          {block(Button("Go", Target{Kind: ToURL, URL: "https://wattlestreet.example@evil.example/"})), "wording.url_user"},
		"button with a port":          {block(Button("Go", Target{Kind: ToURL, URL: "https://wattlestreet.example:8443/"})), "wording.url_port"},
		"button with a quote":         {block(Button("Go", Target{Kind: ToURL, URL: `https://wattlestreet.example/"x`})), "wording.url"},
		"button that says another":    {block(Button("evil.example", Target{Kind: ToWebsite})), "wording.text_link"},
		"button to nowhere":           {block(Block{Kind: ButtonBlock, Label: "Go"}), "wording.target_missing"},
		"button without a label":      {block(Button("", Target{Kind: ToWebsite})), "wording.text_missing"},
		"target kind":                 {block(Button("Go", Target{Kind: "ftp"})), "wording.target"},
		"target with a stray address": {block(Button("Go", Target{Kind: ToWebsite, URL: "https://evil.example"})), "wording.target_url"},
		"target not set":              {func(v *Version) { v.Branding.Email = ""; block(Button("Write", Target{Kind: ToEmail}))(v) }, "wording.target_unset"},
		"unsubscribe in a reminder":   {block(Button("No more", Target{Kind: ToUnsubscribe})), "wording.unsubscribe"},
		"field of nothing":            {func(v *Version) { v.Branding.Address = nil; block(Text("At {practice.address}"))(v) }, "wording.field_unset"},
		"fallback with a link":        {block(Text("Hello {recipient.first_name|evil.example}")), "wording.fallback_link"},
		"fallback of a date":          {block(Text("On {appointment.day|some day}")), "wording.fallback_calendar"},
		"service in SMS":              {func(v *Version) { first(v).SMS = SMS("{appointment.service}") }, "wording.sms_health"},
		"long SMS":                    {func(v *Version) { first(v).SMS = SMS(strings.Repeat("long ", 200)) }, "wording.line_long"},
		"marketing with no way out":   {func(v *Version) { v.Purpose = Marketing; first(v).Subject = Say("News"); first(v).Preheader = nil }, "wording.card_marketing"},
		"image not described":         {block(Picture(Image{SHA256: "x", Alt: "x"})), "wording.image"},
		"two kinds of inline":         {block(Rich([]Inline{{Text: "a", Break: true}})), "wording.inline"},
		"linked field":                {block(Rich([]Inline{{Field: field.PracticeName.Name(), Link: &Target{Kind: ToWebsite}}})), "wording.inline"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := bookedVersion()
			if err := v.Validate(); err != nil {
				t.Fatal(err)
			}
			c.change(v)
			err := v.Validate()
			if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Key != c.key || f.Field == "" || f.Say == "" {
				t.Errorf("got %v, want %s", err, c.key)
			}
		})
	}
}

func TestValidateAllows(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Version){
		"the practice's own phone in text":  func(v *Version) { v.Languages[0].Subject = Say("Ring (03) 5550 0142") },
		"the same number otherwise written": func(v *Version) { v.Languages[0].Subject = Say("Ring +61 3 5550 0142") },
		"the practice's own host in text":   func(v *Version) { v.Languages[0].Subject = Say("See wattlestreet.example/check, please") },
		"the practice's own e-mail in text": func(v *Version) { v.Languages[0].Subject = Say("Write to hello@wattlestreet.example.") },
		"service in SMS when allowed":       func(v *Version) { v.HealthInSMS, v.Languages[0].SMS = true, SMS("{appointment.service}") },
		"an emoji":                          func(v *Version) { v.Languages[0].Subject = Say("Merry Christmas 🎄❤️") },
		"a possessive":                      func(v *Version) { v.Languages[0].Subject = Say("{recipient.first_name}’s appointment") },
		"another language with fallbacks": func(v *Version) {
			v.Languages = append(v.Languages, Language{Tag: "tr", Subject: Say("Randevu {appointment.date}"), Blocks: []Block{Text("Merhaba {recipient.first_name|size}"), Card(true), Footer(Say("x"))}})
		},
	} {
		v := bookedVersion()
		change(v)
		for _, l := range v.Languages {
			if _, err := Compile(v, l.Tag); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	v := bookedVersion()
	v.Languages = append(v.Languages, Language{Tag: "tr", Subject: Say("x"), Blocks: []Block{Text("Merhaba {recipient.first_name}"), Footer(Say("x"))}})
	if f := fault.As(v.Validate()); f == nil || f.Key != "wording.fallback_missing" {
		t.Errorf("a language without words: %v", f)
	}
}

func TestMatchLanguages(t *testing.T) {
	t.Parallel()
	v := twoDaysVersion()
	for preferred, want := range map[string]string{"en-AU": "en-AU", "en-US": "en-AU", "ar": "ar-EG", "ar-EG": "ar-EG", "fr": "en-AU", "": "en-AU"} {
		if got := v.Match(preferred); got != want {
			t.Errorf("%q: %s, want %s", preferred, got, want)
		}
	}
}

func TestAttach(t *testing.T) {
	t.Parallel()
	logo := testLogo()
	v := bookedVersion()
	if f := fault.As(v.Attach(logo.data)); f == nil || f.Key != "wording.image_unknown" {
		t.Errorf("an unknown picture: %v", f)
	}
	v.Branding.Logo = &logo.Image
	if _, err := Compile(v, "en-AU"); fault.As(err) == nil || fault.As(err).Key != "wording.image_absent" {
		t.Errorf("without the picture: %v", err)
	}
	wrong := logo.Image
	wrong.Width = 10
	v.Branding.Logo = &wrong
	if f := fault.As(v.Attach(logo.data)); f == nil || f.Key != "wording.image_differs" {
		t.Errorf("another size: %v", f)
	}
	v.Branding.Logo = &logo.Image
	if err := v.Attach(logo.data); err != nil {
		t.Fatal(err)
	}
	if _, err := Compile(v, "en-AU"); err != nil {
		t.Error(err)
	}
	for name, data := range map[string][]byte{"text": []byte("<svg onload=alert(1)>"), "nothing": nil, "large": make([]byte, (200<<10)+1)} {
		if _, err := Describe(data, "x"); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
}
