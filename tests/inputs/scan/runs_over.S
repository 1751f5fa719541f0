/*
 * An unwind range that ends in the midst of code, as that of glibc's clone3 does.
 * build: gcc -nostdlib -static
 * exact: getppid exit
 */
	.globl _start
_start:
	.cfi_startproc
	call part
	mov $60, %eax
	xor %edi, %edi
	syscall
	.cfi_endproc
part:
	.cfi_startproc
	test %rdi, %rdi
	.cfi_endproc
	mov $110, %eax
	syscall
	ret
	.section .note.GNU-stack, "", @progbits
