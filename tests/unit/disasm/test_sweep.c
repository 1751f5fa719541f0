#include "../check.h"
#include "disasm/sweep.h"

#include <stdlib.h>
#include <string.h>

enum { EVENT_LIMIT = 64, VA = 0x1000 };

/* Sweeps a copy that ends where its allocation ends, so that ASan sees reads past the code. */
static size_t sweep_bytes(const uint8_t *bytes, size_t size_bytes, struct sweep_event *out_events)
{
	uint8_t *copy = malloc(size_bytes);
	assert_non_null(copy);
	memcpy(copy, bytes, size_bytes);
	struct sweep sweep;
	assert_true(sweep_init(&sweep, ARCH_X86_64, (struct slice){ copy, size_bytes }, VA));
	size_t count = sweep_next(&sweep, out_events, EVENT_LIMIT);
	assert_int_equal(sweep_next(&sweep, out_events + count, EVENT_LIMIT - count), 0);
	free(copy);
	return count;
}

static void assert_event(const struct sweep_event *event, uint64_t va, enum sweep_kind kind,
			 uint64_t value)
{
	assert_int_equal(event->va, va);
	assert_int_equal(event->kind, kind);
	assert_int_equal(event->value, value);
}

static void finds_every_kind_of_control_transfer(void **state)
{
	(void)state;
	static const uint8_t code[] = {
		0xe8, 0x10, 0x00, 0x00, 0x00,          /* 1000 call 1015 */
		0xeb, 0xfe,                            /* 1005 jmp 1005 */
		0x74, 0x02,                            /* 1007 je 100b */
		0x0f, 0x8f, 0xf0, 0xff, 0xff, 0xff,    /* 1009 jg fff */
		0xff, 0xd0,                            /* 100f call rax */
		0x41, 0xff, 0xe3,                      /* 1011 jmp r11 */
		0xff, 0x15, 0x00, 0x01, 0x00, 0x00,    /* 1014 call [rip + 100] */
		0xff, 0x24, 0xc5, 0,    0x20, 0,    0, /* 101a jmp [2000 + rax * 8] */
		0xff, 0x53, 0x08,                      /* 1021 call [rbx + 8] */
		0xc3,                                  /* 1024 ret */
	};
	struct sweep_event events[EVENT_LIMIT];
	assert_int_equal(sweep_bytes(code, sizeof(code), events), 10);
	assert_event(&events[0], 0x1000, SWEEP_CALL, 0x1015);
	assert_event(&events[1], 0x1005, SWEEP_JUMP, 0x1005);
	assert_event(&events[2], 0x1007, SWEEP_BRANCH, 0x100b);
	assert_event(&events[3], 0x1009, SWEEP_BRANCH, 0xfff);
	assert_event(&events[4], 0x100f, SWEEP_CALL_REGISTER, 0);
	assert_int_equal(events[4].reg, 0);
	assert_event(&events[5], 0x1011, SWEEP_JUMP_REGISTER, 0);
	assert_int_equal(events[5].reg, 11);
	assert_event(&events[6], 0x1014, SWEEP_CALL_SLOT, 0x111a);
	assert_event(&events[7], 0x101a, SWEEP_JUMP_MEMORY, 0);
	assert_event(&events[8], 0x1021, SWEEP_CALL_MEMORY, 0);
	assert_event(&events[9], 0x1024, SWEEP_RETURN, 0);
}

static void finds_every_way_into_the_kernel(void **state)
{
	(void)state;
	static const uint8_t code[] = {
		0x0f, 0x05,       /* 1000 syscall */
		0x0f, 0x34,       /* 1002 sysenter */
		0xcd, 0x80,       /* 1004 int 0x80 */
		0xcd, 0x81,       /* 1006 int 0x81: none */
		0x48, 0x0f, 0x05, /* 1008 rex syscall */
	};
	struct sweep_event events[EVENT_LIMIT];
	assert_int_equal(sweep_bytes(code, sizeof(code), events), 4);
	assert_event(&events[0], 0x1000, SWEEP_SYSCALL, 0);
	assert_event(&events[1], 0x1002, SWEEP_SYSENTER, 0);
	assert_event(&events[2], 0x1004, SWEEP_INT80, 0);
	assert_event(&events[3], 0x1008, SWEEP_SYSCALL, 0);
}

