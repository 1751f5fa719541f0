#include "survey/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "survey/confine.h"

enum { TICK_MS = 200, READ_BYTES = 1 << 18, EXIT_RETIRED = 75, EXIT_NOT_CONFINED = 76 };

/* Memory that workers and the caller share. */
struct desk {
	atomic_size_t next, end; /* of the lot at this desk: what is left of it */
	atomic_size_t task;      /* + 1, of the worker at this desk; 0: none */
	atomic_llong started_ns; /* when it took that task */
};

struct office {
	atomic_size_t next; /* lot to take */
	struct desk desks[CREW_MAX_WORKERS];
};

struct worker {
	pid_t process; /* 0: none */
	int results;   /* read end of its pipe */
	struct buffer pending;
	bool overdue;
};

struct running {
	const struct crew *crew;
	struct office *office;
	struct worker workers[CREW_MAX_WORKERS];
	size_t left; /* tasks not done */
	bool *is_done;
};

struct result_header {
	uint64_t task;
	uint64_t size_bytes;
};

/* ---- in a worker ---- */

static bool write_all(int descriptor, const void *bytes, size_t size_bytes)
{
	const char *at = bytes;
	while (size_bytes > 0) {
		ssize_t written = write(descriptor, at, size_bytes);
		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			at += written;
			size_bytes -= (size_t)written;
		}
	}
	return true;
}

static uint64_t resident_bytes(int statm)
{
	char text[128];
	unsigned long long total;
	unsigned long long resident;
	ssize_t got = pread(statm, text, sizeof(text) - 1, 0);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	if (sscanf(text, "%llu %llu", &total, &resident) != 2) /* NOLINT(cert-err34-c) */
		return 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The kernel ends this process when it has used more CPU time than this from now on. */
static void limit_time(unsigned seconds)
{
	struct timespec used;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	const struct rlimit limit = { (rlim_t)used.tv_sec + 1 + seconds, RLIM_INFINITY };
	(void)setrlimit(RLIMIT_CPU, &limit);
}

static size_t lot_count(const struct crew *crew)
{
	return crew->lots == NULL ? crew->task_count : crew->lot_count;
}

/* The next task of the lot at the desk, or of a new one. A lot survives its worker. */
static bool take_task(const struct crew *crew, struct office *office, struct desk *desk,
		      size_t *out_task)
{
	while (atomic_load(&desk->next) == atomic_load(&desk->end)) {
		size_t lot = atomic_fetch_add(&office->next, 1);
		if (lot >= lot_count(crew))
			return false;
		atomic_store(&desk->end, crew->lots == NULL ? lot + 1 : crew->lots[lot + 1]);
		atomic_store(&desk->next, crew->lots == NULL ? lot : crew->lots[lot]);
	}
	*out_task = atomic_load(&desk->next);
	atomic_store(&desk->started_ns, (long long)clock_now_ns());
	atomic_store(&desk->task, *out_task + 1);
	atomic_fetch_add(&desk->next, 1);
	return true;
}

static void work(const struct crew *crew, struct office *office, struct desk *desk, int results)
{
	struct error err;
	struct buffer out = { 0 };
	size_t task;
	int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGINT, SIG_IGN); /* the caller decides what an interrupt means */
	/* what ends a worker is not the business of its parent's handlers */
	static const int ends[] = { SIGPIPE, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTERM };
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		(void)signal(ends[i], SIG_DFL);
	if (confine_self(crew->readable, crew->readable_count, crew->memory_bytes, &err) !=
	    STATUS_OK) {
		fprintf(stderr, "sysgap: %s\n", err.text);
		_exit(EXIT_NOT_CONFINED);
	}
	while (take_task(crew, office, desk, &task)) {
		buffer_clear(&out);
		limit_time(crew->task_seconds);
		crew->run(crew->context, task, &out);
		const struct result_header header = { task, out.size_bytes };
		if (!write_all(results, &header, sizeof(header)) ||
		    !write_all(results, out.bytes, out.size_bytes))
			_exit(EXIT_FAILURE);
		atomic_store(&desk->task, 0);
		if (crew->retire_bytes != 0 && resident_bytes(statm) > crew->retire_bytes)
			_exit(EXIT_RETIRED);
	}
	_exit(EXIT_SUCCESS);
}

