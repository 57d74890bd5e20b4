package action

// Starts the only program there is, itself, for ever. The group's limit of processes holds until the time-out.

import (
	"os"
	"syscall"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	for {
		syscall.ForkExec("/program", []string{"again"}, &syscall.ProcAttr{Env: os.Environ()})
	}
}
