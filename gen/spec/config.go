package spec

import (
	"io/fs"
	"reflect"

	"github.com/nlgen/nlgen/gen/diag"
)

// Config is the tree of nlgen.yaml: which specs to generate, and what no spec can say about Go. It stands here because it is read by the
// same strict reader; what its values mean is decided in package gen.
type Config struct {
	Pos      diag.Pos
	Version  Val[uint64]      `ynl:"version,required"`
	Output   Val[string]      `ynl:"output,required,label"`
	Families []*FamilyOptions `ynl:"families,required"`
	Errata   Val[bool]        `ynl:"errata"` // Whether the errata that come with nlgen apply.
	Patches  []*Patch         `ynl:"patches"`
}

// FamilyOptions are a spec, or a pattern for several, and the choices for its package. Written as a bare scalar it is just the spec.
type FamilyOptions struct {
	Pos     diag.Pos
	Spec    Val[string] `ynl:"spec,required,plain,label"`
	Package Val[string] `ynl:"package,label"`
	// Strip lists beginnings of names that Go names go without.
	Strip   []Val[string] `ynl:"strip"`
	Names   []*Rename     `ynl:"names"`
	Records []*Record     `ynl:"records"`
	Replies []*Reply      `ynl:"replies"`
	Arrays  []*Array      `ynl:"arrays"`
	// Single lists the operations whose do is always answered by one message or an error, so that no ack needs to be asked for.
	Single []Val[string] `ynl:"single"`
	// NetByteorder says that attributes in network byte order say so themselves (NLA_F_NET_BYTEORDER).
	NetByteorder Val[bool] `ynl:"net-byteorder"`
	// Errors is the enum of errors that the family sends in the place of those of the system.
	Errors Val[string] `ynl:"errors,label"`
	// UnknownKeys says that keys and hints of other tools are a warning; without it they are an error. Patterns may have it, too.
	UnknownKeys Val[bool] `ynl:"unknown-keys"`
}

// Rename gives a declaration of the spec another Go name.
type Rename struct {
	Pos  diag.Pos
	Path Val[string] `ynl:"path,required,label"`
	Go   Val[string] `ynl:"go,required,label"`
}

// Record says that a binary attribute holds structs, each with its length and followed by attributes; without a length, just one.
type Record struct {
	Pos        diag.Pos
	Set        Val[string] `ynl:"set,required,label"`
	Attribute  Val[string] `ynl:"attribute,required,label"`
	Struct     Val[string] `ynl:"struct,required,label"`
	Length     Val[string] `ynl:"length,label"`
	Attributes Val[string] `ynl:"attributes,required,label"`
	Go         Val[string] `ynl:"go,required,label"`
}

// Reply says that the reply of an operation has another fixed header or attribute set than the request.
type Reply struct {
	Pos          diag.Pos
	Operation    Val[string] `ynl:"operation,required,label"`
	FixedHeader  Val[string] `ynl:"fixed-header,label"`
	AttributeSet Val[string] `ynl:"attribute-set,label"`
}

// Array says that the last member of a struct is an array of any length, as C has it: struct tc_u32_key keys[].
type Array struct {
	Pos    diag.Pos
	Struct Val[string] `ynl:"struct,required,label"`
	Member Val[string] `ynl:"member,required,label"`
	Count  Val[string] `ynl:"count,label"`
}

func init() { describe(reflect.TypeFor[Config]()) }

// ReadConfigFS reads an nlgen.yaml in a file system. Positions carry path.
func ReadConfigFS(report *diag.Report, fsys fs.FS, name, path string) *Config {
	src, err := readLimited(fsys, name)
	if err != nil {
		report.Errorf(diag.Pos{File: path}, "cannot read the configuration: %v", err)
		return nil
	}
	return ReadConfig(report, path, src)
}

// ReadConfig reads an nlgen.yaml from memory, as [Read] reads a spec.
func ReadConfig(report *diag.Report, name string, src []byte) *Config {
	config := new(Config)
	if readObject(report, name, src, reflect.ValueOf(config).Elem(), nil) == nil {
		return nil
	}
	checkPatches(report, config.Patches)
	return config
}
