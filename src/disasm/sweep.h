#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "facts/arch.h"

/*
 * One pass over a range of code that reports the instructions a call graph starts from and
 * passes over all others, at some hundred MB/s. Values are followed with instruction.h.
 */
enum sweep_kind {
	SWEEP_BAD, /* no instruction; the pass goes on one byte (aarch64: word) later */
	SWEEP_SYSCALL,
	SWEEP_SYSENTER,
	SWEEP_INT80,
	SWEEP_CALL,          /* value: target */
	SWEEP_JUMP,          /* value: target */
	SWEEP_BRANCH,        /* conditional; value: target */
	SWEEP_CALL_REGISTER, /* reg: holds the target */
	SWEEP_JUMP_REGISTER,
	SWEEP_CALL_SLOT, /* value: address of the memory that holds the target */
	SWEEP_JUMP_SLOT,
	SWEEP_CALL_MEMORY, /* through memory whose address is not known here */
	SWEEP_JUMP_MEMORY,
	SWEEP_RETURN,
	SWEEP_TRAP,      /* ud2, hlt, int3, brk: does not continue */
	SWEEP_ADDRESS,   /* value: address put into reg */
	SWEEP_PAGE,      /* aarch64's adrp: value: the page put into reg; what uses it follows as
	                    ADDRESS, LOAD or STORE, as far as that is seen in address order */
	SWEEP_LOAD,      /* value: address read; width_bytes of it */
	SWEEP_STORE,     /* value: address written, perhaps read before */
	SWEEP_IMMEDIATE, /* value: number put into reg, as a 64-bit register then holds it */
	SWEEP_PADDING,   /* nop, endbr64, bti */
	SWEEP_COUNT,
};

enum { SWEEP_NO_REGISTER = 0xff };

struct sweep_event {
	uint64_t va;
	uint64_t value;
	uint8_t kind;
	uint8_t length_bytes;
	uint8_t reg;         /* numbered as in instruction.h, or SWEEP_NO_REGISTER */
	uint8_t width_bytes; /* of LOAD and STORE; 0: not known */
};

/*
 * sweep_init, then sweep_next until it returns 0:
 *
 *   while ((count = sweep_next(&sweep, events, capacity)) != 0)
 */
struct sweep {
	struct slice code; /* borrowed */
	uint64_t va;       /* of its first byte */
	size_t off;        /* of the next instruction */
	enum arch arch;
	bool skips_numbers;   /* set behind sweep_init: SWEEP_IMMEDIATE need not be reported */
	uint32_t known_pages; /* aarch64: bit i: pages[i] is in register i */
	uint64_t pages[32];
};

/* returns  false: instructions of the architecture are not analysed */
bool sweep_init(struct sweep *sweep, enum arch arch, struct slice code, uint64_t va);

/* returns  how many events, in address order, it put into out_events; 0: the code's end */
size_t sweep_next(struct sweep *sweep, struct sweep_event *out_events, size_t capacity);

/* Whether control can go on behind the event's instruction; calls are taken to return. */
static inline bool sweep_continues(const struct sweep_event *event)
{
	switch ((enum sweep_kind)event->kind) {
	case SWEEP_BAD:
	case SWEEP_JUMP:
	case SWEEP_JUMP_REGISTER:
	case SWEEP_JUMP_SLOT:
	case SWEEP_JUMP_MEMORY:
	case SWEEP_RETURN:
	case SWEEP_TRAP:
		return false;
	case SWEEP_SYSCALL:
	case SWEEP_SYSENTER:
	case SWEEP_INT80:
	case SWEEP_CALL:
	case SWEEP_BRANCH:
	case SWEEP_CALL_REGISTER:
	case SWEEP_CALL_SLOT:
	case SWEEP_CALL_MEMORY:
	case SWEEP_ADDRESS:
	case SWEEP_PAGE:
	case SWEEP_LOAD:
	case SWEEP_STORE:
	case SWEEP_IMMEDIATE:
	case SWEEP_PADDING:
	case SWEEP_COUNT:
		break;
	}
	return true;
}

/* Likewise, when nothing but padding follows it: then a call does not return. */
static inline bool sweep_returns(const struct sweep_event *event)
{
	return sweep_continues(event) && event->kind != SWEEP_CALL &&
	       event->kind != SWEEP_CALL_REGISTER && event->kind != SWEEP_CALL_SLOT &&
	       event->kind != SWEEP_CALL_MEMORY;
}

/* Whether control comes behind what was swept so far. */
struct sweep_end {
	uint64_t next_va; /* behind the last event; further on are instructions without one */
	bool falls_through;
};

static inline void sweep_end_pass(struct sweep_end *end, const struct sweep_event *event)
{
	end->falls_through |= event->va > end->next_va;
	end->next_va = event->va + event->length_bytes;
	if (event->kind != SWEEP_PADDING)
		end->falls_through = sweep_returns(event);
}
