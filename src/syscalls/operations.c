/*
 * Names of the operations of vectored calls. The arrays are made from data/syscalls/operations.in
 * when sysgap is built.
 *
 * sources  ioctl requests: Linux v6.1 include/uapi/asm-generic/ioctl.h; quotactl(2); clone(2):
 *          the signal is in the low byte; strace(1) for how they are written
 */
#include "syscalls/operations.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "syscalls/table.h"

struct operation {
	const char *name;
	uint32_t value;
	uint8_t archs; /* bits of enum arch */
	bool hidden;   /* another name of the one that is shown */
};

struct set {
	const char *name;
	const struct operation *operations; /* by value */
	const short *by_name;               /* their indices */
	size_t count;
};

#include "syscalls/operations.inc"

/* How an argument is written. */
struct part {
	enum set_name names;
	enum set_name flags; /* SET_NONE: none beside the name */
	uint32_t mask;       /* with flags: bits that the name is in */
	bool flags_first;
};

struct vectored {
	const char *call;
	struct part one; /* of two arguments the first */
	struct part two; /* of the second; zeroed: one argument selects */
};

static const struct vectored vectored_calls[] = {
	{ "arch_prctl", { .names = SET_ARCH_PRCTL }, { 0 } },
	{ "bpf", { .names = SET_BPF }, { 0 } },
	{ "clock_gettime", { .names = SET_CLOCK_GETTIME }, { 0 } },
	{ "clone", { SET_SIGNAL, SET_CLONE_FLAGS, 0xff, true }, { 0 } },
	{ "epoll_ctl", { .names = SET_EPOLL_CTL }, { 0 } },
	{ "fadvise64", { .names = SET_FADVISE64 }, { 0 } },
	{ "fcntl", { .names = SET_FCNTL }, { 0 } },
	{ "flock", { .flags = SET_FLOCK_FLAGS }, { 0 } },
	{ "futex", { SET_FUTEX, SET_FUTEX_FLAGS, 0xff, false }, { 0 } },
	{ "getsockopt", { .names = SET_LEVEL }, { 0 } },
	{ "ioctl", { .names = SET_IOCTL }, { 0 } },
	{ "keyctl", { .names = SET_KEYCTL }, { 0 } },
	{ "lseek", { .names = SET_LSEEK }, { 0 } },
	{ "madvise", { .names = SET_MADVISE }, { 0 } },
	{ "membarrier", { .names = SET_MEMBARRIER }, { 0 } },
	{ "mmap",
	  { SET_PROTECTION, SET_PROTECTION_FLAGS, 0, false },
	  { SET_MAPPING, SET_MAPPING_FLAGS, 0xf, false } },
	{ "mremap", { .flags = SET_MREMAP_FLAGS }, { 0 } },
	{ "msgctl", { SET_MSGCTL, SET_IPC_FLAGS, 0xff, true }, { 0 } },
	{ "prctl", { .names = SET_PRCTL }, { 0 } },
	{ "prlimit64", { .names = SET_PRLIMIT64 }, { 0 } },
	{ "ptrace", { .names = SET_PTRACE }, { 0 } },
	{ "quotactl", { .names = SET_QUOTACTL }, { 0 } },
	{ "rt_sigprocmask", { .names = SET_RT_SIGPROCMASK }, { 0 } },
	{ "seccomp", { .names = SET_SECCOMP }, { 0 } },
	{ "semctl", { SET_SEMCTL, SET_IPC_FLAGS, 0xff, true }, { 0 } },
	{ "setsockopt", { .names = SET_LEVEL }, { 0 } },
	{ "shmctl", { SET_SHMCTL, SET_IPC_FLAGS, 0xff, true }, { 0 } },
	{ "socket", { .names = SET_SOCKET }, { .names = SET_SOCKET_TYPE } },
	{ "socketpair", { .names = SET_SOCKET }, { .names = SET_SOCKET_TYPE } },
};

enum {
	IOCTL_DIRECTION_SHIFT = 30,
	IOCTL_SIZE_SHIFT = 16,
	IOCTL_SIZE_MASK = 0x3fff,
	IOCTL_KIND_SHIFT = 8,
	QUOTA_COMMAND_SHIFT = 8,
	BYTE_MASK = 0xff,
};

