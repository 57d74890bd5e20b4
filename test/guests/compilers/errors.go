package action

// Mistakes without end, each of them worth a line.

import "codeactions/engine"

func Run(e *engine.Engine) error {
	REPEAT 20000: missing(1)
}
