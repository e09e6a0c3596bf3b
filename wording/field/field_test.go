package field

import (
	"strings"
	"testing"

	"letterhead/fault"
	"letterhead/wording/clean"
)

func TestCheckNamesTheFieldAndNotTheValue(t *testing.T) {
	t.Parallel()
	if err := Check(RecipientFirst.Name(), "Fatima"); err != nil {
		t.Error(err)
	}
	for value, reason := range map[string]clean.Reason{"": clean.ReasonMissing, "evil.com": clean.ReasonLink, "<b>Ann</b>": clean.ReasonCharacter, strings.Repeat("a", 41): clean.ReasonLong, "Ann\r\nBcc: x": clean.ReasonControl} {
		f := fault.As(Check(RecipientFirst.Name(), value))
		if f == nil || f.Kind != fault.Invalid || f.Field != string(RecipientFirst.Name()) || f.Key != "wording.value_"+string(reason) || (value != "" && strings.Contains(f.Error(), value)) {
			t.Errorf("%q: %+v", value, f)
		}
	}
	if fault.As(Check("client.password", "x")) == nil {
		t.Error("an unknown field was accepted")
	}
}

func TestFieldTable(t *testing.T) {
	t.Parallel()
	for _, info := range Fields() {
		if info.Max == 0 || info.Type == "" || info.Source == "" {
			t.Errorf("%s is not described", info.Field)
		}
		if info.Type != clean.EmailValue && info.Type != clean.SiteValue {
			if err := Check(info.Field, info.Example); err != nil {
				t.Errorf("the example of %s: %v", info.Field, err)
			}
		}
	}
	if service, _ := Lookup(AppointmentService.Name()); !service.Health {
		t.Error("a service name is no health data")
	}
}
