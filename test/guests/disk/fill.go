package action

// Writes until the disk is full: it is, soon, and only its own.

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	for n := 0; ; n++ {
		err := os.WriteFile(fmt.Sprintf("/work/%d", n), make([]byte, 1<<20), 0o600)
		if errors.Is(err, syscall.ENOSPC) {
			e.Result.Set("ENOSPC", 200, "text")
			return nil
		}
		if err != nil {
			return err
		}
	}
}
