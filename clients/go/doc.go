// Package codeactions is the client of Code Actions, a service that runs snippets of Python, JavaScript, TypeScript and
// Go. It speaks gRPC, and belongs to the contract's package codeactions.v1, whose messages are in gen/codeactions/v1.
//
// A Client has a field for each service of the contract. Their methods are the contract's; each
//
//   - takes 30 seconds at most (RunCode 960) where its context has no deadline,
//   - is sent again, up to five times in all and within its deadline, where that cannot do anything twice,
//   - and fails with an *Error, which has the reason.
//
// Lists can be read through with Pages. What goes on is followed with a Stream, which survives broken connections:
// see RunnerService.RunCodeStream, RunnerService.WatchRun and LogService.TailLogs.
package codeactions
