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
	toolchain := flag.String("toolchain", "", "the folder with the tools and the compiled packages")
	work := flag.String("work", "", "a writable folder")
	timeout := flag.Duration("timeout", 30*time.Second, "how long compiling and linking may take together")
	binaryBytesMax := flag.Int64("binary-bytes-max", 64<<20, "the largest program")
	flag.Parse()

	source, err := io.ReadAll(os.Stdin)
	exitOn(err)
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	b := builder{ctx: ctx, toolchain: *toolchain, work: *work, timeout: *timeout, binaryBytesMax: *binaryBytesMax}
	program, problems, err := b.build(source)
	exitOn(err)
	exitOn(writeAnswer(program, problems))
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
