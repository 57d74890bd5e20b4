package engine

import (
	"bytes"
	"os"
	"syscall"
	"time"
)

// How much a pipe holds on Linux. After reading this much, all that was in the pipe at the start has been read.
const pipeBytes = 64 << 10

// capture turns what is printed to os.Stdout or os.Stderr into lines. Both are pipes into this very process: a
// goroutine forwards what comes, and whoever logs or answers reads first what is still in the pipes, which is what
// keeps prints and entries in order. Between the two streams the order is best effort.
type capture struct {
	level  byte
	stream byte
	reader *os.File
	fd     int
	chunk  []byte
	// The line that has no end yet, and whether its rest is being dropped because it is too long.
	line []byte
	cut  bool
}

// newCapture returns a capture and the file to print to.
func newCapture(level, stream byte, name string) (*capture, *os.File, error) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return nil, nil, err
	}
	reader := os.NewFile(uintptr(ends[0]), name+" reader")
	printed := &capture{level: level, stream: stream, reader: reader, fd: ends[0], chunk: make([]byte, pipeBytes)}
	return printed, os.NewFile(uintptr(ends[1]), "/dev/"+name), nil
}

// follow forwards what is printed for as long as the process lives.
func (c *connection) follow(printed *capture) {
	pipe, err := printed.reader.SyscallConn()
	if err != nil {
		return
	}
	// Returning false waits until the pipe is readable again, without reading from it.
	_ = pipe.Read(func(uintptr) bool {
		c.forward(printed)
		return false
	})
}

func (c *connection) drainBoth() {
	c.drain(c.stdout)
	c.drain(c.stderr)
}

// drain reads at least what was in the pipe when it was called, but for ever only if nobody goes on printing: it
// stops after a pipe's size and says whether there may be more.
func (c *connection) drain(printed *capture) (more bool) {
	for total := 0; total < pipeBytes; {
		n, err := syscall.Read(printed.fd, printed.chunk)
		if err == syscall.EINTR {
			continue
		}
		if n <= 0 {
			return false
		}
		total += n
		c.appendPrinted(printed, printed.chunk[:n])
	}
	return true
}

func (c *connection) appendPrinted(printed *capture, chunk []byte) {
	now := time.Now()
	for {
		end := bytes.IndexByte(chunk, '\n')
		if end < 0 {
			c.appendPiece(printed, chunk, now)
			return
		}
		c.appendPiece(printed, chunk[:end], now)
		c.endLine(printed, now)
		chunk = chunk[end+1:]
	}
}

// appendPiece adds to the unfinished line; once the line is too long it is sent, and the rest of it is dropped.
func (c *connection) appendPiece(printed *capture, piece []byte, at time.Time) {
	if printed.cut {
		return
	}
	printed.line = append(printed.line, piece...)
	if len(printed.line) <= c.lineBytesMax {
		return
	}
	text := string(printed.line[:c.lineBytesMax+1])
	c.appendLine(printed.level, printed.stream, lineCut, at, text[:wholeRunes(text, c.lineBytesMax)])
	printed.cut = true
}

func (c *connection) endLine(printed *capture, at time.Time) {
	if !printed.cut {
		c.appendLine(printed.level, printed.stream, 0, at, string(printed.line))
	}
	printed.line, printed.cut = printed.line[:0], false
}

// finish sends a line that was printed without its end.
func (c *connection) finish(printed *capture) {
	if len(printed.line) > 0 && !printed.cut {
		c.endLine(printed, time.Now())
	}
	printed.line, printed.cut = printed.line[:0], false
}
