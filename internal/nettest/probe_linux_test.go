package nettest

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestAwait(t *testing.T) {
	if err := await(exec.Command("sh", "-c", "exit 0"), patience); err != nil {
		t.Errorf("exit code 0: %v", err)
	}
	if err := await(exec.Command("sh", "-c", "exit 1"), patience); !errors.Is(err, unix.EPERM) {
		t.Errorf("exit code 1: %v", err)
	}
	if err := await(exec.Command("sh", "-c", "kill -9 $$"), patience); err == nil || errors.Is(err, errStuck) {
		t.Errorf("killed: %v", err)
	}
	begun := time.Now()
	if err := await(exec.Command("sleep", "60"), 20*time.Millisecond); !errors.Is(err, errStuck) {
		t.Errorf("too long: %v", err)
	}
	if took := time.Since(begun); took > patience {
		t.Errorf("gave up after %v", took)
	}
}

func TestRemember(t *testing.T) {
	note := filepath.Join(t.TempDir(), "note")
	now := time.Now()
	if remembered(note, now) {
		t.Error("remembered without a note")
	}
	remember(note)
	if !remembered(note, now) {
		t.Error("forgotten at once")
	}
	if remembered(note, now.Add(memory+time.Minute)) {
		t.Error("remembered for ever")
	}
	if remembered(filepath.Dir(note), now) {
		t.Error("a folder is no note")
	}
	remember("") // Nowhere to write: nothing happens.
	if remembered("", now) {
		t.Error("remembered nowhere")
	}
}

func TestNoteName(t *testing.T) {
	if a, b := noteName(), noteName(); a != b || a == "" {
		t.Errorf("noteName: %q, then %q", a, b)
	}
}
