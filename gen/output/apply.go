package output

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Apply makes changes on disk: all of them, or none if there is an error. Every
// new content stands beside its file before the first file is replaced. Folders
// are made where they are missing, and removed where the last file was orphaned.
func Apply(changes []Change) error {
	a := applying{changes: changes, temps: make([]string, len(changes))}
	err := a.check()
	if err == nil {
		err = a.prepare()
	}
	if err == nil {
		err = a.commit()
	}
	a.clean(err != nil)
	return err
}

// applying is the work on one list of changes.
type applying struct {
	changes []Change
	temps   []string // files with the new content, not renamed yet
	made    []string // folders that were made, outermost first
}

// check makes sure that nothing has changed since the plan was made.
func (a *applying) check() error {
	for _, c := range a.changes {
		old, err := read(c.Path)
		switch {
		case c.State == Missing && errors.Is(err, fs.ErrNotExist):
		case c.State == Missing && err == nil:
			return fmt.Errorf("%s: appeared in the meantime", c.Path)
		case err != nil:
			return err
		case !bytes.Equal(old, c.Old):
			return fmt.Errorf("%s: changed in the meantime", c.Path)
		}
	}
	return nil
}

// prepare writes the new contents to files of their own.
func (a *applying) prepare() error {
	for i, c := range a.changes {
		if c.State == Orphaned {
			continue
		}
		if err := a.mkdir(filepath.Dir(c.Path)); err != nil {
			return err
		}
		var mode fs.FileMode = 0o666 // less the umask
		if info, err := os.Lstat(c.Path); err == nil {
			mode = info.Mode().Perm()
		}
		temp := filepath.Join(filepath.Dir(c.Path), fmt.Sprintf(".nlgen-%016x", rand.Uint64()))
		a.temps[i] = temp
		if err := write(temp, c.New, mode); err != nil {
			return err
		}
	}
	return nil
}

func write(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// mkdir makes a folder and those around it, and remembers which were missing.
func (a *applying) mkdir(dir string) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := a.mkdir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	a.made = append(a.made, dir)
	return nil
}

// commit puts the new contents in their places and removes what is orphaned. If it
// fails half way, it undoes what it did.
func (a *applying) commit() error {
	for i, c := range a.changes {
		var err error
		if c.State == Orphaned {
			err = os.Remove(c.Path)
		} else {
			err = os.Rename(a.temps[i], c.Path)
		}
		if err != nil {
			return errors.Join(err, undo(a.changes[:i]))
		}
		a.temps[i] = ""
	}
	for _, c := range a.changes {
		if c.State == Orphaned {
			// This fails if something is left in the folder, which then stays.
			_ = os.Remove(filepath.Dir(c.Path))
		}
	}
	return nil
}

// undo brings back what was there before.
func undo(changes []Change) error {
	var errs []error
	for _, c := range changes {
		if c.State == Missing {
			errs = append(errs, os.Remove(c.Path))
		} else {
			errs = append(errs, os.WriteFile(c.Path, c.Old, 0o666))
		}
	}
	return errors.Join(errs...)
}

// clean removes the files and, after an error, the folders that are not needed.
func (a *applying) clean(failed bool) {
	for _, temp := range a.temps {
		if temp != "" {
			_ = os.Remove(temp)
		}
	}
	for i := len(a.made) - 1; failed && i >= 0; i-- {
		_ = os.Remove(a.made[i])
	}
}
