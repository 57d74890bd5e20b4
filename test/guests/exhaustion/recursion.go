package action

// Calls itself until the stack is gone.

import "codeactions/engine"

func Run(e *engine.Engine) error {
	return Run(e)
}