static void finds_no_syscall_inside_an_immediate(void **state)
{
	(void)state;
	static const uint8_t code[] = { 0xb8, 0x0f, 0x05, 0x00, 0x00, 0xc3 };
	struct sweep_event events[EVENT_LIMIT];
	assert_int_equal(sweep_bytes(code, sizeof(code), events), 2);
	assert_event(&events[0], 0x1000, SWEEP_IMMEDIATE, 0x50f);
	assert_event(&events[1], 0x1005, SWEEP_RETURN, 0);
}

static void gives_immediates_as_the_register_holds_them(void **state)
{
	(void)state;
	static const uint8_t code[] = {
		0xb8, 0xff, 0xff, 0xff, 0xff,                               /* mov eax, ffffffff */
		0x49, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff,                   /* mov r8, -1 */
		0x49, 0xbf, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* mov r15, … */
		0x45, 0x31, 0xd2,                                           /* xor r10d, r10d */
		0x45, 0x31, 0xd1, /* xor r9d, r10d: none */
	};
	struct sweep_event events[EVENT_LIMIT];
	assert_int_equal(sweep_bytes(code, sizeof(code), events), 4);
	assert_event(&events[0], 0x1000, SWEEP_IMMEDIATE, 0xffffffff);
	assert_event(&events[1], 0x1005, SWEEP_IMMEDIATE, UINT64_MAX);
	assert_event(&events[2], 0x100c, SWEEP_IMMEDIATE, UINT64_C(0x0102030405060708));
	assert_int_equal(events[2].reg, 15);
	assert_event(&events[3], 0x1016, SWEEP_IMMEDIATE, 0);
	assert_int_equal(events[3].reg, 10);
}

static void resolves_addresses_of_data(void **state)
{
	(void)state;
	static const uint8_t code[] = {
		0x48, 0x8d, 0x3d, 0x10, 0,    0,    0,          /* 1000 lea rdi, [rip + 10] */
		0x8b, 0x05, 0x10, 0,    0,    0,                /* 1007 mov eax, [rip + 10] */
		0xc6, 0x05, 0x10, 0,    0,    0,    0x01,       /* 100d mov byte [rip + 10], 1 */
		0x0f, 0x10, 0x05, 0x10, 0,    0,    0,          /* 1014 movups xmm0, [rip + 10] */
		0x48, 0x8b, 0x04, 0x25, 0x10, 0,    0,    0,    /* 101b mov rax, [10] */
		0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0,    0, 0, /* 1023 mov rax, fs:[28]: none */
	};
	struct sweep_event events[EVENT_LIMIT];
	assert_int_equal(sweep_bytes(code, sizeof(code), events), 5);
	assert_event(&events[0], 0x1000, SWEEP_ADDRESS, 0x1017);
	assert_int_equal(events[0].reg, 7);
	assert_event(&events[1], 0x1007, SWEEP_LOAD, 0x101d);
	assert_int_equal(events[1].width_bytes, 4);
	assert_event(&events[2], 0x100d, SWEEP_STORE, 0x1024);
	assert_int_equal(events[2].width_bytes, 1);
	assert_event(&events[3], 0x1014, SWEEP_LOAD, 0x102b);
	assert_int_equal(events[3].width_bytes, 16);
	assert_event(&events[4], 0x101b, SWEEP_LOAD, 0x10);
}

static void goes_on_behind_bad_bytes(void **state)
{
	(void)state;
	static const uint8_t code[] = { 0x06, 0xc3, 0xe8, 0x00 };
	struct sweep_event events[EVENT_LIMIT];
	assert_int_equal(sweep_bytes(code, sizeof(code), events), 4);
	assert_event(&events[0], 0x1000, SWEEP_BAD, 0);
	assert_event(&events[1], 0x1001, SWEEP_RETURN, 0);
	assert_event(&events[2], 0x1002, SWEEP_BAD, 0); /* cut short */
	assert_event(&events[3], 0x1003, SWEEP_BAD, 0);
}

/* As between the functions of Haskell programs: a table's last bytes look like a VEX prefix. */
static void finds_code_behind_data_that_looks_like_prefixes(void **state)
{
	(void)state;
	static const uint8_t code[] = {
		0xc5, 0xf8,                   /* 1000 no VEX instruction has opcode e9 */
		0xe9, 0x10, 0x00, 0x00, 0x00, /* 1002 jmp 1017 */
		0x8e, 0xf5,                   /* 1007 there is no such segment register */
		0x0f, 0x05,                   /* 1009 syscall */
		0xf0, 0x0f, 0x05,             /* 100b lock stands before memory only */
	};
	struct sweep_event events[EVENT_LIMIT];
	size_t count = sweep_bytes(code, sizeof(code), events);
	size_t found = 0;
	for (size_t i = 0; i < count; i++) {
		if (events[i].kind == SWEEP_BAD)
			continue;
		static const uint64_t addresses[] = { 0x1002, 0x1009, 0x100c };
		assert_true(found < 3);
		assert_int_equal(events[i].va, addresses[found]);
		assert_int_equal(events[i].kind, found == 0 ? SWEEP_JUMP : SWEEP_SYSCALL);
		found++;
	}
	assert_int_equal(found, 3);
}

