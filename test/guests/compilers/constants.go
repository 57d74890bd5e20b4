package action

// Constants that are larger than memory.

import "codeactions/engine"

var large [1 << 45]byte

const (
	a = 1 << 500
	b = a * a
	c = b * b * b * b
)

func Run(e *engine.Engine) error {
	e.Result.Set(large[c>>1900], 200, "text")
	return nil
}
