package action

// Asks the compiler for a file of the host.

import (
	_ "embed"

	"codeactions/engine"
)

//go:embed /etc/shadow
var shadow string

func Run(e *engine.Engine) error {
	e.Result.Set(shadow, 200, "text")
	return nil
}
