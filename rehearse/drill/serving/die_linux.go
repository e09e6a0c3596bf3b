package serving

import (
	"os/exec"
	"syscall"
)

// dieTogether has the kernel end a process with the thread that starts it (prctl(2), PR_SET_PDEATHSIG).
func dieTogether(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
