package action

// A type that needs a larger one of itself, without end.

import "codeactions/engine"

type Pair[T any] struct{ left, right T }

func grow[T any](n int, value T) {
	if n > 0 {
		grow(n-1, Pair[T]{value, value})
	}
}

func Run(e *engine.Engine) error {
	grow(100, 1)
	return nil
}
