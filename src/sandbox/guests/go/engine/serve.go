package engine

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// The process has one host; the log writes to it without being handed anything.
var host *connection

// The code imports this package, so this init runs before anything of the code does: the code's own package
// variables and init functions already see their environment, and what they print is captured.
func init() {
	syscall.CloseOnExec(3)
	host = &connection{
		file:         os.NewFile(3, "host"),
		lineBytesMax: 16 << 10,
		stdout:       printed{level: levelInfo, stream: streamStdout},
		stderr:       printed{level: levelError, stream: streamStderr},
	}
	host.intercept()

	host.send(kindReady, mustJSON(map[string]string{"runtime": "Go " + strings.TrimPrefix(runtime.Version(), "go")}))
	load, err := host.receive()
	if err != nil || load.kind != kindLoad {
		syscall.Exit(brokenLine)
	}
	var head struct {
		Environment map[string]string `json:"environment"`
	}
	if _, err := load.headAndBody(&head); err != nil {
		syscall.Exit(brokenLine)
	}
	host.begin(load.invocation, 0)
	for name, value := range head.Environment {
		_ = os.Setenv(name, value)
	}
}

// Serve answers invocations until the host goes away. The program around a code calls it, no code needs to.
func Serve(run func(*Engine) error) {
	host.send(kindLoaded)
	for {
		request, err := host.receive()
		if err != nil || request.kind != kindInvoke {
			syscall.Exit(brokenLine)
		}
		var head invocation
		body, err := request.headAndBody(&head)
		if err != nil {
			syscall.Exit(brokenLine)
		}
		host.begin(request.invocation, head.LineBytesMax)
		answer(call(run, head, body), head.ResultBytesMax)
	}
}

// invocation is the head of an INVOKE frame.
type invocation struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Query   [][2]string       `json:"query"`
	Headers [][2]string       `json:"headers"`
	Secrets map[string]string `json:"secrets"`
	Context struct {
		RunID      string  `json:"runId"`
		CodeID     string  `json:"codeId"`
		Version    int     `json:"version"`
		ProjectID  string  `json:"projectId"`
		Attempt    int     `json:"attempt"`
		DeadlineMs float64 `json:"deadlineMs"`
	} `json:"context"`
	ResultBytesMax int `json:"resultBytesMax"`
	LineBytesMax   int `json:"lineBytesMax"`
}

// outcome is a result or a failure.
type outcome struct {
	result  *Result
	failure *failure
}

// call runs the code in a goroutine of its own, so that runtime.Goexit ends the call and not the process.
func call(run func(*Engine) error, head invocation, body []byte) outcome {
	engine, release := newEngine(head, body)
	defer release()
	done := make(chan *failure)
	go func() {
		var failed *failure
		returned := false
		defer func() {
			if !returned {
				failed = describePanic(recover())
			}
			done <- failed
		}()
		if err := run(engine); err != nil {
			failed = describeError(err)
		}
		returned = true
	}()
	return outcome{engine.Result, <-done}
}

func answer(outcome outcome, resultBytesMax int) {
	if outcome.failure != nil {
		host.send(kindError, mustJSON(outcome.failure))
		return
	}
	result := outcome.result
	head := mustJSON(map[string]any{
		"statusCode":  result.statusCode,
		"contentType": result.contentType,
		"headers":     toNested(result.header.pairs),
	})
	if len(result.body) > resultBytesMax || headerBytes+4+len(head)+len(result.body) > frameBytesMax {
		message := fmt.Sprintf("the result is %d bytes large; allowed are %d", len(result.body), resultBytesMax)
		host.send(kindError, mustJSON(failure{Kind: "ResultTooLarge", Message: message}))
		return
	}
	host.send(kindResult, binary.BigEndian.AppendUint32(nil, uint32(len(head))), head, result.body)
}

func newEngine(head invocation, body []byte) (*Engine, context.CancelFunc) {
	deadline := time.UnixMilli(int64(head.Context.DeadlineMs))
	running, release := context.WithDeadline(context.Background(), deadline)
	params := Params{toPairs(head.Query)}
	header := &Header{toPairs(head.Headers)}
	text := strings.TrimSpace(string(body))
	return &Engine{
		Params:  params,
		Body:    text,
		RawBody: body,
		Header:  header,
		Request: Request{
			Method: head.Method,
			Path:   head.Path,
			Query:  params,
			Params: params,
			Header: header,
			Body:   text,
		},
		Result:  &Result{statusCode: 200, contentType: "text"},
		Secrets: Secrets{head.Secrets},
		Context: Context{
			RunID:     head.Context.RunID,
			CodeID:    head.Context.CodeID,
			Version:   head.Context.Version,
			ProjectID: head.Context.ProjectID,
			Attempt:   head.Context.Attempt,
			Deadline:  deadline,
			running:   running,
		},
	}, release
}

func toPairs(nested [][2]string) []Pair {
	pairs := make([]Pair, len(nested))
	for i, pair := range nested {
		pairs[i] = Pair{pair[0], pair[1]}
	}
	return pairs
}

func toNested(pairs []Pair) [][2]string {
	nested := make([][2]string, len(pairs))
	for i, pair := range pairs {
		nested[i] = [2]string{pair.Name, pair.Value}
	}
	return nested
}

func mustJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		syscall.Exit(brokenLine)
	}
	return text
}