static const char *const directions[] = { "_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
					  "_IOC_READ|_IOC_WRITE" };

static const struct vectored *find_call(enum arch arch, uint32_t number)
{
	const struct syscall *call = syscall_by_number(arch, number);
	for (size_t i = 0; call != NULL && i < sizeof(vectored_calls) / sizeof(vectored_calls[0]);
	     i++)
		if (strcmp(vectored_calls[i].call, call->name) == 0)
			return &vectored_calls[i];
	return NULL;
}

static bool is_options(const struct vectored *call)
{
	return call->one.names == SET_LEVEL;
}

/* The sets of socket options are called as their level. */
static struct part options_of(enum arch arch, uint32_t level)
{
	const struct set *levels = &sets[SET_LEVEL];
	for (size_t i = 0; i < levels->count; i++)
		for (size_t name = 1; name < SET_COUNT; name++)
			if (levels->operations[i].value == level &&
			    (levels->operations[i].archs >> arch & 1) != 0 &&
			    strcmp(sets[name].name, levels->operations[i].name) == 0)
				return (struct part){ .names = (enum set_name)name };
	return (struct part){ 0 };
}

/* ---- numbers -> names ---- */

/* The first of a value, or of the next larger one. */
static size_t find_value(const struct set *set, uint32_t value)
{
	size_t low = 0;
	for (size_t count = set->count; count > 0;) {
		size_t half = count / 2;
		bool below = set->operations[low + half].value < value;
		low += below ? half + 1 : 0;
		count = below ? count - half - 1 : half;
	}
	return low;
}

/* All shown names of a value, joined by "or"; when none is to be shown, one that is not. */
static bool append_names(struct buffer *out, enum set_name name, enum arch arch, uint32_t value)
{
	const struct set *set = &sets[name];
	size_t first = find_value(set, value);
	for (int hidden = 0; hidden <= 1; hidden++) {
		size_t count = 0;
		for (size_t i = first; i < set->count && set->operations[i].value == value; i++) {
			const struct operation *operation = &set->operations[i];
			if ((operation->archs >> arch & 1) == 0 || operation->hidden != hidden)
				continue;
			buffer_printf(out, "%s%s", count == 0 ? "" : " or ", operation->name);
			if (++count > 0 && hidden != 0)
				break;
		}
		if (count > 0)
			return true;
	}
	return false;
}

/* Names of the bits that have one; returns those that have none. */
static uint32_t append_flags(struct buffer *out, enum set_name name, enum arch arch, uint32_t bits)
{
	const struct set *set = &sets[name];
	for (size_t i = 0; i < set->count; i++) {
		const struct operation *flag = &set->operations[i];
		if ((flag->archs >> arch & 1) == 0 || flag->hidden || (bits & flag->value) == 0)
			continue;
		buffer_printf(out, "%s%s", out->size_bytes == 0 ? "" : "|", flag->name);
		bits &= ~flag->value;
	}
	return bits;
}

static void append_flagged(struct buffer *out, const struct part *part, enum arch arch,
			   uint32_t value)
{
	struct buffer name = { 0 }, flags = { 0 };
	uint32_t rest = append_flags(&flags, part->flags, arch, value & ~part->mask);
	uint32_t low = value & part->mask;
	if (part->mask != 0 && !append_names(&name, part->names, arch, low))
		rest |= low;
	if (rest != 0 || (name.size_bytes == 0 && flags.size_bytes == 0))
		buffer_printf(&flags, "%s%#" PRIx32, flags.size_bytes == 0 ? "" : "|", rest);
	struct slice first = buffer_slice(part->flags_first ? &flags : &name);
	struct slice last = buffer_slice(part->flags_first ? &name : &flags);
	buffer_append(out, first.bytes, first.size_bytes);
	buffer_append_string(out, first.size_bytes > 0 && last.size_bytes > 0 ? "|" : "");
	buffer_append(out, last.bytes, last.size_bytes);
	buffer_finish(&name);
	buffer_finish(&flags);
}

