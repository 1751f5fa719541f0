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
	TIER_EXACT,      /* the program and the libraries it names */
	TIER_PLUGIN,     /* what those may load by configuration: NSS, gconv, PAM, … */
	TIER_UNRESOLVED, /* a syscall instruction whose number is not known */
	TIER_COUNT,
};

const char *tier_name(enum tier tier);

struct module;
struct node;

/* One place where a syscall is made: an instruction, the number it has there, and who runs it. */
struct use {
	enum arch arch; /* whose table the number is of: int 0x80 has i386's */
	uint32_t number;
	enum tier tier;
	bool assumed; /* the number was read from memory that might have changed */
	const struct node *node;
	uint64_t va;
};

/* A step of a chain: this function, and where in the one before it is called or mentioned. */
struct step {
	const char *path;     /* of the ELF file */
	const char *function; /* NULL: it has no name */
	uint64_t function_va;
	uint64_t va;          /* of the instruction that leads to the next step */
	const char *how;      /* "calls", "jumps to", "mentions", "loads", "starts" … */
};

/* Operations of ioctl, fcntl, prctl and the like: the constant that selects them. */
struct operation_use {
	uint32_t number; /* of the syscall */
	uint64_t value;
	bool known; /* else it may be any */
	enum tier tier;
};

struct program {
	struct module **modules;
	const char *const *files; /* loaded, in load order, the program first */
	size_t file_count;
	const struct use *uses; /* by number, then tier; one each */
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
	size_t live_functions;
	size_t code_bytes; /* of all modules */
};

struct program_files {
	struct elf_search search;
	/* The bytes of what search found; they live as long as the arena. */
	enum status (*read)(void *context, struct arena *arena, const char *path,
			    struct slice *out_bytes, struct error *err);
	/* The names in a folder, sorted; 0 when there is none. */
	size_t (*list)(void *context, struct arena *arena, const char *folder,
		       const char *const **out_names);
	void *context;
};

enum { PROGRAM_MAX_MODULES = 4096 };

/*
 * path       of the program or library, as the search names files
 * plugins    follow what may be loaded by configuration, too
 * returns    what module_open returns for the program itself; libraries that cannot be analysed
 *            are problems and reported as missing
 */
enum status program_scan(const char *path, struct slice bytes, const struct program_files *files,
			 bool plugins, struct problem_list *problems, struct program *out_program,
			 struct error *err) __attribute__((warn_unused_result, nonnull));

/* The chain from where control starts to a use; in the arena. */
size_t program_chain(const struct program *program, struct arena *arena, const struct use *use,
		     const struct step **out_steps);
