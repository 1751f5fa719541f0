/*
 * Rules -> a seccomp program in classic BPF.
 *
 *   other architecture          allow (such calls are never filtered)
 *   the launcher's own calls    allow
 *   binary search by number     one leaf per number with rules, so that 300 rules cost 9 jumps
 *   leaf                        rules for one operation, then the rule for the whole call
 *
 * Conditional jumps of classic BPF reach 255 steps; the search uses them only over the one
 * unconditional jump that follows, which reaches everywhere. Source: seccomp(2), Linux v6.1
 * Documentation/networking/filter.rst.
 */
#include "explore/filter.h"

#include <assert.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "explore/interest.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#endif

enum {
	STEPS_PER_RULE = 16, /* at most, with its share of the search */
	BIRTH_COUNT = 2,
	STEPS_BASE = 32 + BIRTH_COUNT * STEPS_PER_RULE,
};

static_assert(FILTER_MAX_RULES * STEPS_PER_RULE + STEPS_BASE <= BPF_MAXINSNS,
	      "the largest filter fits");

struct assembly {
	struct filter filter;
	size_t capacity;
	enum filter_mode mode;
};

static size_t emit(struct assembly *assembly, uint16_t code, uint32_t operand, uint8_t jump_true,
		   uint8_t jump_false)
{
	size_t at = assembly->filter.step_count++;
	assembly->filter.steps[at] = (struct sock_filter){ code, jump_true, jump_false, operand };
	return at;
}

static void emit_load(struct assembly *assembly, size_t off)
{
	(void)emit(assembly, BPF_LD | BPF_W | BPF_ABS, (uint32_t)off, 0, 0);
}

static void emit_return(struct assembly *assembly, uint32_t value)
{
	(void)emit(assembly, BPF_RET | BPF_K, value, 0, 0);
}

/* The lower half of an argument comes first on the little-endian machines we run on. */
static size_t argument_off(unsigned index)
{
	return offsetof(struct seccomp_data, args) + index * sizeof(uint64_t);
}

static void emit_no_rule(struct assembly *assembly)
{
	emit_return(assembly, assembly->mode == FILTER_WATCH ? (SECCOMP_RET_TRACE | FILTER_NO_RULE)
							     : SECCOMP_RET_ALLOW);
}

static void emit_answer(struct assembly *assembly, uint16_t answer)
{
	uint32_t action = assembly->mode == FILTER_ANSWER ? SECCOMP_RET_ERRNO : SECCOMP_RET_TRACE;
	emit_return(assembly, action | answer);
}

/* Tests whether the selecting arguments are those of the rule; falls through when not. */
static void emit_operation(struct assembly *assembly, const struct filter_rule *rule)
{
	struct observer_interest interest = interest_of(rule->number);
	emit_load(assembly, argument_off(interest.operation - 1U));
	(void)emit(assembly, BPF_ALU | BPF_AND | BPF_K, interest.operation_mask, 0, 0);
	(void)emit(assembly, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->value, 0,
		   interest.second != 0 ? 3 : 1);
	if (interest.second != 0) {
		emit_load(assembly, argument_off(interest.second - 1U));
		(void)emit(assembly, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(rule->value >> 32), 0,
			   1);
	}
	emit_answer(assembly, rule->answer);
}

/* The rules of one number; the number has been found equal. */
static void emit_leaf(struct assembly *assembly, const struct filter_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!rules[i].one_operation) {
			emit_answer(assembly, rules[i].answer);
			return;
		}
		emit_operation(assembly, &rules[i]);
	}
	emit_no_rule(assembly);
}

static size_t same_number(const struct filter_rule *rules, size_t count)
{
	size_t same = 1;
	while (same < count && rules[same].number == rules[0].number)
		same++;
	return same;
}

/* The start of the number that lies nearest to the middle, but after the first number. */
static size_t middle_of(const struct filter_rule *rules, size_t count)
{
	size_t first = same_number(rules, count);
	size_t middle = count / 2 > first ? count / 2 : first;
	while (middle < count && middle > first && rules[middle].number == rules[middle - 1].number)
		middle--;
	return middle;
}