/* ---- in the caller ---- */

static enum status hire(struct running *running, size_t i, struct error *err)
{
	struct worker *worker = &running->workers[i];
	struct desk *desk = &running->office->desks[i];
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "pipe: %s", strerror(errno));
	atomic_store(&desk->task, 0);
	pid_t process = fork();
	if (process == 0) {
		for (size_t k = 0; k < running->crew->worker_count; k++)
			if (running->workers[k].process != 0)
				(void)close(running->workers[k].results);
		(void)close(ends[0]);
		work(running->crew, running->office, desk, ends[1]);
	}
	int code = errno;
	(void)close(ends[1]);
	if (process < 0) {
		(void)close(ends[0]);
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "fork: %s", strerror(code));
	}
	worker->process = process;
	worker->results = ends[0];
	worker->overdue = false;
	buffer_clear(&worker->pending);
	return STATUS_OK;
}

static void finish_task(struct running *running, size_t task, struct slice result,
			const char *failure)
{
	if (task >= running->crew->task_count || running->is_done[task])
		return;
	running->is_done[task] = true;
	running->left--;
	running->crew->done(running->crew->context, task, result, failure);
}

/* Takes whole results off the front of what a worker wrote. */
static bool take_results(struct running *running, struct worker *worker)
{
	size_t off = 0;
	struct buffer *pending = &worker->pending;
	struct result_header header;
	while (pending->size_bytes - off >= sizeof(header)) {
		memcpy(&header, pending->bytes + off, sizeof(header));
		if (header.size_bytes > CREW_MAX_RESULT_BYTES)
			return false;
		if (pending->size_bytes - off - sizeof(header) < header.size_bytes)
			break;
		const uint8_t *content = (const uint8_t *)pending->bytes + off + sizeof(header);
		finish_task(running, (size_t)header.task,
			    (struct slice){ content, (size_t)header.size_bytes }, NULL);
		off += sizeof(header) + (size_t)header.size_bytes;
	}
	if (off > 0) {
		memmove(pending->bytes, pending->bytes + off, pending->size_bytes - off);
		pending->size_bytes -= off;
	}
	return true;
}

static void describe_end(const struct worker *worker, int wait_status, char *text, size_t size)
{
	if (worker->overdue || (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGXCPU))
		snprintf(text, size, "took too long");
	else if (WIFSIGNALED(wait_status))
		snprintf(text, size, "the worker died: %s", strsignal(WTERMSIG(wait_status)));
	else
		snprintf(text, size, "the worker gave up (out of memory?), status %d",
			 WEXITSTATUS(wait_status));
}

/* A worker's pipe ended, so it did. */
static enum status dismiss(struct running *running, size_t i, struct error *err)
{
	struct worker *worker = &running->workers[i];
	char text[128];
	int wait_status = 0;
	size_t task = atomic_load(&running->office->desks[i].task);
	(void)close(worker->results);
	while (waitpid(worker->process, &wait_status, 0) < 0 && errno == EINTR)
		;
	worker->process = 0;
	bool exited = WIFEXITED(wait_status);
	if (exited && WEXITSTATUS(wait_status) == EXIT_NOT_CONFINED)
		return error_set(err, STATUS_DENIED, ERROR_NO_OFF, "cannot confine a worker");
	if (exited && WEXITSTATUS(wait_status) == EXIT_SUCCESS)
		return STATUS_OK;
	if (task != 0) {
		describe_end(worker, wait_status, text, sizeof(text));
		finish_task(running, task - 1, (struct slice){ 0 }, text);
	}
	const struct desk *desk = &running->office->desks[i];
	if (atomic_load(&desk->next) != atomic_load(&desk->end) ||
	    atomic_load(&running->office->next) < lot_count(running->crew))
		return hire(running, i, err);
	return STATUS_OK;
}

