package action

// Starts threads until there are no more. The group's limit counts them, and Go ends when it gets none.

import (
	"runtime"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	for {
		go func() {
			runtime.LockOSThread()
			select {}
		}()
		runtime.Gosched()
	}
}
