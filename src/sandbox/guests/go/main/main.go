// The program around a code: what the code's version is linked with. It is compiled after the code, so this is also
// where the compiler sees whether Run has the right signature.
package main

import (
	"codeactions/action"
	"codeactions/engine"
)

func main() {
	engine.Serve(action.Run)
}
