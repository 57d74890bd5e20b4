package engine

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// failure is why an invocation has no result.
type failure struct {
	Kind      string `json:"kind"`
	Message   string `json:"message"`
	Traceback string `json:"traceback"`
}

const (
	kindBytesMax      = 200
	messageBytesMax   = 8 << 10
	tracebackBytesMax = 32 << 10
)

// describeError names an error that Run returned. Go's errors carry no stack, so there is no traceback.
func describeError(err error) *failure {
	kind := strings.TrimLeft(fmt.Sprintf("%T", err), "*")
	if strings.HasPrefix(kind, "errors.") || strings.HasPrefix(kind, "fmt.") {
		kind = "error"
	}
	kind = bounded(strings.TrimPrefix(kind, "action."), kindBytesMax)
	return &failure{Kind: kind, Message: bounded(err.Error(), messageBytesMax)}
}

// describePanic must be called by the deferred function of the panicking goroutine, whose stack it shows from the
// panic down to Run.
func describePanic(value any) *failure {
	message := "runtime.Goexit was called"
	if value != nil {
		message = bounded(fmt.Sprint(value), messageBytesMax)
	}
	traceback := bounded("panic: "+message+"\n"+codeStack(), tracebackBytesMax)
	return &failure{Kind: "panic", Message: message, Traceback: traceback}
}

func bounded(text string, bytesMax int) string {
	if len(text) <= bytesMax {
		return text
	}
	return text[:wholeRunes(text, bytesMax)]
}

const codePrefix = "codeactions/action."

// codeStack lists the code's own functions, the innermost first, as Go's tracebacks do.
func codeStack() string {
	var lines strings.Builder
	callers := make([]uintptr, 100)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.Function, codePrefix) {
			name := strings.TrimPrefix(frame.Function, codePrefix)
			fmt.Fprintf(&lines, "\n%s(...)\n\t%s:%d", name, filepath.Base(frame.File), frame.Line)
		}
		if !more {
			return lines.String()
		}
	}
}
