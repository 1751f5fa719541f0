#include "scan/models.h"

#include <stdio.h>
#include <string.h>

#include "scan/plugins.h"
#include "syscalls/table.h"

enum { MAX_CALLS = 2, MAX_OPENERS = 24 };

/*
 * Calls that libc makes only when one of these functions was called from outside of it: the call's
 * own functions, those that make it by nature, and those that set what makes others do it. The
 * lists hold every exported function that reaches the call by direct calls, mutexes and the making
 * of threads apart, which do so for attributes only (tests/soundness/gates.py).
 */
struct gate {
	const char *calls[MAX_CALLS];
	const char *openers[MAX_OPENERS];
};

static const struct gate gates[] = {
	/*
	 * pthread_mutex_lock raises a thread's priority for mutexes with PTHREAD_PRIO_PROTECT,
	 * which only attributes ask for; pthread_create for attributes that say so. nptl/tpp.c,
	 * pthread_create.c, posix_spawn's child in sysdeps/unix/sysv/linux/spawni.c.
	 */
	{ { "sched_get_priority_max", "sched_get_priority_min" },
	  { "sched_get_priority_max", "sched_get_priority_min", "pthread_mutexattr_setprotocol",
	    "pthread_mutexattr_setprioceiling", "pthread_mutexattr_getprioceiling",
	    "pthread_mutex_setprioceiling", "pthread_attr_setschedparam",
	    "pthread_setattr_default_np" } },
	{ { "sched_getparam", "sched_getscheduler" },
	  { "sched_getparam", "sched_getscheduler", "pthread_mutexattr_setprotocol",
	    "pthread_mutex_setprioceiling", "pthread_getschedparam", "pthread_setschedprio",
	    "pthread_attr_setinheritsched", "pthread_getattr_np", "aio_read", "aio_write",
	    "aio_fsync", "lio_listio", "aio_read64", "aio_write64", "aio_fsync64",
	    "lio_listio64" } },
	{ { "sched_setparam", "sched_setscheduler" },
	  { "sched_setparam", "sched_setscheduler", "pthread_mutexattr_setprotocol",
	    "pthread_mutex_setprioceiling", "pthread_setschedparam", "pthread_setschedprio",
	    "pthread_attr_setinheritsched", "pthread_setattr_default_np",
	    "posix_spawnattr_setflags", "aio_read", "aio_write", "aio_fsync", "lio_listio",
	    "aio_read64", "aio_write64", "aio_fsync64", "lio_listio64" } },
	{ { "sched_setaffinity" },
	  { "sched_setaffinity", "pthread_setaffinity_np", "pthread_attr_setaffinity_np",
	    "pthread_getattr_np", "pthread_setattr_default_np" } },
	/* What a spawned child does first is in its attributes and file actions. */
	{ { "setpgid" }, { "setpgid", "setpgrp", "posix_spawnattr_setflags" } },
	{ { "setsid" },
	  { "setsid", "daemon", "login_tty", "forkpty", "posix_spawnattr_setflags" } },
	{ { "setresuid", "setresgid" },
	  { "setresuid", "setresgid", "seteuid", "setegid", "posix_spawnattr_setflags", "ruserok",
	    "ruserok_af", "iruserok", "iruserok_af", "rcmd", "rcmd_af", "__ivaliduser" } },
	{ { "chdir" },
	  { "chdir", "daemon", "fts_open", "fts64_open", "ftw", "ftw64", "nftw", "nftw64",
	    "posix_spawn_file_actions_addchdir_np" } },
	{ { "fchdir" },
	  { "fchdir", "fts_open", "fts64_open", "nftw", "nftw64", "ftw", "ftw64",
	    "posix_spawn_file_actions_addfchdir_np" } },
	{ { "close_range" },
	  { "close_range", "closefrom", "posix_spawn_file_actions_addclosefrom_np" } },
	{ { "getpgid" },
	  { "getpgid", "__bsd_getpgrp", "posix_spawn_file_actions_addtcsetpgrp_np" } },
	/*
	 * __longjmp_chk asks when it would jump down the stack, which is an error unless there is
	 * another stack, set by the same call. sysdeps/unix/sysv/linux/x86_64/____longjmp_chk.S.
	 */
	{ { "sigaltstack" }, { "sigaltstack", "sigstack" } },
	/* Files and folders of temporary names are made by one function, told which by its caller. */
	{ { "mkdir" }, { "mkdir", "mkdtemp" } },
};

