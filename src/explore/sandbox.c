/*
 * Namespaces and mounts of one trial.
 *
 *   /proc of the caller    is covered by a tmpfs, the one place that surely exists and is not
 *                          needed; it holds upper and work directories and the new root
 *   /DIR                   overlay of the caller's /DIR; also of real file systems under it
 *   /proc /dev             new; /sys is the caller's
 *
 * Overlays are made per directory, not of "/": in a user namespace the kernel refuses a lower
 * directory with other people's mounts under it.
 *
 * Source: namespaces(7), user_namespaces(7), Linux v6.1 Documentation/filesystems/overlayfs.rst,
 * pivot_root(2) (the "." trick).
 */
#include "explore/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BASE "/proc"
#define ROOT BASE "/root"

enum {
	SANDBOX_MAX_MOUNTS = 64, /* real file systems under the top directories */
	SANDBOX_MAX_FILES = 200000,
	SANDBOX_MAX_DEPTH = 2,
};

static bool problem(struct sandbox_problem *out_problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool problem(struct sandbox_problem *out_problem, const char *format, ...)
{
	int code = errno;
	va_list args;
	va_start(args, format);
	int length = vsnprintf(out_problem->text, sizeof(out_problem->text), format, args);
	va_end(args);
	if (length >= 0 && (size_t)length < sizeof(out_problem->text))
		(void)snprintf(out_problem->text + length,
			       sizeof(out_problem->text) - (size_t)length, ": %s", strerror(code));
	return false;
}

struct sandbox_spec sandbox_spec_of_caller(uint64_t disk_bytes)
{
	return (struct sandbox_spec){ .disk_bytes = disk_bytes,
				      .file_count = SANDBOX_MAX_FILES,
				      .user_namespace = geteuid() != 0,
				      .user = geteuid(),
				      .group = getegid() };
}

pid_t sandbox_start(const struct sandbox_spec *spec, int (*first)(void *context), void *context,
		    int *out_process, struct sandbox_problem *out_problem)
{
	int process = -1;
	struct clone_args args = { .flags = CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWPID |
					    CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
				   .pidfd = (uint64_t)(uintptr_t)&process,
				   .exit_signal = SIGCHLD };
	if (spec->user_namespace)
		args.flags |= CLONE_NEWUSER;
	pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(first(context));
	}
	if (child == -1) {
		(void)problem(out_problem,
			      !spec->user_namespace
				  ? "namespaces cannot be made"
				  : "user namespaces cannot be made: run as root, or allow them "
				    "(sysctl user.max_user_namespaces, "
				    "kernel.unprivileged_userns_clone)");
		return -1;
	}
	*out_process = process;
	return child;
}

/* ---- identity ---- */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	(void)close(fd);
	return written;
}

/* In a new user namespace the caller stays who they were; nobody else exists. */
static bool map_identity(const struct sandbox_spec *spec, struct sandbox_problem *out_problem)
{
	char text[64];
	(void)snprintf(text, sizeof(text), "%u %u 1", spec->user, spec->user);
	if (!write_file("/proc/self/uid_map", text))
		return problem(out_problem, "user map");
	if (!write_file("/proc/self/setgroups", "deny"))
		return problem(out_problem, "groups");
	(void)snprintf(text, sizeof(text), "%u %u 1", spec->group, spec->group);
	if (!write_file("/proc/self/gid_map", text))
		return problem(out_problem, "group map");
	return true;
}

/* ---- files ---- */

struct furnishing {
	const struct sandbox_spec *spec;
	struct sandbox_problem *out_problem;
	unsigned overlay_count;
};

struct mount_point {
	char path[PATH_MAX];
};

static bool is_top(const char *path, const char *top)
{
	size_t length = strlen(top);
	return strncmp(path, top, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Real file systems under a top directory, and not the kernel's own. */
static bool is_wanted(const char *path, const char *type)
{
	static const char *const kernel_types[] = { "proc",    "sysfs",    "devpts",  "cgroup",
						    "cgroup2", "devtmpfs", "bpf",     "autofs",
						    "mqueue",  "tracefs",  "debugfs", "nsfs" };
	if (strchr(path + 1, '/') == NULL || is_top(path, "/proc") || is_top(path, "/sys") ||
	    is_top(path, "/dev"))
		return false;
	for (size_t i = 0; i < sizeof(kernel_types) / sizeof(kernel_types[0]); i++)
		if (strcmp(type, kernel_types[i]) == 0)
			return false;
	return true;
}

/* proc_pid_mountinfo(5): the 5th field is the mount point, the one after " - " the type. */
static size_t read_mounts(struct mount_point *out_mounts)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	if (file == NULL)
		return 0;
	size_t count = 0;
	char line[2 * PATH_MAX];
	while (count < SANDBOX_MAX_MOUNTS && fgets(line, sizeof(line), file) != NULL) {
		char type[64];
		const char *rest = strstr(line, " - ");
		if (rest == NULL || sscanf(rest, " - %63s", type) != 1 ||
		    sscanf(line, "%*s %*s %*s %*s %4095s", out_mounts[count].path) != 1)
			continue;
		if (is_wanted(out_mounts[count].path, type))
			count++;
	}
	(void)fclose(file);
	return count;
}

/* A directory of the sandbox's own that looks like the caller's. */
static bool make_like(const char *path, const struct stat *like)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return false;
	if (chown(path, like->st_uid, like->st_gid) != 0 && errno != EINVAL && errno != EPERM)
		return false;
	return chmod(path, like->st_mode & 07777) == 0;
}

