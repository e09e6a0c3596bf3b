package testkit

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Copy makes a database with all that another holds, which nobody may have open, and returns its address for the unprivileged role.
func (c *Cluster) Copy(name, from string) (string, error) {
	if err := c.exec("postgres", `CREATE DATABASE `+name+` OWNER owner TEMPLATE `+from); err != nil {
		return "", err
	}
	return c.URL(serve, name), nil
}

// Drop removes a database, whoever has it open.
func (c *Cluster) Drop(name string) error {
	return c.exec("postgres", `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
}

// Owner is the address of a database for the one who may do everything in it: for setting up, never for what is tested or measured.
func (c *Cluster) Owner(database string) string { return c.URL("postgres", database) }

// CPU is the CPU time of the server and of its backends that have ended; 0 where /proc does not tell.
func (c *Cluster) CPU() time.Duration {
	raw, err := os.ReadFile(filepath.Join(c.folder, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	pid, _, _ := bytes.Cut(raw, []byte("\n"))
	stat, err := os.ReadFile(filepath.Join("/proc", string(bytes.TrimSpace(pid)), "stat"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	var ticks int64
	if fields := strings.Fields(rest); len(fields) > 14 {
		for _, f := range fields[11:15] { // utime, stime, and those of ended children: proc(5)
			n, _ := strconv.ParseInt(f, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on every Linux
}

// Stop ends the server and removes its folder. Without it, the server ends with the process and the next cluster sweeps the folder.
func (c *Cluster) Stop() error {
	raw, err := os.ReadFile(filepath.Join(c.folder, "data", "postmaster.pid"))
	if err != nil {
		return err
	}
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	pid, err := strconv.Atoi(string(bytes.TrimSpace(line)))
	if err != nil {
		return err
	}
	server, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	if err := server.Signal(os.Interrupt); err != nil { // fast shutdown
		return err
	}
	for range 200 { // at most 10 s
		if _, err := os.Stat(filepath.Join(c.folder, "data", "postmaster.pid")); err != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return os.RemoveAll(c.folder)
}
