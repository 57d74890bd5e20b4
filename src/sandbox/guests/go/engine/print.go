package engine

import (
	"bytes"
	"os"
	"time"
	_ "unsafe" // for go:linkname
)

// Package os, compiled for codes with two lines more, calls these. So a print is a frame on its way to the host when
// fmt.Println returns: it is in order with everything else, and no crash can lose it. What goes around os.Stdout,
// such as the runtime's own words about a crash, reaches the host on descriptors 1 and 2.
var (
	//go:linkname interceptWrite os.interceptWrite
	interceptWrite func(file *os.File, bytes []byte) bool

	//go:linkname interceptExit os.interceptExit
	interceptExit func()
)

// printed is a stream of text on its way to becoming lines.
type printed struct {
	level  byte
	stream byte
	// The line that has no end yet, and whether its rest is being dropped because it is too long.
	line []byte
	cut  bool
}

// intercept takes what is written to the files that os.Stdout and os.Stderr are now, also when the code puts others
// in their place or keeps these.
func (c *connection) intercept() {
	stdout, stderr := os.Stdout, os.Stderr
	interceptWrite = func(file *os.File, bytes []byte) bool {
		switch file {
		case stdout:
			c.print(&c.stdout, bytes)
		case stderr:
			c.print(&c.stderr, bytes)
		default:
			return false
		}
		return true
	}
	interceptExit = c.finishLines
}

// print sends the lines that are complete and keeps the start of one that is not.
func (c *connection) print(to *printed, text []byte) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now := time.Now()
	for {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			c.appendPiece(to, text, now)
			break
		}
		c.appendPiece(to, text[:end], now)
		c.endLine(to, now)
		text = text[end+1:]
		if len(c.pending) > pendingBytesMax {
			c.flush()
		}
	}
	c.flush()
}

// appendPiece adds to the unfinished line; once the line is too long it is sent, and the rest of it is dropped.
func (c *connection) appendPiece(to *printed, piece []byte, at time.Time) {
	if to.cut {
		return
	}
	// One byte more than fits tells that the line is too long.
	if room := c.lineBytesMax + 1 - len(to.line); len(piece) > room {
		piece = piece[:room]
	}
	to.line = append(to.line, piece...)
	if len(to.line) > c.lineBytesMax {
		text := string(to.line)
		c.appendLine(to.level, to.stream, lineCut, at, text[:wholeRunes(text, c.lineBytesMax)])
		to.cut = true
	}
}

func (c *connection) endLine(to *printed, at time.Time) {
	if !to.cut {
		c.appendLine(to.level, to.stream, 0, at, string(bytes.TrimSuffix(to.line, []byte("\r"))))
	}
	to.line, to.cut = to.line[:0], false
}

// finishLines sends what was printed without an end of line.
func (c *connection) finishLines() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.appendUnfinished()
	c.flush()
}

func (c *connection) appendUnfinished() {
	for _, stream := range []*printed{&c.stdout, &c.stderr} {
		if len(stream.line) > 0 {
			c.endLine(stream, time.Now())
		}
	}
}
