#pragma once

#include "base/problem.h"
#include "elf/search.h"

/*
 * A program with everything that is loaded with it, and which of its code and data can come into
 * use. Code is live when live code calls it or mentions its address, data when live code mentions
 * it, and then everything it points to. What a call passes decides which blocks of the callee run.
 */

/* How a use comes about; also the order of what is printed. */
enum tier {
	TIER_EXACT,       /* the program and the libraries it names */
	TIER_PLUGIN,      /* what those may load by configuration: NSS, gconv, PAM, … */
	TIER_ENVIRONMENT, /* what only how it is started asks for: LD_PROFILE, ld.so as a command */
	TIER_UNRESOLVED,  /* a syscall instruction whose number is not known */
	TIER_COUNT,
};

const char *tier_name(enum tier tier);

/* When a syscall can be made; what is not known is PHASE_RUN. */
enum phase {
	PHASE_RUN,   /* from main on */
	PHASE_START, /* only before main: by ld.so, the C library's start, initialisers */
	PHASE_EXIT,  /* once main has returned or exit was called; perhaps before main, too */
	PHASE_COUNT,
	/* only of functions: */
	PHASE_OF_CALLER = PHASE_COUNT, /* whenever runs who takes its address */
	PHASE_NONE,                    /* it is not called by its address */
};

const char *phase_name(enum phase phase);

struct module;
struct node;
struct fact;

/* A place where a syscall is made: an instruction, a number it has there, and who runs it. */
struct use {
	enum arch arch; /* whose table the number is of: int 0x80 has i386's */
	uint32_t number;
	enum tier tier;
	bool assumed; /* the number was read from memory that might have changed */
	size_t order; /* found earlier: nearer to where control starts */
	const struct node *node;
	uint64_t va;             /* of the instruction */
	const struct fact *fact; /* what is known of it */
	enum phase phase;
};

/* How the number of a use is known. */
enum number_source {
	NUMBER_UNKNOWN,
	NUMBER_CONSTANT, /* of the function that makes the call */
	NUMBER_PASSED,   /* by a caller, for which it is a constant; the chain goes through it */
	NUMBER_MEMORY,   /* read from memory */
};

/* A step of a chain: this function, and where in the one before it is called or mentioned. */
struct step {
	const char *path;     /* of the ELF file */
	const char *function; /* NULL: it has no name */
	uint64_t function_va;
	uint64_t va;     /* of the instruction that leads to the next step */
	const char *how; /* "calls", "passes the number to", "takes the address of" … */
};

/* Operations of ioctl, fcntl, prctl and the like: the constant that selects them. */
struct operation_use {
	enum arch arch;
	uint32_t number; /* of the syscall */
	uint64_t value;
	bool known; /* else it may be any */
	enum tier tier;
	struct use use;  /* the call that it was first found at */
	uint64_t passed; /* the value as it is handed on, with bits that the kernel ignores */
};

struct program {
	enum arch arch; /* of its own code */
	struct module **modules;
	const char *const *files; /* loaded, in load order, the program first */
	const size_t *file_code_bytes;
	size_t file_count;
	const struct use *uses; /* by number and tier, the nearest site of each first */
	size_t use_count;
	const struct use *unresolved; /* by module and address */
	size_t unresolved_count;
	const struct operation_use *operations;
	size_t operation_count;
	const char *const *paths; /* pseudo-files under /proc, /dev and /sys in live strings */
	size_t path_count;
	const char *const *imports; /* functions of libc that live code of the program calls */
	size_t import_count;
	const char *const *missing; /* libraries that were not found */
	size_t missing_count;
	const char *const *openers; /* files that may open libraries by names that are not known */
	size_t opener_count;
	size_t live_functions;
	bool
	    phases_known; /* else all are PHASE_RUN: nobody asked, or who calls main was not found */
	size_t code_bytes; /* of all modules */
};

struct program_files {
	struct elf_search search;
	/*
	 * The module of what search found, opened once however many programs ask for it. It lives
	 * as long as the files do; its problems are told once.
	 */
	enum status (*module)(void *context, const char *path, struct module **out_module,
			      struct error *err);
	/* The names in a folder that start so, sorted; 0 when there is none. */
	size_t (*list)(void *context, struct arena *arena, const char *folder, const char *prefix,
		       const char *const **out_names);
	void *context;
};

enum { PROGRAM_MAX_MODULES = 4096 };

/* How far a scan goes. */
struct program_extent {
	enum tier last; /* that is looked for, up to TIER_ENVIRONMENT */
	bool phases;    /* when calls are made is found, too */
};

/*
 * program    the module to start with, as files.module yields it
 * problems   libraries that are found but cannot be analysed; its arena is the result's
 */
void program_scan(struct module *program, const struct program_files *files,
		  const struct program_extent *extent, struct problem_list *problems,
		  struct program *out_program) __attribute__((nonnull));

/*
 * The chain from where control starts to a use, through those that pass its number; in the arena.
 *
 * out_source   may be NULL
 */
size_t program_chain(const struct program *program, struct arena *arena, const struct use *use,
		     const struct step **out_steps, enum number_source *out_source);

/* The same for the call that an operation was first found at, through those that pass its value. */
size_t program_operation_chain(const struct program *program, struct arena *arena,
			       const struct operation_use *operation, const struct step **out_steps,
			       enum number_source *out_source);
