/* Registers of a stopped process <-> struct machine_call. Source: x86-64 psABI A.2.1, ptrace(2). */
#include "explore/machine.h"

#include <stddef.h>
#include <sys/ptrace.h>

#ifdef __x86_64__

enum { CODE_SEGMENT_I386 = 0x23 };

bool machine_read(pid_t process, struct machine_call *out_call)
{
	struct user_regs_struct registers;
	if (ptrace(PTRACE_GETREGS, process, NULL, &registers) != 0)
		return false;
	*out_call = (struct machine_call){
		.number = (uint32_t)registers.orig_rax,
		.compat = registers.cs == CODE_SEGMENT_I386,
		.arguments = { registers.rdi, registers.rsi, registers.rdx, registers.r10,
			       registers.r8, registers.r9 },
		.stack = registers.rsp,
		.registers = registers,
	};
	return true;
}

void machine_set_argument(struct machine_call *call, unsigned index, uint64_t value)
{
	unsigned long long *const places[] = { &call->registers.rdi, &call->registers.rsi,
					       &call->registers.rdx, &call->registers.r10,
					       &call->registers.r8,  &call->registers.r9 };
	*places[index] = value;
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
