#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/* A syscall at its entry, in a process stopped by ptrace; hides the registers of the machine. */
struct machine_call {
	uint32_t number;
	bool compat; /* an i386 call */
	uint64_t arguments[6];
	uint64_t stack; /* the stack pointer */
	bool changed;   /* by one of the functions below: machine_write is due */
	struct user_regs_struct registers;
};

/* Far enough under the stack pointer that no red zone reaches it (x86-64 psABI 3.2.2: 128). */
enum { MACHINE_SCRATCH_OFF = 1024 };

bool machine_read(pid_t process, struct machine_call *out_call);
void machine_set_argument(struct machine_call *call, unsigned index, uint64_t value);
void machine_answer(struct machine_call *call, int error_number); /* 0: success */
void machine_write(pid_t process, const struct machine_call *call);
