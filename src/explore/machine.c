/* Registers of a stopped process <-> struct machine_call. Source: x86-64 psABI A.2.1, syscall(2), ptrace(2). */
#include "explore/machine.h"

#include <stddef.h>
#include <sys/ptrace.h>

#ifdef __x86_64__

enum { CODE_SEGMENT_I386 = 0x23 };

static unsigned long long *argument_place(struct machine_call *call, unsigned index)
{
	struct user_regs_struct *registers = &call->registers;
	unsigned long long *const native[] = { &registers->rdi, &registers->rsi, &registers->rdx,
					       &registers->r10, &registers->r8,  &registers->r9 };
	unsigned long long *const i386[] = { &registers->rbx, &registers->rcx, &registers->rdx,
					     &registers->rsi, &registers->rdi, &registers->rbp };
	return call->compat ? i386[index] : native[index];
}

bool machine_read(pid_t process, struct machine_call *out_call)
{
	struct machine_call call = { 0 };
	if (ptrace(PTRACE_GETREGS, process, NULL, &call.registers) != 0)
		return false;
	call.number = (uint32_t)call.registers.orig_rax;
	call.compat = call.registers.cs == CODE_SEGMENT_I386;
	call.stack = call.registers.rsp;
	for (unsigned i = 0; i < 6; i++)
		call.arguments[i] = *argument_place(&call, i);
	*out_call = call;
	return true;
}

void machine_set_argument(struct machine_call *call, unsigned index, uint64_t value)
{
	*argument_place(call, index) = value;
	call->changed = true;
}

void machine_answer(struct machine_call *call, int error_number)
{
	call->registers.orig_rax = UINT64_MAX; /* -1: the kernel skips the call */
	call->registers.rax = (unsigned long long)-(long long)error_number;
	call->changed = true;
}

void machine_write(pid_t process, const struct machine_call *call)
{
	(void)ptrace(PTRACE_SETREGS, process, NULL, &call->registers);
}

#else
#error "the ptrace observer knows the registers of x86-64 only"
#endif
