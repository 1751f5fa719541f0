/*
 * Written by hand: no unwind tables, no symbol sizes, a number that is computed.
 * build: gcc -nostdlib -static -no-pie
 * exact: getpid getuid exit
 */
	.text
	.globl _start
_start:
	xor %eax, %eax
	mov $39, %al
	syscall
	push $102
	pop %rax
	syscall
	lea 1f(%rip), %rcx
	jmp *%rcx
1:	mov $60, %eax
	xor %edi, %edi
	syscall
	hlt