static enum status receive(struct running *running, size_t i, struct error *err)
{
	struct worker *worker = &running->workers[i];
	static char block[READ_BYTES];
	ssize_t got = read(worker->results, block, sizeof(block));
	if (got < 0 && errno == EINTR)
		return STATUS_OK;
	if (got <= 0)
		return dismiss(running, i, err);
	buffer_append(&worker->pending, block, (size_t)got);
	if (!take_results(running, worker))
		(void)kill(worker->process, SIGKILL);
	return STATUS_OK;
}

static void end_overdue(struct running *running)
{
	long long limit_ns = running->crew->task_seconds * 1000000000LL * CREW_PATIENCE;
	for (size_t i = 0; i < running->crew->worker_count; i++) {
		struct worker *worker = &running->workers[i];
		struct desk *desk = &running->office->desks[i];
		if (worker->process != 0 && atomic_load(&desk->task) != 0 &&
		    (long long)clock_now_ns() - atomic_load(&desk->started_ns) > limit_ns) {
			worker->overdue = true;
			(void)kill(worker->process, SIGKILL);
		}
	}
}

static enum status supervise(struct running *running, struct error *err)
{
	struct pollfd polled[CREW_MAX_WORKERS];
	size_t owner[CREW_MAX_WORKERS];
	for (;;) {
		nfds_t count = 0;
		for (size_t i = 0; i < running->crew->worker_count; i++)
			if (running->workers[i].process != 0) {
				owner[count] = i;
				polled[count++] =
				    (struct pollfd){ .fd = running->workers[i].results,
						     .events = POLLIN };
			}
		if (count == 0)
			break;
		if (poll(polled, count, TICK_MS) < 0 && errno != EINTR)
			return error_set(err, STATUS_IO, ERROR_NO_OFF, "poll: %s", strerror(errno));
		for (nfds_t k = 0; k < count; k++) {
			enum status status =
			    polled[k].revents == 0 ? STATUS_OK : receive(running, owner[k], err);
			if (status != STATUS_OK)
				return status;
		}
		end_overdue(running);
		if (running->crew->tick != NULL && !running->crew->tick(running->crew->context))
			return error_set(err, STATUS_BUSY, ERROR_NO_OFF, "interrupted");
	}
	/* a task whose worker died between taking it and saying so */
	for (size_t task = 0; task < running->crew->task_count; task++)
		finish_task(running, task, (struct slice){ 0 }, "the worker died");
	return STATUS_OK;
}

/* Ends the workers that are left. */
static void close_down(struct running *running)
{
	for (size_t i = 0; i < running->crew->worker_count; i++) {
		if (running->workers[i].process != 0) {
			(void)kill(running->workers[i].process, SIGKILL);
			(void)waitpid(running->workers[i].process, NULL, 0);
			(void)close(running->workers[i].results);
		}
		buffer_finish(&running->workers[i].pending);
	}
}

static enum status employ(struct running *running, struct error *err)
{
	const struct crew *crew = running->crew;
	enum status status = STATUS_OK;
	for (size_t i = 0; i < crew->worker_count && i < lot_count(crew) && status == STATUS_OK;
	     i++)
		status = hire(running, i, err);
	if (status == STATUS_OK)
		status = supervise(running, err);
	close_down(running);
	return status;
}

enum status crew_run(const struct crew *crew, struct error *err)
{
	if (crew->task_count == 0)
		return STATUS_OK;
	struct running *running = calloc(1, sizeof(*running));
	struct office *office =
	    mmap(NULL, sizeof(*office), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool *is_done = calloc(crew->task_count, sizeof(*is_done));
	enum status status;
	if (running != NULL && office != MAP_FAILED && is_done != NULL) {
		*running = (struct running){ crew, office, { { 0 } }, crew->task_count, is_done };
		status = employ(running, err);
	} else {
		status = error_set(err, STATUS_IO, ERROR_NO_OFF, "out of memory");
	}
	if (office != MAP_FAILED)
		(void)munmap(office, sizeof(*office));
	free(running);
	free(is_done);
	return status;
}
