#include "survey/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum status fail(struct error *err, const char *what, int code)
{
	return error_set(err, STATUS_DENIED, ERROR_NO_OFF, "%s: %s", what, strerror(code));
}

static enum status limit(uint64_t memory_bytes, struct error *err)
{
	const struct rlimit none = { 0, 0 };
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return fail(err, "no core dumps", errno);
#ifndef __SANITIZE_ADDRESS__ /* its shadow memory is larger than any limit */
	const struct rlimit memory = { memory_bytes, memory_bytes };
	if (memory_bytes != 0 && setrlimit(RLIMIT_AS, &memory) != 0)
		return fail(err, "limit memory", errno);
#else
	(void)memory_bytes;
#endif
	return STATUS_OK;
}

/* ---- which files ---- */

static const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

/* Everything that the first version of Landlock knows; later ones only know more. */
static const uint64_t everything = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

static enum status allow_reading(int rules, const char *path, struct error *err)
{
	struct stat info;
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = reading,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	if (beneath.parent_fd < 0)
		return STATUS_OK; /* what is not there cannot be read */
	if (fstat(beneath.parent_fd, &info) == 0 && !S_ISDIR(info.st_mode))
		beneath.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
	long result =
	    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	int code = errno;
	(void)close(beneath.parent_fd);
	return result == 0 ? STATUS_OK : fail(err, path, code);
}

static enum status allow_files(const char *const *readable, size_t count, struct error *err)
{
	const struct landlock_ruleset_attr handled = { .handled_access_fs = everything };
	int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (rules < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? STATUS_OK
							      : fail(err, "Landlock", errno);
	enum status status = STATUS_OK;
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = allow_reading(rules, readable[i], err);
	if (status == STATUS_OK && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		status = fail(err, "Landlock", errno);
	(void)close(rules);
	return status;
}

/* ---- which calls ---- */

static const int allowed[] = {
	SCMP_SYS(read),         SCMP_SYS(pread64),         SCMP_SYS(readv),
	SCMP_SYS(write),        SCMP_SYS(pwrite64),        SCMP_SYS(writev),
	SCMP_SYS(open),         SCMP_SYS(openat),          SCMP_SYS(openat2),
	SCMP_SYS(close),        SCMP_SYS(fstat),           SCMP_SYS(newfstatat),
	SCMP_SYS(stat),         SCMP_SYS(lstat),           SCMP_SYS(statx),
	SCMP_SYS(fstatfs),      SCMP_SYS(lseek),           SCMP_SYS(getdents64),
	SCMP_SYS(readlink),     SCMP_SYS(readlinkat),      SCMP_SYS(fcntl),
	SCMP_SYS(access),       SCMP_SYS(faccessat2),      SCMP_SYS(munmap),
	SCMP_SYS(mremap),       SCMP_SYS(madvise),         SCMP_SYS(brk),
	SCMP_SYS(futex),        SCMP_SYS(getrandom),       SCMP_SYS(clock_gettime),
	SCMP_SYS(getrusage),    SCMP_SYS(getpid),          SCMP_SYS(gettid),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),  SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),  SCMP_SYS(restart_syscall), SCMP_SYS(exit),
	SCMP_SYS(exit_group),   SCMP_SYS(sched_yield),     SCMP_SYS(getcwd),
	SCMP_SYS(fchdir),       SCMP_SYS(umask),           SCMP_SYS(prlimit64),
	SCMP_SYS(setrlimit),    SCMP_SYS(sysinfo),
};

static int add_rules(scmp_filter_ctx filter)
{
	int result = 0;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	/* memory that is not code; a signal only to itself, which is how abort() ends */
	const int mapping[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	for (size_t i = 0; i < 2 && result == 0; i++)
		result = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, mapping[i], 1,
		    (struct scmp_arg_cmp){ 2, SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0 });
	if (result == 0)
		result = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    (struct scmp_arg_cmp){ 0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0 });
	return result;
}

static enum status allow_calls(struct error *err)
{
#ifdef __SANITIZE_ADDRESS__ /* the sanitizers' own needs are not known */
	(void)err;
	(void)add_rules;
	return STATUS_OK;
#else
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = filter == NULL ? -ENOMEM : add_rules(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result == 0 ? STATUS_OK : fail(err, "seccomp", -result);
#endif
}

enum status confine_self(const char *const *readable, size_t count, uint64_t memory_bytes,
			 struct error *err)
{
	enum status status = limit(memory_bytes, err);
	if (status == STATUS_OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		status = fail(err, "no new privileges", errno);
	if (status == STATUS_OK)
		status = allow_files(readable, count, err);
	return status == STATUS_OK ? allow_calls(err) : status;
}
