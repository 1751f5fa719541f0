/*
 * Code without unwind tables. One function runs on into the next right behind an instruction that
 * computes an address; another looks as if it ended in a return, since data before its code make a
 * pass over it go wrong for a while; a third is nothing but padding.
 * build: gcc -nostdlib -static -no-pie {source}/closed.S
 * exact: getpid getuid getgid exit
 */
	.text
	.globl	_start, into, hidden, behind
	.type	into, @function
	.type	hidden, @function
	.type	behind, @function
_start:
	call	falls
	call	data
	call	padding
	mov	$60, %eax	/* exit */
	xor	%edi, %edi
	syscall
	ud2
falls:
	mov	$39, %eax	/* getpid */
	lea	_start(%rip), %rdi
into:
	syscall
	ret
data:
	mov	$102, %eax	/* getuid */
	jmp	1f
	.byte	0x06, 0xb8	/* no instruction; mov to eax of the four bytes that follow */
1:	mov	$0xc3000000, %ecx	/* whose last byte looks like ret */
hidden:
	syscall
	ret
padding:
	nop
behind:
	mov	$104, %eax	/* getgid */
	syscall
	ret
	.section .note.GNU-stack, "", @progbits