/* Characters that end a path in overlay's options cannot be passed on. */
static bool fits_options(const char *path)
{
	return strpbrk(path, ",:\\") == NULL;
}

/* Covers the caller's `path` by an overlay in the new root. */
static bool overlay(struct furnishing *furnishing, const char *path)
{
	struct stat status;
	char upper[64];
	char work[64];
	char target[PATH_MAX + 16];
	char options[PATH_MAX + 256];
	unsigned number = furnishing->overlay_count++;
	if (stat(path, &status) != 0)
		return false;
	(void)snprintf(upper, sizeof(upper), BASE "/upper%u", number);
	(void)snprintf(work, sizeof(work), BASE "/work%u", number);
	(void)snprintf(target, sizeof(target), ROOT "%s", path);
	if (!make_like(upper, &status) || mkdir(work, 0700) != 0 ||
	    (!make_like(target, &status) && errno != EROFS))
		return false;
	(void)snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s%s", path,
		       upper, work, furnishing->spec->user_namespace ? ",userxattr" : "");
	return fits_options(path) && mount("overlay", target, "overlay", 0, options) == 0;
}

static bool bind_file(const char *from, const char *target)
{
	int fd = open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	if (fd == -1)
		return false;
	(void)close(fd);
	return mount(from, target, NULL, MS_BIND, NULL) == 0;
}

static bool bind_read_only(const char *from, const char *target)
{
	return mount(from, target, NULL, MS_BIND | MS_REC, NULL) == 0 &&
	       mount(NULL, target, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0;
}

static bool place_entries(struct furnishing *furnishing, const char *folder, unsigned depth);

/*
 * A directory with other people's mounts in it cannot be overlaid in a user namespace: its
 * entries are taken one by one. What cannot be taken at all can still be read.
 */
static bool place_directory(struct furnishing *furnishing, const char *path, unsigned depth)
{
	if (overlay(furnishing, path))
		return true;
	char target[PATH_MAX + 16];
	(void)snprintf(target, sizeof(target), ROOT "%s", path);
	if (depth < SANDBOX_MAX_DEPTH && place_entries(furnishing, path, depth + 1))
		return true;
	return bind_read_only(path, target);
}

static bool is_kernels(const char *path)
{
	return strcmp(path, "/proc") == 0 || strcmp(path, "/sys") == 0 || strcmp(path, "/dev") == 0;
}

/* One entry of a directory of the caller's. /proc, /sys and /dev come later. */
static bool place_entry(struct furnishing *furnishing, const char *path, unsigned depth)
{
	char target[PATH_MAX + 16];
	char link[PATH_MAX];
	struct stat status;
	(void)snprintf(target, sizeof(target), ROOT "%s", path);
	if (is_kernels(path))
		return mkdir(target, 0755) == 0;
	if (lstat(path, &status) != 0)
		return true; /* gone since */
	if (S_ISDIR(status.st_mode))
		return place_directory(furnishing, path, depth);
	if (S_ISREG(status.st_mode))
		return bind_file(path, target);
	if (!S_ISLNK(status.st_mode))
		return true; /* sockets and pipes are of running programs outside */
	ssize_t length = readlink(path, link, sizeof(link) - 1);
	if (length <= 0)
		return true;
	link[length] = '\0';
	return symlink(link, target) == 0;
}

static bool place_entries(struct furnishing *furnishing, const char *folder, unsigned depth)
{
	DIR *entries = opendir(folder);
	if (entries == NULL)
		return false;
	bool placed = true;
	const struct dirent *entry;
	while (placed && (entry = readdir(entries)) != NULL) {
		char path[PATH_MAX];
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		int length = snprintf(path, sizeof(path), "%s/%s",
				      strcmp(folder, "/") == 0 ? "" : folder, entry->d_name);
		if (length < 0 || (size_t)length >= sizeof(path))
			continue;
		placed = place_entry(furnishing, path, depth);
		if (!placed)
			(void)problem(furnishing->out_problem, "a view of %s", path);
	}
	(void)closedir(entries);
	return placed;
}

static bool place_devices(void)
{
	static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };
	static const char *const links[][2] = { { "/proc/self/fd", "fd" },
						{ "/proc/self/fd/0", "stdin" },
						{ "/proc/self/fd/1", "stdout" },
						{ "/proc/self/fd/2", "stderr" },
						{ "pts/ptmx", "ptmx" } };
	if (mount("tmpfs", ROOT "/dev", "tmpfs", MS_NOSUID, "mode=755,size=64m") != 0)
		return false;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		char from[32];
		char target[64];
		(void)snprintf(from, sizeof(from), "/dev/%s", devices[i]);
		(void)snprintf(target, sizeof(target), ROOT "/dev/%s", devices[i]);
		if (!bind_file(from, target))
			return false;
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		char target[64];
		(void)snprintf(target, sizeof(target), ROOT "/dev/%s", links[i][1]);
		if (symlink(links[i][0], target) != 0)
			return false;
	}
	if (mkdir(ROOT "/dev/pts", 0755) != 0 || mkdir(ROOT "/dev/shm", 01777) != 0 ||
	    chmod(ROOT "/dev/shm", 01777) != 0)
		return false;
	return mount("devpts", ROOT "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		     "newinstance,ptmxmode=0666,mode=620") == 0;
}

