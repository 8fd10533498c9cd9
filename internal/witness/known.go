package witness

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// The newest kernel that the specs were held against.
const newestMajor, newestMinor = 6, 18

// Known fails the test if a message of the kernel has something that decoding could not put into a field. A newer kernel than those that
// the specs were held against may have more: there it is logged.
func Known(t testing.TB, what string, message any) {
	t.Helper()
	report := t.Errorf
	if newer(t) {
		report = t.Logf
	}
	for _, text := range Leftovers(message) {
		report("%s%s", what, text)
	}
}

// newer reports whether the running kernel is newer than the newest that is known.
func newer(t testing.TB) bool {
	t.Helper()
	var major, minor int
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err == nil {
		_, err = fmt.Sscanf(string(release), "%d.%d", &major, &minor)
	}
	if err != nil {
		t.Fatalf("release %q: %v", release, err)
	}
	return major > newestMajor || major == newestMajor && minor > newestMinor
}

// Leftovers lists what decoding could not put into fields, however deep it stands: attributes that the spec does not know, and contents
// of a kind that it does not know.
func Leftovers(message any) []string {
	var list []string
	var walk func(at string, v reflect.Value)
	walk = func(at string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(at, v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if field := v.Type().Field(i); field.IsExported() {
					walk(at+"."+field.Name, v.Field(i))
				}
			}
		case reflect.Slice:
			if attrs, ok := v.Interface().([]nlattr.Attr); ok {
				for _, a := range attrs {
					list = append(list, fmt.Sprintf("%s: unknown attribute %d: %x", at, a.Number(), a.Data))
				}
				return
			}
			if strings.HasSuffix(v.Type().Name(), "Raw") && v.Len() > 0 {
				list = append(list, fmt.Sprintf("%s: unknown content %x", at, v.Bytes()))
				return
			}
			for i := range v.Len() {
				walk(fmt.Sprintf("%s[%d]", at, i), v.Index(i))
			}
		}
	}
	walk("", reflect.ValueOf(message))
	return list
}
