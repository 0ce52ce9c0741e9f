//go:build unix && !linux

package testenv

import "syscall"

// dieWithParent does nothing: only Linux tells a child of its parent's death. Here a parent that is
// killed leaves its children behind.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