static void append_part(struct buffer *out, const struct part *part, enum arch arch, uint32_t value)
{
	if (part->names != SET_NONE && append_names(out, part->names, arch, value))
		return;
	if (part->flags != SET_NONE)
		append_flagged(out, part, arch, value);
	else if (part->names == SET_IOCTL)
		buffer_printf(out, "_IOC(%s, %#x, %#x, %#x)",
			      directions[value >> IOCTL_DIRECTION_SHIFT],
			      value >> IOCTL_KIND_SHIFT & BYTE_MASK, value & BYTE_MASK,
			      value >> IOCTL_SIZE_SHIFT & IOCTL_SIZE_MASK);
	else
		buffer_printf(out, "%#" PRIx32, value);
}

static void append_quota(struct buffer *out, enum arch arch, uint32_t value)
{
	static const struct part command = { .names = SET_QUOTACTL };
	static const struct part kind = { .names = SET_QUOTA_TYPE };
	buffer_append_string(out, "QCMD(");
	append_part(out, &command, arch, value >> QUOTA_COMMAND_SHIFT);
	buffer_append_string(out, ", ");
	append_part(out, &kind, arch, value & BYTE_MASK);
	buffer_append_string(out, ")");
}

const char *operation_name(enum arch arch, uint32_t number, enum operation_form form,
			   uint64_t value, struct arena *arena)
{
	const struct vectored *call = find_call(arch, number);
	struct part two = { 0 };
	if (call != NULL && form == OPERATION_OBSERVED)
		two = is_options(call) ? options_of(arch, (uint32_t)(value >> 32)) : call->two;
	bool paired = call != NULL && form == OPERATION_OBSERVED &&
		      (is_options(call) || two.names != SET_NONE);
	if (call == NULL || (!paired && value > UINT32_MAX))
		return arena_printf(arena, "%#" PRIx64, value);
	struct buffer out = { 0 };
	if (call->one.names == SET_QUOTACTL) {
		append_quota(&out, arch, (uint32_t)value);
	} else {
		append_part(&out, &call->one, arch, (uint32_t)(paired ? value >> 32 : value));
		if (paired) {
			buffer_append_string(&out, ":");
			append_part(&out, &two, arch, (uint32_t)value);
		}
	}
	const char *name = arena_slice(arena, buffer_slice(&out));
	buffer_finish(&out);
	return name;
}

/* ---- names -> numbers ---- */

static bool find_name(enum set_name set_name, enum arch arch, struct slice name,
		      uint32_t *out_value)
{
	const struct set *set = &sets[set_name];
	size_t low = 0;
	for (size_t count = set->count; count > 0;) {
		size_t half = count / 2;
		const char *other = set->operations[set->by_name[low + half]].name;
		bool below = slice_compare_string(name, other) > 0;
		low += below ? half + 1 : 0;
		count = below ? count - half - 1 : half;
	}
	for (; low < set->count; low++) { /* one per value that it has on some architecture */
		const struct operation *operation = &set->operations[set->by_name[low]];
		if (!slice_equals_string(name, operation->name))
			break;
		if ((operation->archs >> arch & 1) == 0)
			continue;
		*out_value = operation->value;
		return true;
	}
	return false;
}

static bool parse_number(struct slice text, uint64_t *out_value)
{
	bool hexadecimal = text.size_bytes > 2 && text.bytes[0] == '0' && text.bytes[1] == 'x';
	if (hexadecimal)
		text = (struct slice){ text.bytes + 2, text.size_bytes - 2 };
	return slice_parse_uint(text, hexadecimal ? 16 : 10, out_value);
}

/* Cuts what stands before the mark off *rest; false: it has none, and is left as it is. */
static bool cut_before(struct slice *rest, const char *mark, struct slice *out_before)
{
	size_t mark_bytes = strlen(mark);
	const uint8_t *at =
	    rest->size_bytes == 0 ? NULL : memmem(rest->bytes, rest->size_bytes, mark, mark_bytes);
	if (at == NULL)
		return false;
	*out_before = (struct slice){ rest->bytes, (size_t)(at - rest->bytes) };
	size_t cut_bytes = out_before->size_bytes + mark_bytes;
	*rest = (struct slice){ rest->bytes + cut_bytes, rest->size_bytes - cut_bytes };
	return true;
}

/* "HEAD(a, b, c)": the rest of it, "a, b, c"; false: something else. */
static bool cut_brackets(struct slice text, const char *head, struct slice *out_inside)
{
	size_t head_bytes = strlen(head);
	if (text.size_bytes <= head_bytes || memcmp(text.bytes, head, head_bytes) != 0 ||
	    text.bytes[text.size_bytes - 1] != ')')
		return false;
	*out_inside = (struct slice){ text.bytes + head_bytes, text.size_bytes - head_bytes - 1 };
	return true;
}

