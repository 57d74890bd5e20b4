package action

// Tells everything that can be seen from inside a worker.

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"codeactions/engine"
)

func read(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func entries(path string) []string {
	names := []string{}
	found, _ := os.ReadDir(path)
	for _, entry := range found {
		names = append(names, entry.Name())
	}
	return names
}

func links(folder string) map[string]string {
	found := map[string]string{}
	for _, name := range entries(folder) {
		found[name], _ = os.Readlink(filepath.Join(folder, name))
	}
	return found
}

func writable(folder string) []string {
	const w = 2
	found := []string{}
	if syscall.Access(folder, w) == nil {
		found = append(found, folder)
	}
	all, _ := os.ReadDir(folder)
	for _, entry := range all {
		path := filepath.Join(folder, entry.Name())
		if entry.IsDir() && path != "/proc" && path != "/sys" {
			found = append(found, writable(path)...)
		}
	}
	return found
}

func Run(e *engine.Engine) error {
	environment := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		environment[name] = value
	}
	processes := map[string][]string{}
	for _, name := range entries("/proc") {
		if _, err := strconv.Atoi(name); err == nil {
			processes[name] = []string{read("/proc/" + name + "/cmdline"), read("/proc/" + name + "/environ")}
		}
	}
	sockets := map[string]string{}
	for _, name := range []string{"tcp", "udp", "unix", "dev", "route"} {
		sockets[name] = read("/proc/net/" + name)
	}
	groups, _ := os.Getgroups()
	host, _ := os.Hostname()
	e.Result.Set(map[string]any{
		"environment": environment,
		"descriptors": links("/proc/self/fd"),
		"mounts":      read("/proc/self/mountinfo"),
		"processes":   processes,
		"status":      read("/proc/self/status"),
		"sockets":     sockets,
		"users":       []any{read("/proc/self/uid_map"), read("/proc/self/gid_map"), os.Getuid(), os.Getgid(), groups},
		"host":        host,
		"groups":      read("/proc/self/cgroup"),
		"root":        entries("/"),
		"etc":         entries("/etc"),
		"dev":         entries("/dev"),
		"sys":         entries("/sys"),
		"writable":    writable("/"),
		"limits":      read("/proc/self/limits"),
		"namespaces":  links("/proc/self/ns"),
	}, 200, "json")
	return nil
}
