package action

// Prints without end.

import (
	"fmt"
	"strings"

	"codeactions/engine"
)

func Run(e *engine.Engine) error {
	for {
		fmt.Println(strings.Repeat("x", 100))
	}
}