static void emit_search(struct assembly *assembly, const struct filter_rule *rules, size_t count)
{
	if (count == 0) {
		emit_no_rule(assembly);
		return;
	}
	if (same_number(rules, count) == count) {
		(void)emit(assembly, BPF_JMP | BPF_JEQ | BPF_K, rules[0].number, 1, 0);
		emit_no_rule(assembly);
		emit_leaf(assembly, rules, count);
		return;
	}
	size_t middle = middle_of(rules, count);
	(void)emit(assembly, BPF_JMP | BPF_JGE | BPF_K, rules[middle].number, 0, 1);
	size_t jump = emit(assembly, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_search(assembly, rules, middle);
	assembly->filter.steps[jump].k = (uint32_t)(assembly->filter.step_count - jump - 1);
	emit_search(assembly, rules + middle, count - middle);
}

/* Our own execve and exit_group, see FILTER_LAUNCH_ADDRESS. Leaves the number loaded. */
static void emit_launch(struct assembly *assembly)
{
	size_t low = argument_off(0);
	size_t high = low + sizeof(uint32_t);
	emit_load(assembly, offsetof(struct seccomp_data, nr));
	(void)emit(assembly, BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 5);
	emit_load(assembly, low);
	(void)emit(assembly, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)FILTER_LAUNCH_ADDRESS, 0, 3);
	emit_load(assembly, high);
	(void)emit(assembly, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(FILTER_LAUNCH_ADDRESS >> 32), 0,
		   1);
	emit_return(assembly, SECCOMP_RET_ALLOW);
	emit_load(assembly, offsetof(struct seccomp_data, nr));
	(void)emit(assembly, BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 4);
	emit_load(assembly, low);
	(void)emit(assembly, BPF_ALU | BPF_AND | BPF_K, ~UINT32_C(0xff), 0, 0);
	(void)emit(assembly, BPF_JMP | BPF_JEQ | BPF_K, FILTER_LAUNCH_STATUS, 0, 1);
	emit_return(assembly, SECCOMP_RET_ALLOW);
	emit_load(assembly, offsetof(struct seccomp_data, nr));
}

/* By number; operations before the whole call. */
static int compare_rules(const void *left, const void *right)
{
	const struct filter_rule *a = left;
	const struct filter_rule *b = right;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->one_operation != b->one_operation)
		return a->one_operation ? -1 : 1;
	return (a->value > b->value) - (a->value < b->value);
}

/* Births are to stop, too: see tracer.c. A rule for the whole call goes before. */
static size_t add_births(struct filter_rule *rules, size_t count)
{
	static const uint32_t births[BIRTH_COUNT] = { SYS_clone, SYS_clone3 };
	size_t given = count;
	for (size_t i = 0; i < BIRTH_COUNT; i++) {
		bool ruled = false;
		for (size_t rule = 0; rule < given; rule++)
			ruled |= rules[rule].number == births[i] && !rules[rule].one_operation;
		if (!ruled)
			rules[count++] =
			    (struct filter_rule){ .number = births[i], .answer = FILTER_NO_RULE };
	}
	return count;
}

enum status filter_build(const struct filter_rule *rules, size_t rule_count, enum filter_mode mode,
			 struct arena *arena, struct filter *out_filter, struct error *err)
{
	if (rule_count > FILTER_MAX_RULES)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "%zu rules in one filter",
				 rule_count);
	struct filter_rule *sorted = arena_alloc(arena, rule_count + BIRTH_COUNT, sizeof(*sorted));
	if (rule_count > 0)
		memcpy(sorted, rules, rule_count * sizeof(*sorted));
	if (mode == FILTER_STOP)
		rule_count = add_births(sorted, rule_count);
	qsort(sorted, rule_count, sizeof(*sorted), compare_rules);
	struct assembly assembly = { .mode = mode };
	assembly.capacity = rule_count * STEPS_PER_RULE + STEPS_BASE;
	assembly.filter.steps =
	    arena_alloc(arena, assembly.capacity, sizeof(*assembly.filter.steps));
	emit_load(&assembly, offsetof(struct seccomp_data, arch));
	(void)emit(&assembly, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	emit_no_rule(&assembly);
	emit_launch(&assembly);
	emit_search(&assembly, sorted, rule_count);
	*out_filter = assembly.filter;
	return STATUS_OK;
}

int filter_install(const struct filter *filter)
{
	struct sock_fprog program = { (unsigned short)filter->step_count, filter->steps };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
