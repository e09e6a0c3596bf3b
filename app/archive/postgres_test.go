package archive

import (
	"strings"
	"testing"
)

func TestAPasswordStaysOutOfTheProcessList(t *testing.T) {
	t.Parallel()
	address, env := withoutPassword("postgres://serve:secret@/letterhead?host=/run")
	if strings.Contains(address, "secret") || env[len(env)-1] != "PGPASSWORD=secret" || !strings.HasPrefix(address, "postgres://serve@") {
		t.Errorf("%s %v", address, env[len(env)-1])
	}
	if same, _ := withoutPassword("postgres://serve@/letterhead"); same != "postgres://serve@/letterhead" {
		t.Error(same)
	}
}
