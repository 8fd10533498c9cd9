package vm

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Built returns the modules in a folder that were built for the kernel. There need not be such a folder.
func (k *Kernel) Built(dir string) ([]Module, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.ko"))
	if err != nil {
		return nil, err
	}
	var modules []Module
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		// Each module says for which kernel it is.
		if bytes.Contains(data, []byte("vermagic="+k.Version+" ")) {
			name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".ko"), "-", "_")
			modules = append(modules, Module{Name: name, File: file})
		}
	}
	return modules, nil
}

// Prefer returns the modules of both lists, of those in both that of the first.
func Prefer(first, then []Module) []Module {
	list := slices.Clone(first)
	for _, m := range then {
		if !slices.ContainsFunc(first, func(have Module) bool { return have.Name == m.Name }) {
			list = append(list, m)
		}
	}
	return list
}
