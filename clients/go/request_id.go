package codeactions

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
)

// NewRequestID makes a random UUID, for the request ids of calls that are to be safe to repeat.
func NewRequestID() string {
	var id [16]byte
	fillRandomly(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// chance is a random number from 0 to 1. Not of math/rand, whose numbers are the same in every process under Go 1.19.
func chance() float64 {
	var number [4]byte
	fillRandomly(number[:])
	return float64(binary.BigEndian.Uint32(number[:])) / math.MaxUint32
}

func fillRandomly(bytes []byte) {
	if _, err := rand.Read(bytes); err != nil {
		// The operating system has no random numbers; nothing that needs them can go on.
		panic(fmt.Errorf("codeactions: no random numbers: %w", err))
	}
}
