package engine

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"
)

// The worker protocol: frames on descriptor 3, both ways, integers big-endian:
//
//	u32 length of what follows | u8 kind | u32 invocation | payload
//
// A payload is a head and a body (u32 length of the head, the head as JSON, the body), JSON alone, or a log line
// (u8 level | u8 stream | u8 flags | u64 microseconds since the epoch | text).
const (
	kindLoad   = 1
	kindInvoke = 2
	kindReady  = 16
	kindLoaded = 17
	kindLog    = 18
	kindResult = 19
	kindError  = 20

	levelDebug   = 0
	levelInfo    = 1
	levelWarning = 2
	levelError   = 3

	streamEngine = 0
	streamStdout = 1
	streamStderr = 2

	lineCut = 1

	frameBytesMax = 9 << 20
	headerBytes   = 9

	// Frames are written together up to about this much.
	pendingBytesMax = 64 << 10

	// The process ends with this when the host is gone or cannot be understood.
	brokenLine = 70
)

type frame struct {
	kind       byte
	invocation uint32
	payload    []byte
}

// connection is the line to the host. Everything that goes out passes under its one mutex, so that frames are whole
// and lines are in the order in which they were written.
type connection struct {
	file *os.File

	mutex        sync.Mutex
	invocation   uint32
	lineBytesMax int
	stdout       printed
	stderr       printed
	// Frames on their way out, written in one go by flush.
	pending []byte
}

// receive waits for the next frame. An error means that the host is gone or talks nonsense.
func (c *connection) receive() (frame, error) {
	var header [headerBytes]byte
	if _, err := io.ReadFull(c.file, header[:]); err != nil {
		return frame{}, err
	}
	length := binary.BigEndian.Uint32(header[:4])
	if length < headerBytes-4 || length > frameBytesMax {
		return frame{}, fmt.Errorf("a frame announces %d bytes", length)
	}
	payload := make([]byte, length-(headerBytes-4))
	_, err := io.ReadFull(c.file, payload)
	return frame{header[4], binary.BigEndian.Uint32(header[5:]), payload}, err
}

// headAndBody reads the head into the given value and returns the body, which is a part of the payload.
func (f frame) headAndBody(head any) ([]byte, error) {
	if len(f.payload) < 4 {
		return nil, io.ErrUnexpectedEOF
	}
	length := uint64(binary.BigEndian.Uint32(f.payload))
	if 4+length > uint64(len(f.payload)) {
		return nil, io.ErrUnexpectedEOF
	}
	return f.payload[4+length:], json.Unmarshal(f.payload[4:4+length], head)
}

// begin makes what is written from now on belong to an invocation.
func (c *connection) begin(invocation uint32, lineBytesMax int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.invocation = invocation
	if lineBytesMax > 0 {
		c.lineBytesMax = lineBytesMax
	}
}

// log sends an entry. A print that has no end of line yet comes after it.
func (c *connection) log(level byte, text string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	flags := byte(0)
	if len(text) > c.lineBytesMax {
		text, flags = text[:wholeRunes(text, c.lineBytesMax)], lineCut
	}
	c.appendLine(level, streamEngine, flags, time.Now(), text)
	c.flush()
}

// send writes a frame, after what was printed without an end of line.
func (c *connection) send(kind byte, payload ...[]byte) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.appendUnfinished()
	length := headerBytes - 4
	for _, part := range payload {
		length += len(part)
	}
	c.appendHeader(kind, length)
	// The last part can be large: it is written from where it is.
	for i, part := range payload {
		if i == len(payload)-1 && len(part) > pendingBytesMax {
			c.flush()
			c.write(part)
			return
		}
		c.pending = append(c.pending, part...)
	}
	c.flush()
}

func (c *connection) appendHeader(kind byte, length int) {
	c.pending = binary.BigEndian.AppendUint32(c.pending, uint32(length))
	c.pending = append(c.pending, kind)
	c.pending = binary.BigEndian.AppendUint32(c.pending, c.invocation)
}

func (c *connection) appendLine(level, stream, flags byte, at time.Time, text string) {
	c.appendHeader(kindLog, headerBytes-4+11+len(text))
	c.pending = append(c.pending, level, stream, flags)
	c.pending = binary.BigEndian.AppendUint64(c.pending, uint64(at.UnixMicro()))
	c.pending = append(c.pending, text...)
}

func (c *connection) flush() {
	if len(c.pending) == 0 {
		return
	}
	c.write(c.pending)
	c.pending = c.pending[:0]
}

// write ends the process when the host is gone: nobody is left to answer.
func (c *connection) write(bytes []byte) {
	if _, err := c.file.Write(bytes); err != nil {
		syscall.Exit(brokenLine)
	}
}

// wholeRunes is the largest length, up to a limit, at which text can be cut without splitting a character.
func wholeRunes(text string, limit int) int {
	for cut := limit; cut > limit-utf8.UTFMax && cut > 0; cut-- {
		if utf8.RuneStart(text[cut]) {
			return cut
		}
	}
	return limit
}
