/*
 * A function of more instructions than are followed: what it does is not lost, only its numbers.
 * build: gcc -nostdlib -static -no-pie
 * exact: exit
 * unresolved: 1
 * no-run: the number that is not known is getpid's
 */
	.text
	.globl _start
	.type _start, @function
_start:
	call huge
	mov $60, %eax
	xor %edi, %edi
	syscall
	.size _start, . - _start

	.type huge, @function
huge:
	.cfi_startproc
	.rept 210000
	inc %rcx
	.endr
	mov $39, %eax
	syscall
	ret
	.cfi_endproc
	.size huge, . - huge
