// Package diag holds positions in source files and what nlgen has to say about them.
//
// A Report collects diagnostics, keeps each cause once, and renders them as text with the source line and a caret, as JSON, or as
// annotations for GitHub. Whatever a hostile file contains, the output is bounded and holds no control characters, so that it can be
// shown on a terminal.
//
// The package knows nothing of YAML and of specs.
package diag
