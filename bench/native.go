package main

import "encoding/binary"

// native is the byte order of this machine.
var native = binary.NativeEndian
