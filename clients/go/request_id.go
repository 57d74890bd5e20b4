package codeactions

import (
	"crypto/rand"
	"fmt"
)

// NewRequestID makes a random UUID, for the request ids of calls that are to be safe to repeat.
func NewRequestID() string {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		// The operating system has no random numbers; nothing that needs them can go on.
		panic(fmt.Errorf("codeactions: no random numbers: %w", err))
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:])
}
