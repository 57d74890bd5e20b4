// Command build turns the source of a code (stdin) into a program (stdout). It runs in the jail, because it feeds
// the compiler and the linker what somebody else wrote; the answer is a u32 length, that many bytes of JSON
// {problems}, and the program's bytes when there are no problems.
//
// It never runs the go command: nothing of the source chooses files, flags or other programs.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Problem is something wrong with the source. Lines and columns count from 1; 0 means unknown.
type Problem struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

const (
	kindSyntax     = "syntax"
	kindEntryPoint = "entry_point"
	kindImport     = "import"
	kindType       = "type"

	problemsMax = 20
)

func main() {
	timeout := flag.Duration("timeout", 30*time.Second, "how long compiling and linking may take together")
	binaryBytesMax := flag.Int64("binary-bytes-max", 64<<20, "the largest program")
	flag.Parse()
	exitOn(answer(*timeout, *binaryBytesMax))
}

func answer(timeout time.Duration, binaryBytesMax int64) error {
	source, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "go-build-")
	if err != nil {
		return err
	}
	// A jail takes it along when it ends; a host without walls does not.
	defer os.RemoveAll(work)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	// The command is a file of the prepared folder and is started by its path.
	toolchain := filepath.Dir(os.Args[0])
	b := builder{ctx: ctx, toolchain: toolchain, work: work, timeout: timeout, binaryBytesMax: binaryBytesMax}
	program, problems, err := b.build(source)
	if err != nil {
		return err
	}
	return writeAnswer(program, problems)
}

func writeAnswer(program string, problems []Problem) error {
	if len(problems) > problemsMax {
		problems = problems[:problemsMax]
	}
	if problems == nil {
		problems = []Problem{}
	}
	head, err := json.Marshal(map[string]any{"problems": problems})
	if err != nil {
		return err
	}
	var answer bytes.Buffer
	_ = binary.Write(&answer, binary.BigEndian, uint32(len(head)))
	answer.Write(head)
	if _, err := os.Stdout.Write(answer.Bytes()); err != nil || len(problems) > 0 {
		return err
	}
	file, err := os.Open(program)
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, file)
	return err
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