enum { GATE_COUNT = sizeof(gates) / sizeof(gates[0]) };

/*
 * Exported functions that libc's own functions call for state only that openers make: what is
 * registered for remote calls is unregistered when a thread ends. sunrpc/svc.c.
 */
struct inner_call {
	const char *callee;
	const char *openers[MAX_OPENERS];
};

static const struct inner_call inner_calls[] = {
	{ "svc_unregister", { "svc_register", "registerrpc" } },
};

enum { INNER_CALL_COUNT = sizeof(inner_calls) / sizeof(inner_calls[0]) };

/* Called for some flags of their callers: glob's GLOB_TILDE; whether a database is one of hosts. */
static const char *const flag_readers[] = { "getlogin_r", "__resolv_context_get" };

static bool has_version(const struct elf_symbols *symbols, const char *version)
{
	for (size_t i = 1; i < symbols->count; i++)
		if (symbols->symbols[i].defined && symbols->symbols[i].version != NULL &&
		    strcmp(symbols->symbols[i].version, version) == 0)
			return true;
	return false;
}

bool model_is_known_libc(struct closure *closure, size_t module)
{
	struct loaded *loaded = &closure->loaded[module];
	if (loaded->libc == LIBC_NOT_ASKED) {
		const char *soname = loaded->module->image.dynamic.soname;
		const struct elf_symbols *symbols = &loaded->module->image.symbols;
		bool known = soname != NULL && strcmp(soname, "libc.so.6") == 0 &&
			     has_version(symbols, "GLIBC_2.36") &&
			     !has_version(symbols, "GLIBC_2.37") &&
			     !has_version(symbols, "GLIBC_2.38");
		loaded->libc = known ? LIBC_KNOWN : LIBC_OTHER;
	}
	return loaded->libc == LIBC_KNOWN;
}

