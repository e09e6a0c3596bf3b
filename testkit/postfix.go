package testkit

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Postfix is a private instance of Debian's mail server on loopback that delivers whatever it accepts to one maildir.
type Postfix struct {
	Address string // HOST:PORT of its submission
	Maildir string
	config  string
}

const mainCF = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
default_process_limit = 40
alias_maps =
alias_database =
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = %[1]s
virtual_uid_maps = static:%[2]s
virtual_gid_maps = static:%[3]s
virtual_minimum_uid = 1
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
multi_instance_enable = yes
`

const masterCF = `127.0.0.1:%d inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - 20 virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// StartPostfix starts one; it stops with the test. Postfix starts as root only: elsewhere the test says so and fails, so that nobody takes it
// for passed.
func StartPostfix(t testing.TB) *Postfix {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("Postfix can only be started by root: run the suite as root, as in a container")
	}
	// Not t.TempDir: its parent may not be entered by Postfix' users.
	folder, err := os.MkdirTemp("/var/tmp", "letterhead-postfix-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	account, err := user.Lookup("postfix")
	if err != nil {
		t.Fatal("no user postfix: apt-get install postfix")
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	p := &Postfix{Maildir: filepath.Join(folder, "inbox"), config: filepath.Join(folder, "config")}
	port := freePort(t)
	p.Address = fmt.Sprintf("127.0.0.1:%d", port)
	for path, owner := range map[string]int{folder: uid, p.config: 0, folder + "/queue": 0, folder + "/data": uid, p.Maildir: uid} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, owner, map[bool]int{true: gid, false: 0}[owner == uid]); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"main.cf": fmt.Sprintf(mainCF, folder, account.Uid, account.Gid), "master.cf": fmt.Sprintf(masterCF, port)} {
		if err := os.WriteFile(filepath.Join(p.config, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("/usr/sbin/postfix", "-c", p.config, "start").CombinedOutput(); err != nil {
		t.Fatalf("start Postfix: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("/usr/sbin/postfix", "-c", p.config, "stop").CombinedOutput(); err != nil {
			t.Errorf("stop Postfix: %v\n%s", err, out)
		}
	})
	waitFor(t, p.Address)
	return p
}

// Wait waits until n mails lie in the maildir and returns their files.
func (p *Postfix) Wait(t testing.TB, n int, most time.Duration) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	for {
		files, err := filepath.Glob(filepath.Join(p.Maildir, "new", "*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) >= n {
			return files
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d of %d mails arrived within %s", len(files), n, most)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func waitFor(t testing.TB, address string) {
	t.Helper()
	for range 100 {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			connection.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s does not answer", address)
}
