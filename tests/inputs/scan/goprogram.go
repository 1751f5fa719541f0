/*
 * Go, stripped: functions from its pclntab, numbers in registers and on the stack.
 * needs: go
 * slow: the Go linker
 * build-go: -ldflags=-s\ -w
 * phases: unknown
 * must: write futex mmap exit_group openat vhangup
 */
package main

import (
	"fmt"
	"os"
	"syscall"
)

func main() {
	f, err := os.Open("/dev/null")
	if err == nil {
		f.Close()
	}
	if len(os.Args) > 5 {
		syscall.RawSyscall(syscall.SYS_VHANGUP, 0, 0, 0)
	}
	fmt.Println("hello")
}
