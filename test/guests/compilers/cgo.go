package action

// Asks for a C compiler, with flags that run something.

// #cgo CFLAGS: -fplugin=/tmp/plugin.so
// #include <stdlib.h>
import "C"

import "codeactions/engine"

func Run(e *engine.Engine) error {
	C.system(C.CString("id"))
	return nil
}
