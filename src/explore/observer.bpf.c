// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Counts, inside the kernel, the syscalls of chosen trees of processes. Nothing is streamed, so
 * nothing can overflow unseen: user space reads the counters when the tree has ended, and what
 * had no room is counted in `losses`.
 *
 *   sched_process_fork   a child of a followed task is followed, with its parent's tally
 *   sched_process_exec   ends "launching"; may move the process to its program's own tally
 *   sys_enter            the call reached the kernel
 *   sys_exit             without sys_enter before it: a seccomp filter answered. Paths are read
 *                        here, since the page may not have been present at the entry
 *
 * Source: Linux v6.1 kernel/entry/common.c (order of ptrace, seccomp and tracepoint),
 * include/trace/events/sched.h, bpf-helpers(7).
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "explore/observer_abi.h"

/* The few fields of kernel structs that are read; libbpf relocates them to the running kernel. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct pt_regs {
	unsigned long di, si, dx, r10, r8, r9, orig_ax;
};
struct thread_info {
	__u32 status;
};
struct task_struct {
	struct thread_info thread_info;
	int pid, tgid, exit_code;
};
struct linux_binprm {
	const char *interp; /* the program that runs: of a script, its interpreter */
};
#pragma clang attribute pop

enum { TS_COMPAT = 2, SIGNAL_MASK = 0x7f };

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct observer_task);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, OBSERVER_MAX_TALLIES);
	__type(key, __u32);
	__type(value, struct observer_tally);
} tallies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OBSERVER_MAX_NUMBERS);
	__type(key, __u32);
	__type(value, struct observer_interest);
} interests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, OBSERVER_MAX_OPERATIONS);
	__type(key, struct observer_operation);
	__type(value, __u64);
} operations SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, OBSERVER_MAX_PATHS);
	__type(key, struct observer_path);
	__type(value, __u64);
} paths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, OBSERVER_MAX_ODD);
	__type(key, struct observer_odd);
	__type(value, __u64);
} odd SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, OBSERVER_MAX_TALLIES);
	__type(key, struct observer_program);
	__type(value, __u32);
} programs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OBSERVER_LOSS_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

/* The next tally for a program; tally 0 belongs to whoever started the tree. */
__u32 next_tally = 1;

static void count_loss(__u32 loss)
{
	__u64 *counter = bpf_map_lookup_elem(&losses, &loss);
	if (counter != NULL)
		__sync_fetch_and_add(counter, 1);
}

/* Adds one to the counter of a key in a hash map, making it when there is none. */
static void count_in(void *map, const void *key, __u32 loss)
{
	__u64 *counter = bpf_map_lookup_elem(map, key);
	if (counter == NULL) {
		__u64 zero = 0;
		bpf_map_update_elem(map, key, &zero, BPF_NOEXIST);
		counter = bpf_map_lookup_elem(map, key);
	}
	if (counter != NULL)
		__sync_fetch_and_add(counter, 1);
	else
		count_loss(loss);
}

static struct observer_task *followed(struct task_struct *task)
{
	return bpf_task_storage_get(&tasks, task, NULL, 0);
}

static __u64 argument_at(struct pt_regs *regs, __u8 index)
{
	switch (index) {
	case 1:
		return regs->di;
	case 2:
		return regs->si;
	case 3:
		return regs->dx;
	case 4:
		return regs->r10;
	case 5:
		return regs->r8;
	default:
		return regs->r9;
	}
}

static void note_detail(struct observer_task *state, struct pt_regs *regs, __u32 number)
{
	struct observer_interest *interest = bpf_map_lookup_elem(&interests, &number);
	if (interest == NULL)
		return;
	if (interest->operation != 0) {
		struct observer_operation key = { .tally = state->tally, .number = number };
		key.value = argument_at(regs, interest->operation) & interest->operation_mask;
		if (interest->second != 0)
			key.value |= argument_at(regs, interest->second) << 32;
		count_in(&operations, &key, LOSS_OPERATION);
	}
	if (interest->path != 0) {
		state->path_pointer = argument_at(regs, interest->path);
		state->path_number = number;
	}
}

