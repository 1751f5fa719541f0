#pragma once

#include <linux/types.h>

/*
 * What the kernel side (observer.bpf.c) and the user side (observer.c) of the observer share.
 * Compiled for both, so nothing here but types of fixed size.
 */
enum {
	OBSERVER_MAX_NUMBERS = 512, /* of a tally; higher ones are counted in the map `odd` */
	OBSERVER_MAX_TALLIES = 512, /* trees, or programs of one tree */
	OBSERVER_MAX_SIGNALS = 65,
	OBSERVER_MAX_OPERATIONS = 1 << 16,
	OBSERVER_MAX_PATHS = 1 << 14,
	OBSERVER_MAX_ODD = 1 << 12,
	OBSERVER_PATH_BYTES = 192, /* a longer path is cut and counted as LOSS_PATH_CUT */
	OBSERVER_NO_ARGUMENT = 0,
};

/* i386 calls of a 64-bit machine (int 0x80) have numbers of their own: marked by this bit. */
#define OBSERVER_COMPAT 0x80000000u

enum observer_flags {
	OBSERVER_LAUNCHING = 1,   /* our own code before the program's first instruction */
	OBSERVER_BY_PROGRAM = 2,  /* every program executed gets a tally of its own */
	OBSERVER_WITH_DETAIL = 4, /* operations of vectored calls and pseudo-files, too */
};

/* What could not be kept. Each is counted, and every result says so. */
enum observer_loss {
	LOSS_TASK,        /* a new process or thread could not be followed */
	LOSS_PROGRAM,     /* a program past OBSERVER_MAX_TALLIES: counted with its parent's */
	LOSS_OPERATION,   /* an operation past OBSERVER_MAX_OPERATIONS */
	LOSS_PATH,        /* a pseudo-file past OBSERVER_MAX_PATHS */
	LOSS_PATH_UNREAD, /* a path in memory that could not be read */
	LOSS_PATH_CUT,
	LOSS_ODD, /* an impossible number past OBSERVER_MAX_ODD */
	OBSERVER_LOSS_COUNT,
};

/* Counters of one tree of processes, or of one program in it. */
struct observer_tally {
	__u64 entered[OBSERVER_MAX_NUMBERS];    /* reached the kernel */
	__u64 skipped[OBSERVER_MAX_NUMBERS];    /* answered by a seccomp filter */
	__u64 first_skip[OBSERVER_MAX_NUMBERS]; /* when, in any rising unit; 0: never */
	__u64 deaths[OBSERVER_MAX_SIGNALS];     /* processes ended by a signal */
	__u64 processes;
	__u64 threads; /* besides the first of each process */
};

struct observer_task {
	__u32 tally;
	__u32 flags;
	__u32 inside;       /* between sys_enter and sys_exit */
	__u32 path_number;  /* of the call that path_pointer is an argument of */
	__u64 path_pointer; /* 0: none; read at the exit, when the kernel has touched it */
};

struct observer_operation {
	__u32 tally;
	__u32 number;
	__u64 value;
};

struct observer_odd {
	__u32 tally;
	__u32 number;
};

struct observer_path {
	__u32 tally;
	__u32 unused; /* aligns the path for loads of eight bytes */
	char path[OBSERVER_PATH_BYTES];
};

struct observer_program {
	char path[OBSERVER_PATH_BYTES];
};

/* Which arguments of a call are looked at; argument indexes count from 1, 0 is none. */
struct observer_interest {
	__u8 operation; /* the argument that selects the operation */
	__u8 second;    /* one more, shifted left by 32: the level of an option */
	__u8 path;      /* the argument that points to a path */
	__u8 unused;
	__u32 operation_mask; /* bits of the operation that select */
};