static bool parse_request(struct slice rest, uint32_t *out_value)
{
	struct slice words[3];
	uint64_t numbers[3];
	for (size_t i = 0; i < 3; i++)
		if (!cut_before(&rest, ", ", &words[i]))
			return false;
	if (!parse_number(words[1], &numbers[0]) || !parse_number(words[2], &numbers[1]) ||
	    !parse_number(rest, &numbers[2]) || numbers[0] > BYTE_MASK || numbers[1] > BYTE_MASK ||
	    numbers[2] > IOCTL_SIZE_MASK)
		return false;
	for (uint32_t direction = 0; direction < 4; direction++)
		if (slice_equals_string(words[0], directions[direction])) {
			*out_value = direction << IOCTL_DIRECTION_SHIFT |
				     (uint32_t)numbers[2] << IOCTL_SIZE_SHIFT |
				     (uint32_t)numbers[0] << IOCTL_KIND_SHIFT |
				     (uint32_t)numbers[1];
			return true;
		}
	return false;
}

/* A name, or several joined by "|" or "or", or a number. */
static bool parse_part(const struct part *part, enum arch arch, struct slice text,
		       uint32_t *out_value)
{
	struct slice word, inside, rest = text;
	uint32_t value = 0;
	if (part->names == SET_IOCTL && cut_brackets(text, "_IOC(", &inside))
		return parse_request(inside, out_value);
	if (cut_before(&rest, " or ", &word))
		rest = word;
	for (bool more = true; more;) {
		uint64_t number;
		uint32_t bits;
		more = cut_before(&rest, "|", &word);
		if (!more)
			word = rest;
		if (parse_number(word, &number) && number <= UINT32_MAX)
			bits = (uint32_t)number;
		else if (!find_name(part->names, arch, word, &bits) &&
			 !find_name(part->flags, arch, word, &bits))
			return false;
		value |= bits;
	}
	*out_value = value;
	return true;
}

static bool parse_quota(enum arch arch, struct slice rest, uint32_t *out_value)
{
	static const struct part command = { .names = SET_QUOTACTL };
	static const struct part kind = { .names = SET_QUOTA_TYPE };
	struct slice first;
	uint32_t high, low;
	if (!cut_before(&rest, ", ", &first) || !parse_part(&command, arch, first, &high) ||
	    !parse_part(&kind, arch, rest, &low))
		return false;
	*out_value = high << QUOTA_COMMAND_SHIFT | low;
	return true;
}

static bool parse_pair(const struct vectored *call, enum arch arch, struct slice first,
		       struct slice second, uint64_t *out_value)
{
	uint32_t high, low;
	if (!parse_part(&call->one, arch, first, &high))
		return false;
	struct part two = is_options(call) ? options_of(arch, high) : call->two;
	if (!parse_part(&two, arch, second, &low))
		return false;
	*out_value = (uint64_t)high << 32 | low;
	return true;
}

bool operation_value_of(enum arch arch, uint32_t number, enum operation_form form,
			struct slice name, uint64_t *out_value)
{
	const struct vectored *call = find_call(arch, number);
	struct slice first, inside, second = name;
	uint32_t value;
	if (parse_number(name, out_value))
		return true;
	if (call == NULL)
		return false;
	if (form == OPERATION_OBSERVED && cut_before(&second, ":", &first))
		return parse_pair(call, arch, first, second, out_value);
	if (call->one.names == SET_QUOTACTL && cut_brackets(name, "QCMD(", &inside)) {
		if (!parse_quota(arch, inside, &value))
			return false;
	} else if (!parse_part(&call->one, arch, name, &value)) {
		return false;
	}
	*out_value = value;
	return true;
}

/* ---- all of them ---- */

size_t operation_count(void)
{
	size_t count = 0;
	for (size_t i = 0; i < SET_COUNT; i++)
		count += sets[i].count;
	return count;
}

const char *operation_at(size_t index, const char **out_set)
{
	size_t set = 0;
	for (; index >= sets[set].count; set++)
		index -= sets[set].count;
	*out_set = sets[set].name;
	return sets[set].operations[index].name;
}