static bool is_one_of(const char *const *names, size_t max_count, const char *name)
{
	for (size_t i = 0; i < max_count && names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Used by something live, or perhaps by its name. */
static bool is_asked_for(const struct closure *closure, const char *function)
{
	/* libc exports some under the name that it uses itself, too. */
	char own[NAME_MAX_BYTES];
	(void)snprintf(own, sizeof(own), "__%s", function);
	const char *const names[] = { function, own };
	for (size_t i = 0; i < 2; i++) {
		uint32_t hash = name_hash(names[i]);
		if (scope_is_used(&closure->scope, names[i], hash) ||
		    name_set_has(&closure->names, names[i], hash))
			return true;
	}
	return false;
}

static bool is_any_asked_for(const struct closure *closure, const char *const *openers)
{
	for (size_t i = 0; i < MAX_OPENERS && openers[i] != NULL; i++)
		if (is_asked_for(closure, openers[i]))
			return true;
	return false;
}

bool model_allows(struct closure *closure, const struct node *node, enum arch arch, uint32_t number)
{
	const struct syscall *call = syscall_by_number(arch, number);
	if (call == NULL || !model_is_known_libc(closure, node->module))
		return true;
	for (size_t g = 0; g < GATE_COUNT; g++)
		if (is_one_of(gates[g].calls, MAX_CALLS, call->name))
			return is_any_asked_for(closure, gates[g].openers);
	return true;
}

/* The name of an exported function of the C library that the table knows; NULL: it is none. */
static const char *libc_name(struct closure *closure, size_t module, uint32_t number)
{
	struct module *owner = closure->loaded[module].module;
	if (!model_is_known_libc(closure, module) ||
	    (module_flags(owner, number) & FUNCTION_IS_EXPORTED) == 0)
		return NULL;
	return image_export_name(&owner->image, module_va(owner, number));
}

bool model_knows(struct closure *closure, size_t module, uint32_t number)
{
	const char *name = libc_name(closure, module, number);
	bool known = name != NULL && strncmp(name, "_nss_", 5) == 0;
	for (size_t i = 0; i < INNER_CALL_COUNT && name != NULL && !known; i++)
		known = strcmp(inner_calls[i].callee, name) == 0;
	return known;
}

bool model_allows_call(struct closure *closure, const struct node *caller,
		       const struct node *callee)
{
	if (!callee->modelled || caller->module != callee->module)
		return true;
	const struct image *image = &closure->loaded[callee->module].module->image;
	const char *name = libc_name(closure, callee->module, callee->number);
	for (size_t i = 0; name != NULL && i < INNER_CALL_COUNT; i++)
		if (strcmp(inner_calls[i].callee, name) == 0)
			return image_is_export(image, node_va(closure, caller)) ||
			       is_any_asked_for(closure, inner_calls[i].openers);
	return true;
}

bool model_is_for_flags(struct closure *closure, size_t module, uint32_t number)
{
	const char *name = libc_name(closure, module, number);
	return name != NULL && is_one_of(flag_readers, 2, name);
}

static bool has_known_libc(struct closure *closure)
{
	for (size_t i = 0; i < closure->loaded_count; i++)
		if (model_is_known_libc(closure, i))
			return true;
	return false;
}

/* Whether a file asks ld.so for others by names with $ORIGIN and its like, */
static bool has_tokens(const struct elf_dynamic *dynamic)
{
	bool has = (dynamic->rpath != NULL && strchr(dynamic->rpath, '$') != NULL) ||
		   (dynamic->runpath != NULL && strchr(dynamic->runpath, '$') != NULL);
	for (size_t i = 0; i < dynamic->needed_count && !has; i++)
		has = strchr(dynamic->needed[i], '$') != NULL;
	return has;
}

static bool lists_relative(const char *folders)
{
	for (; folders != NULL; folders = strchr(folders, ':')) {
		folders += *folders == ':';
		if (*folders != '/' && *folders != '$')
			return true;
	}
	return false;
}

/* or by names that count from the current folder. */
static bool has_relative_names(const struct elf_dynamic *dynamic)
{
	bool has = lists_relative(dynamic->rpath) || lists_relative(dynamic->runpath);
	for (size_t i = 0; i < dynamic->needed_count && !has; i++)
		has = name_is_relative(dynamic->needed[i]);
	return has;
}

/* Of what ld.so does for certain names only: files hold them, or configurations, or variables. */
static enum tier tier_of_names(const struct closure *closure, bool opened,
			       bool (*has)(const struct elf_dynamic *dynamic))
{
	enum tier tier = TIER_ENVIRONMENT;
	for (size_t i = 0; i < closure->loaded_count; i++) {
		if (opened || has(&closure->loaded[i].module->image.dynamic))
			return TIER_EXACT;
		if (closure->loaded[i].opens_unknown)
			tier = TIER_PLUGIN;
	}
	return tier;
}

/*
 * ld.so executes another ld.so when it is run as a command on a program of that one, and
 * profiles a library that LD_PROFILE names. elf/rtld.c, elf/dl-profile.c. It asks for the system's
 * name for --list-diagnostics; earlier ones did to compare the kernel's version. It looks for a
 * file's own folder for $ORIGIN, and for the current one when it is given a path that is not
 * absolute. elf/dl-diagnostics.c, dl-load.c, dl-object.c.
 */
enum tier model_tier(struct closure *closure, const struct node *node, enum arch arch,
		     uint32_t number)
{
	static const char *const of_commands[] = { "execve", "setitimer" };
	static const char *const of_folders[] = { "getcwd", "getdents64" };
	const struct loaded *loaded = &closure->loaded[node->module];
	const char *soname = loaded->module->image.dynamic.soname;
	const struct syscall *call = syscall_by_number(arch, number);
	if (!loaded->is_loader || soname == NULL || strncmp(soname, "ld-linux", 8) != 0 ||
	    call == NULL)
		return TIER_EXACT;
	if (is_one_of(of_commands, 2, call->name))
		return TIER_ENVIRONMENT;
	if (!has_known_libc(closure))
		return TIER_EXACT;
	if (strcmp(call->name, "uname") == 0)
		return TIER_ENVIRONMENT;
	if (strcmp(call->name, "readlink") == 0)
		return tier_of_names(closure, closure->opens_token, has_tokens);
	if (is_one_of(of_folders, 2, call->name))
		return tier_of_names(closure, closure->opens_relative, has_relative_names);
	return TIER_EXACT;
}

bool model_may_point_to(struct closure *closure, const struct node *node)
{
	const char *name = node->modelled ? libc_name(closure, node->module, node->number) : NULL;
	if (name == NULL || strncmp(name, "_nss_", 5) != 0)
		return true;
	const char *function = strchr(name + 5, '_');
	return function == NULL || plugins_nss_wanted(closure, node->module, function + 1);
}
