package action

// Reads what only the host has; answers with what it got.

import (
	"os"
	"strings"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	found := []string{}
	paths := "/etc/shadow /etc/hostname /root/.bashrc /proc/1/environ /proc/1/root/etc/shadow /proc/kcore /proc/keys /sys/class/net /dev/mem /run/docker.sock "
	for _, path := range strings.Fields(paths + e.Body) {
		if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
			found = append(found, path)
		}
		if entries, err := os.ReadDir(path); err == nil && len(entries) > 0 {
			found = append(found, path)
		}
	}
	e.Result.Set(found, 200, "json")
	return nil
}
