package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	sourceName     = "action.go"
	actionPath     = "codeactions/action"
	codeConfig     = "code.importcfg"
	toolOutputMax  = 256 << 10
	messageBytes   = 2000
	notUsed        = "imported and not used"
	syntaxPrefix   = "syntax error: "
	couldNotImport = "could not import"
)

// builder runs the compiler on the code, the compiler on the program around it, and the linker.
type builder struct {
	ctx            context.Context
	toolchain      string
	work           string
	timeout        time.Duration
	binaryBytesMax int64
}

// build returns the program's file, or what is wrong with the source. An error is neither: the toolchain is broken.
func (b builder) build(source []byte) (program string, problems []Problem, err error) {
	available, err := os.ReadFile(filepath.Join(b.toolchain, codeConfig))
	if err != nil {
		return "", nil, err
	}
	facts := read(source, packagesIn(available))
	if len(facts.problems) > 0 {
		return "", facts.problems, nil
	}
	if err := b.writeInputs(source); err != nil {
		return "", nil, err
	}
	problems = b.compileAndLink(facts)
	if len(problems) > 0 {
		return "", problems, nil
	}
	program = b.file("program")
	made, err := os.Stat(program)
	if err == nil && made.Size() > b.binaryBytesMax {
		message := fmt.Sprintf("the program is %d bytes large; allowed are %d", made.Size(), b.binaryBytesMax)
		return "", []Problem{{Kind: kindType, Message: message}}, nil
	}
	return program, nil, err
}

// writeInputs puts the source and the linker's list of packages, the code's own among them, into the work folder.
func (b builder) writeInputs(source []byte) error {
	list, err := os.ReadFile(filepath.Join(b.toolchain, "all.importcfg"))
	if err != nil {
		return err
	}
	list = append(list, fmt.Sprintf("packagefile %s=%s\n", actionPath, b.file("action.a"))...)
	if err := os.WriteFile(b.file("link.importcfg"), list, 0o600); err != nil {
		return err
	}
	return os.WriteFile(b.file(sourceName), source, 0o600)
}

func (b builder) compileAndLink(facts facts) []Problem {
	// -complete: every function has a body, as there is no assembly. -e: all errors, not the first ten.
	output, err := b.run("compile", "-p", actionPath, "-complete", "-e", "-dwarf=false", "-pack",
		"-trimpath", b.work, "-importcfg", codeConfig, "-o", b.file("action.a"), b.file(sourceName))
	if err != nil {
		return b.compileProblems(facts, output, err)
	}
	output, err = b.run("compile", "-p", "main", "-complete", "-dwarf=false", "-pack",
		"-importcfg", b.file("link.importcfg"), "-o", b.file("main.a"), "main.go")
	if err != nil {
		return []Problem{b.runProblem(facts, output)}
	}
	// Without symbol table and DWARF; the line tables that panics need are kept.
	output, err = b.run("link", "-importcfg", b.file("link.importcfg"), "-s", "-w", "-buildid=",
		"-o", b.file("program"), b.file("main.a"))
	if err != nil {
		return []Problem{b.toolProblem(output, err)}
	}
	return nil
}

func (b builder) file(name string) string {
	return filepath.Join(b.work, name)
}

// run starts a tool in the toolchain's folder, to which the paths in the importcfg files are relative.
func (b builder) run(tool string, arguments ...string) (output string, err error) {
	var written limited
	command := exec.CommandContext(b.ctx, filepath.Join(b.toolchain, tool), arguments...)
	command.Dir = b.toolchain
	command.Env = []string{"TMPDIR=" + b.work, "HOME=" + b.work, "PATH="}
	command.Stdout, command.Stderr = &written, &written
	err = command.Run()
	return strings.ReplaceAll(written.String(), b.work+"/", ""), err
}

var (
	position      = regexp.MustCompile(`^([^\s:]+):(\d+):(?:(\d+):)? (.*)$`)
	runType       = regexp.MustCompile(`value of (?:func )?type ([^\n]+?)\) as`)
	compilerPanic = regexp.MustCompile(`(?m)^(?:fatal error|panic|internal compiler error): (.*)$`)
)

// compileProblems reads the compiler's lines: "file:line:column: message", continued by lines that start with a tab.
func (b builder) compileProblems(facts facts, output string, failed error) []Problem {
	var problems []Problem
	for _, line := range strings.Split(output, "\n") {
		match := position.FindStringSubmatch(line)
		if match == nil {
			if last := len(problems) - 1; last >= 0 && strings.HasPrefix(line, "\t") {
				problems[last].Message = short(problems[last].Message + "\n" + line)
			}
			continue
		}
		if len(problems) == problemsMax {
			break
		}
		problem := Problem{Kind: kindType, Message: short(strings.TrimPrefix(match[4], syntaxPrefix))}
		switch {
		case facts.broken:
			problem.Kind = kindSyntax
		case strings.HasPrefix(problem.Message, couldNotImport), strings.Contains(problem.Message, notUsed):
			problem.Kind = kindImport
		}
		// A //line comment can name another file: its lines are not those of the source.
		if match[1] == sourceName {
			problem.Line, _ = strconv.Atoi(match[2])
			problem.Column, _ = strconv.Atoi(match[3])
		}
		problems = append(problems, problem)
	}
	if len(problems) == 0 {
		return []Problem{b.toolProblem(output, failed)}
	}
	return problems
}

// runProblem is for a code that is fine by itself but does not fit the program around it.
func (b builder) runProblem(facts facts, output string) Problem {
	message := "Run has the wrong signature: write " + entryPoint
	if found := runType.FindStringSubmatch(output); found != nil {
		message = fmt.Sprintf("Run is a %s: write %s", found[1], entryPoint)
	}
	return Problem{kindEntryPoint, short(message), facts.run.Line, facts.run.Column}
}

// toolProblem is for a tool that ended without pointing at a line.
func (b builder) toolProblem(output string, failed error) Problem {
	message := strings.TrimSpace(output)
	var exit *exec.ExitError
	switch {
	case b.ctx.Err() != nil:
		message = fmt.Sprintf("compiling took longer than %v", b.timeout)
	case errors.As(failed, &exit) && !exit.Exited():
		message = "compiling needed more memory or disk than it may have (" + exit.Error() + ")"
	case message == "":
		message = failed.Error()
	default:
		if found := compilerPanic.FindStringSubmatch(output); found != nil {
			message = "the compiler gave up: " + found[1]
		}
	}
	return Problem{Kind: kindType, Message: short(message)}
}

// packagesIn lists the import paths of an importcfg. Package unsafe is part of the compiler.
func packagesIn(config []byte) map[string]bool {
	packages := map[string]bool{"unsafe": true}
	for _, line := range strings.Split(string(config), "\n") {
		if path, _, found := strings.Cut(strings.TrimPrefix(line, "packagefile "), "="); found {
			packages[path] = true
		}
	}
	return packages
}

func short(message string) string {
	if len(message) > messageBytes {
		return strings.ToValidUTF8(message[:messageBytes], "") + " …"
	}
	return message
}

// limited keeps the start of what a tool says.
type limited struct {
	bytes.Buffer
}

func (l *limited) Write(chunk []byte) (int, error) {
	if room := toolOutputMax - l.Len(); room > 0 {
		if room > len(chunk) {
			room = len(chunk)
		}
		l.Buffer.Write(chunk[:room])
	}
	return len(chunk), nil
}
