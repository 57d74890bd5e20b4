package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
)

// facts are what the source says about itself, before the compiler sees it.
type facts struct {
	// The source is not Go: the compiler will say where, in better words.
	broken bool
	// Where Run is declared; the zero position when it is not.
	run      token.Position
	problems []Problem
}

// read finds what the compiler would put in words that only somebody who builds by hand understands: imports that
// do not exist here, cgo and embed, another package name, no Run.
func read(source []byte, available map[string]bool) facts {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, sourceName, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return facts{broken: true}
	}
	// Positions are those of the text: a //line comment does not move them.
	at := func(pos token.Pos) token.Position { return files.PositionFor(pos, false) }
	found := facts{run: runPosition(file, at)}
	add := func(kind string, pos token.Pos, message string) {
		where := at(pos)
		found.problems = append(found.problems, Problem{kind, message, where.Line, where.Column})
	}

	if file.Name.Name != "action" {
		add(kindEntryPoint, file.Name.Pos(), fmt.Sprintf(`the package must be "action", not %q`, file.Name.Name))
	}
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		switch {
		case path == "C":
			add(kindImport, spec.Pos(), "cgo is not available")
		case path == "embed":
			add(kindImport, spec.Pos(), "embed is not available: a code is one file")
		case !available[path]:
			message := "package %s is not available: a Go code can import the standard library and codeactions/engine"
			add(kindImport, spec.Pos(), fmt.Sprintf(message, path))
		}
	}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if strings.HasPrefix(comment.Text, "//go:embed") {
				add(kindImport, comment.Pos(), "go:embed is not available: a code is one file")
			}
			if strings.HasPrefix(comment.Text, "//go:cgo_") {
				add(kindImport, comment.Pos(), "cgo is not available")
			}
		}
	}
	if !found.run.IsValid() {
		add(kindEntryPoint, file.Name.Pos(), "there is no Run: write "+entryPoint)
	}
	return found
}

const entryPoint = "func Run(e *engine.Engine) error"

func runPosition(file *ast.File, at func(token.Pos) token.Position) token.Position {
	for _, declaration := range file.Decls {
		switch declaration := declaration.(type) {
		case *ast.FuncDecl:
			if declaration.Recv == nil && declaration.Name.Name == "Run" {
				return at(declaration.Name.Pos())
			}
		case *ast.GenDecl:
			for _, spec := range declaration.Specs {
				if position := specPosition(spec, at); position.IsValid() {
					return position
				}
			}
		}
	}
	return token.Position{}
}

// specPosition finds Run as a variable, which may hold the function, and as a type or a constant, which may not.
func specPosition(spec ast.Spec, at func(token.Pos) token.Position) token.Position {
	var names []*ast.Ident
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		names = spec.Names
	case *ast.TypeSpec:
		names = []*ast.Ident{spec.Name}
	}
	for _, name := range names {
		if name.Name == "Run" {
			return at(name.Pos())
		}
	}
	return token.Position{}
}