static void continues_where_the_room_for_events_ended(void **state)
{
	(void)state;
	uint8_t code[40];
	memset(code, 0xc3, sizeof(code));
	struct sweep sweep;
	struct sweep_event events[7];
	size_t total = 0;
	size_t count;
	assert_true(sweep_init(&sweep, ARCH_X86_64, (struct slice){ code, sizeof(code) }, VA));
	while ((count = sweep_next(&sweep, events, 7)) != 0)
		for (size_t i = 0; i < count; i++)
			assert_int_equal(events[i].va, VA + total++);
	assert_int_equal(total, sizeof(code));
}

/* Long code is swept at two places at once when there is room for the events. */
static void assert_same_at_once(const uint8_t *code, size_t size_bytes)
{
	enum { FEW = 7, MANY = 4096 };
	struct sweep slow, fast;
	struct sweep_event few[FEW], many[MANY];
	size_t few_count = 0, many_count = 0, k = 0, total = 0;
	assert_true(sweep_init(&slow, ARCH_X86_64, (struct slice){ code, size_bytes }, VA));
	assert_true(sweep_init(&fast, ARCH_X86_64, (struct slice){ code, size_bytes }, VA));
	while ((many_count = sweep_next(&fast, many, MANY)) != 0)
		for (size_t i = 0; i < many_count; i++, k++, total++) {
			if (k == few_count) {
				few_count = sweep_next(&slow, few, FEW);
				k = 0;
			}
			assert_true(k < few_count);
			assert_event(&many[i], few[k].va, few[k].kind, few[k].value);
			assert_int_equal(many[i].length_bytes, few[k].length_bytes);
		}
	assert_int_equal(k, few_count);
	assert_int_equal(sweep_next(&slow, few, FEW), 0);
	assert_true(total > 0);
}

static void finds_the_same_at_once_and_one_after_the_other(void **state)
{
	enum { SIZE = 100003 };
	static const uint8_t words[][6] = { { 0xe8, 1, 2, 3, 4, 0x90 },
					    { 0x66, 0x0f, 0x1f, 0x44, 0, 0 },
					    { 0xc3, 0x48, 0x8d, 0x05, 7, 7 },
					    { 0x0f, 0x05, 0xb8, 0xb8, 0xc5, 0xf8 } };
	uint8_t *code = malloc(SIZE);
	(void)state;
	assert_non_null(code);
	srand(3);
	for (size_t i = 0; i < SIZE; i++)
		code[i] = (uint8_t)rand();
	assert_same_at_once(code, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		code[i] = words[i % 997 % 4][i % 6];
	assert_same_at_once(code, SIZE);
	for (size_t i = 0; i + 6 <= SIZE; i += 6)
		memcpy(code + i, words[rand() % 4], 6);
	assert_same_at_once(code, SIZE);
	memset(code, 0xb8, SIZE); /* whoever starts in the midst of one never comes right */
	for (size_t i = 5; i < SIZE; i += 5 * 150)
		code[i] = 0xc3, code[i + 1] = code[i + 2] = code[i + 3] = code[i + 4] = 0x90;
	assert_same_at_once(code, SIZE);
	free(code);
}

static void refuses_architectures_it_does_not_know(void **state)
{
	(void)state;
	struct sweep sweep;
	assert_false(sweep_init(&sweep, ARCH_RISCV64, (struct slice){ NULL, 0 }, 0));
}

RUN_TESTS(cmocka_unit_test(finds_every_kind_of_control_transfer),
	  cmocka_unit_test(finds_every_way_into_the_kernel),
	  cmocka_unit_test(finds_no_syscall_inside_an_immediate),
	  cmocka_unit_test(gives_immediates_as_the_register_holds_them),
	  cmocka_unit_test(resolves_addresses_of_data), cmocka_unit_test(goes_on_behind_bad_bytes),
	  cmocka_unit_test(finds_code_behind_data_that_looks_like_prefixes),
	  cmocka_unit_test(continues_where_the_room_for_events_ended),
	  cmocka_unit_test(finds_the_same_at_once_and_one_after_the_other),
	  cmocka_unit_test(refuses_architectures_it_does_not_know))