static bool enter_root(struct sandbox_problem *out_problem)
{
	/* without what is mounted below it where that is allowed: many control groups, slow */
	if (mount("/sys", ROOT "/sys", NULL, MS_BIND, NULL) != 0 &&
	    mount("/sys", ROOT "/sys", NULL, MS_BIND | MS_REC, NULL) != 0)
		return problem(out_problem, "/sys");
	if (mount("proc", ROOT "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL) != 0)
		return problem(out_problem, "/proc");
	if (chdir(ROOT) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
	    umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
		return problem(out_problem, "pivot_root");
	return true;
}

static bool furnish_files(const struct sandbox_spec *spec, struct sandbox_problem *out_problem)
{
	static struct mount_point mounts[SANDBOX_MAX_MOUNTS]; /* process 1 furnishes once */
	char options[96];
	size_t mount_count = read_mounts(mounts);
	(void)snprintf(options, sizeof(options), "mode=755,size=%" PRIu64 ",nr_inodes=%" PRIu64,
		       spec->disk_bytes, spec->file_count);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return problem(out_problem, "mounts cannot be made private");
	if (mount("tmpfs", BASE, "tmpfs", MS_NOSUID | MS_NODEV, options) != 0 ||
	    mkdir(ROOT, 0755) != 0)
		return problem(out_problem, "tmpfs");
	if (mount(ROOT, ROOT, NULL, MS_BIND, NULL) != 0)
		return problem(out_problem, "new root");
	struct furnishing furnishing = { .spec = spec, .out_problem = out_problem };
	if (!place_entries(&furnishing, "/", 0))
		return false;
	*out_problem = (struct sandbox_problem){ 0 };
	for (size_t i = 0; i < mount_count && !spec->user_namespace; i++)
		if (access(mounts[i].path, X_OK) == 0)
			(void)overlay(&furnishing, mounts[i].path);
	if (!place_devices())
		return problem(out_problem, "/dev");
	return enter_root(out_problem);
}

/* ---- network ---- */

static bool raise_loopback(struct sandbox_problem *out_problem)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = fd != -1 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	if (fd != -1)
		(void)close(fd);
	return up || problem(out_problem, "loopback");
}

/* ---- what a namespace does not hold back ---- */

/* Root in a sandbox could still set the machine's clock, load modules, write sysctls. */
static bool hold_back(struct sandbox_problem *out_problem)
{
	static const int capabilities[] = { CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME,
					    CAP_SYS_BOOT };
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		if (prctl(PR_CAPBSET_DROP, capabilities[i], 0, 0, 0) != 0)
			return problem(out_problem, "capabilities");
	const unsigned long again =
	    MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	if (mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) != 0 ||
	    mount(NULL, "/proc/sys", NULL, again, NULL) != 0 ||
	    mount(NULL, "/sys", NULL, again, NULL) != 0)
		return problem(out_problem, "sysctl");
	return true;
}

bool sandbox_furnish(const struct sandbox_spec *spec, struct sandbox_problem *out_problem)
{
	*out_problem = (struct sandbox_problem){ 0 };
	if (spec->user_namespace && !map_identity(spec, out_problem))
		return false;
	return furnish_files(spec, out_problem) && raise_loopback(out_problem) &&
	       hold_back(out_problem);
}
