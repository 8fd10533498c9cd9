package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestWriteVersion(t *testing.T) {
	settings := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123abcd"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"},
		{Key: "vcs.modified", Value: "true"}}
	for _, tc := range []struct {
		info debug.BuildInfo
		want string
	}{
		{debug.BuildInfo{}, "nlgen (unknown)\n"},
		{debug.BuildInfo{GoVersion: "go1.25.1", Main: debug.Module{Path: module, Version: "v1.2.3"}}, "nlgen v1.2.3 go1.25.1\n"},
		{debug.BuildInfo{Main: debug.Module{Path: "example.test/x", Version: "v9.0.0"},
			Deps: []*debug.Module{{Path: module, Version: "v1.2.4"}}}, "nlgen v1.2.4\n"},
		{debug.BuildInfo{Main: debug.Module{Path: module, Version: "(devel)"}, Settings: settings},
			"nlgen (devel)\nrevision 0123abcd of 2026-01-02T03:04:05Z, modified\n"},
		{debug.BuildInfo{Main: debug.Module{Path: module, Version: "(devel)"}, Settings: settings[:1]}, "nlgen (devel)\nrevision 0123abcd\n"},
	} {
		var out strings.Builder
		if err := writeVersion(&out, &tc.info); err != nil || out.String() != tc.want {
			t.Errorf("got %q, %v, want %q", out.String(), err, tc.want)
		}
	}
}
