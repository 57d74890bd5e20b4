// Command modzip packs a module the way Go's proxies do, into a folder that can serve as one:
//
//	GOPROXY=file://<folder> go get <module>@<version>
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: modzip <folder of the module> <version> <licence> <folder to fill>")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "modzip:", err)
		os.Exit(1)
	}
}

func pack(source, version, licence, out string) error {
	goMod, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return err
	}
	path, err := module.EscapePath(modfile.ModulePath(goMod))
	if err != nil {
		return err
	}
	// Folders that are modules of their own are left out by CheckDir, as by Go.
	checked, err := zip.CheckDir(source)
	if err != nil {
		return err
	}
	// A module below the root of a repository gets the repository's licence.
	files := []zip.File{file{"LICENSE", licence}}
	for _, place := range checked.Valid {
		name, err := filepath.Rel(source, place)
		if err != nil {
			return err
		}
		files = append(files, file{filepath.ToSlash(name), place})
	}
	versions := filepath.Join(out, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		return err
	}
	packed, err := os.Create(filepath.Join(versions, version+".zip"))
	if err != nil {
		return err
	}
	err = zip.Create(packed, module.Version{Path: modfile.ModulePath(goMod), Version: version}, files)
	if closed := packed.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	info, err := json.Marshal(map[string]string{"Version": version, "Time": commitTime()})
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{version + ".mod": goMod, version + ".info": info, "list": []byte(version + "\n")} {
		if err := os.WriteFile(filepath.Join(versions, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// commitTime is when the version was made; fixed by the caller so that the same source gives the same artifact.
func commitTime() string {
	if given := os.Getenv("COMMIT_TIME"); given != "" {
		return given
	}
	return time.Unix(0, 0).UTC().Format(time.RFC3339)
}

type file struct{ name, place string }

func (f file) Path() string                 { return f.name }
func (f file) Lstat() (os.FileInfo, error)  { return os.Lstat(f.place) }
func (f file) Open() (io.ReadCloser, error) { return os.Open(f.place) }
