package testenv

import "syscall"

// dieWithParent has the kernel send the signal to the child when its parent ends, even by SIGKILL.
func dieWithParent(attributes *syscall.SysProcAttr, signal syscall.Signal) {
	attributes.Pdeathsig = signal
}