static void count_call(struct observer_task *state, __u32 number, int entered)
{
	struct observer_tally *tally = bpf_map_lookup_elem(&tallies, &state->tally);
	if (tally == NULL)
		return;
	if (number < OBSERVER_MAX_NUMBERS) {
		if (!entered && tally->first_skip[number] == 0)
			tally->first_skip[number] = bpf_ktime_get_ns();
		__u64 *counters = entered ? tally->entered : tally->skipped;
		__sync_fetch_and_add(&counters[number], 1);
		return;
	}
	struct observer_odd key = { state->tally, number };
	count_in(&odd, &key, LOSS_ODD);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct observer_task *state = followed(task);
	if (state == NULL)
		return 0;
	state->inside = 1;
	if (state->flags & OBSERVER_LAUNCHING)
		return 0;
	__u32 number = (__u32)id;
	if (task->thread_info.status & TS_COMPAT)
		number |= OBSERVER_COMPAT;
	count_call(state, number, 1);
	if (state->flags & OBSERVER_WITH_DETAIL)
		note_detail(state, regs, number);
	return 0;
}

/* The starts /proc/, /sys/ and /dev/ as little-endian numbers: one load, and no jumps. */
static int is_pseudo(const char *path)
{
	__u64 head;
	__builtin_memcpy(&head, path, sizeof(head));
	__u64 five = head & 0xffffffffff;
	return (head & 0xffffffffffff) == 0x2f636f72702f || five == 0x2f7379732f ||
	       five == 0x2f7665642f;
}

static void note_path(struct observer_task *state)
{
	struct observer_path key = { .tally = state->tally };
	void *pointer = (void *)state->path_pointer;
	state->path_pointer = 0;
	if (pointer == NULL)
		return; /* the kernel answered EFAULT */
	long size = bpf_probe_read_user_str(key.path, sizeof(key.path), pointer);
	if (size < 0) {
		count_loss(LOSS_PATH_UNREAD);
		return;
	}
	if (!is_pseudo(key.path))
		return;
	if (size == sizeof(key.path))
		count_loss(LOSS_PATH_CUT);
	count_in(&paths, &key, LOSS_PATH);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_exit, struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct observer_task *state = followed(task);
	if (state == NULL)
		return 0;
	if (!state->inside && !(state->flags & OBSERVER_LAUNCHING))
		count_call(state, (__u32)regs->orig_ax, 0);
	state->inside = 0;
	if (state->path_pointer != 0)
		note_path(state);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct observer_task *state = followed(parent);
	if (state == NULL)
		return 0;
	struct observer_task *copy =
	    bpf_task_storage_get(&tasks, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (copy == NULL) {
		count_loss(LOSS_TASK);
		return 0;
	}
	copy->tally = state->tally;
	copy->flags = state->flags;
	copy->inside = 1; /* it returns from its parent's call */
	struct observer_tally *tally = bpf_map_lookup_elem(&tallies, &state->tally);
	if (tally != NULL)
		__sync_fetch_and_add(
		    child->pid == child->tgid ? &tally->processes : &tally->threads, 1);
	return 0;
}

/* The tally of the program a process now runs. */
static __u32 tally_of_program(struct linux_binprm *bprm, __u32 otherwise)
{
	struct observer_program key = { 0 };
	if (bpf_probe_read_kernel_str(key.path, sizeof(key.path), bprm->interp) == sizeof(key.path))
		count_loss(LOSS_PATH_CUT);
	__u32 *known = bpf_map_lookup_elem(&programs, &key);
	if (known != NULL)
		return *known;
	__u32 fresh = __sync_fetch_and_add(&next_tally, 1);
	if (fresh < OBSERVER_MAX_TALLIES)
		bpf_map_update_elem(&programs, &key, &fresh, BPF_NOEXIST);
	known = bpf_map_lookup_elem(&programs, &key);
	if (known != NULL)
		return *known;
	count_loss(LOSS_PROGRAM);
	return otherwise;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct observer_task *state = followed(task);
	if (state == NULL)
		return 0;
	state->flags &= ~(__u32)OBSERVER_LAUNCHING;
	if (state->flags & OBSERVER_BY_PROGRAM)
		state->tally = tally_of_program(bprm, state->tally);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_process_exit, struct task_struct *task)
{
	struct observer_task *state = followed(task);
	if (state == NULL || task->pid != task->tgid)
		return 0;
	struct observer_tally *tally = bpf_map_lookup_elem(&tallies, &state->tally);
	__u32 signal = (__u32)task->exit_code & SIGNAL_MASK;
	if (tally != NULL && signal != 0 && signal < OBSERVER_MAX_SIGNALS)
		__sync_fetch_and_add(&tally->deaths[signal], 1);
	return 0;
}

char licence[] SEC("license") = "Dual MIT/GPL"; /* some helpers are for GPL programs only */
