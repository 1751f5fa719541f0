#include "callgraph/swept.h"

#include <string.h>

#include "disasm/sweep.h"

/* How straight code from one address to another ends. */
struct tail {
	bool is_data;       /* some of it is no instruction */
	bool crosses;       /* the last instruction goes on behind the end */
	bool falls_through; /* control comes behind the end */
};

static bool crosses(const struct image *image, uint64_t va, uint64_t end)
{
	struct slice code = elf_bytes_from(&image->file, va);
	struct instruction instruction;
	return instruction_decode(image->arch, code.bytes, code.size_bytes, va, &instruction) &&
	       va + instruction.length_bytes > end;
}

static bool is_padding(const struct image *image, uint64_t va)
{
	struct slice code = elf_bytes_from(&image->file, va);
	struct instruction instruction;
	return !instruction_decode(image->arch, code.bytes, code.size_bytes, va, &instruction) ||
	       instruction.operation == OPERATION_NOTHING;
}

static struct tail tail_of(const struct image *image, uint64_t start, uint64_t end)
{
	enum { EVENTS = 64 };
	struct sweep_end swept = { start, true };
	struct sweep sweep;
	struct sweep_event events[EVENTS];
	struct slice code = elf_bytes_from(&image->file, start);
	size_t count;
	if (code.size_bytes > end - start)
		code.size_bytes = end - start;
	(void)sweep_init(&sweep, image->arch, code, start); /* an image is of one that it knows */
	while ((count = sweep_next(&sweep, events, EVENTS)) != 0)
		for (size_t i = 0; i < count; i++) {
			if (events[i].kind == SWEEP_BAD)
				return (struct tail){ .is_data = true,
						      .crosses = crosses(image, events[i].va, end),
						      .falls_through = true };
			sweep_end_pass(&swept, &events[i]);
		}
	return (struct tail){ .falls_through = swept.falls_through || swept.next_va < end };
}

enum { SWEPT_MAX_BYTES = 1 << 16 }; /* of code without a table, between two entries */

/*
 * What of a function is swept, and whether control may run on behind it. Without a table it goes
 * on to the next entry that is the start of an instruction.
 */
static struct elf_range swept_range(const struct image *image, uint64_t va, bool *out_runs_over)
{
	bool certain;
	struct elf_range range = image_function_around(image, va, &certain);
	*out_runs_over = false;
	/* what runs on behind an FDE is among the events */
	if (certain || (image_is_closed(image, range.va) && !is_padding(image, range.va)))
		return range;
	const struct elf_section *section = elf_section_at(&image->file, va);
	uint64_t limit = section == NULL ? UINT64_MAX : section->va + section->size_bytes;
	uint64_t end = range.va + range.size_bytes;
	struct tail tail = tail_of(image, range.va, end);
	while (tail.crosses && end < limit && end - range.va < SWEPT_MAX_BYTES) {
		end = image_entry_from(image, end + 1);
		if (end > limit || !elf_is_code(&image->file, end))
			end = limit;
		if (end == UINT64_MAX)
			break;
		tail = tail_of(image, range.va, end);
	}
	if (end != UINT64_MAX)
		range.size_bytes = end - range.va;
	*out_runs_over = (tail.is_data || tail.falls_through) && end < limit;
	return range;
}

struct swept swept_around(const struct image *image, uint64_t va)
{
	struct swept swept = { 0 };
	struct elf_range range = swept_range(image, va, &swept.runs_over);
	uint64_t end = range.va + range.size_bytes;
	size_t first = image_event_from(image, range.va), count = 0;
	for (; first + count < image->tables.event_count &&
	       image->base + image->tables.events[first + count].off < end;
	     count++)
		swept.has_syscall |=
		    event_kind(&image->tables.events[first + count]) >= FACT_SYSCALL;
	swept.first_event = (uint32_t)first;
	swept.fact_count = (uint32_t)count + swept.runs_over;
	swept.start_off = (uint32_t)(range.va - image->base);
	swept.end_off = (uint32_t)(end - image->base);
	return swept;
}

/* What a load reads, of what ld.so fills. */
static void set_load(const struct image *image, const struct event *event, struct fact *fact)
{
	const struct elf_relocation *relocations = image->relocations.relocations;
	size_t first = event_load_first(event), count = event_load_count(event);
	if (count == 0) {
		const struct odd_load *odd = &image->tables.odd_loads[first];
		fact->target = image->base + odd->off;
		fact->width_bytes = (uint8_t)odd->width_bytes;
		return;
	}
	fact->link = (uint32_t)first + 1;
	fact->target = relocations[first].va;
	fact->width_bytes = (uint8_t)(relocations[first + count - 1].va - fact->target + 1);
}

/* Where an event leads. */
static void set_target(const struct image *image, const struct event *event, struct fact *fact)
{
	uint32_t link = event_link(event);
	switch (fact->kind) {
	case FACT_CALL:
	case FACT_JUMP:
	case FACT_REFERENCE:
		fact->link = link;
		fact->target = link_is_place(link)
				   ? image->base + image->tables.places[link_number(link)].off
				   : image_function_va(image, link_number(link));
		return;
	case FACT_CALL_SLOT:
	case FACT_JUMP_SLOT:
		fact->link = link;
		fact->target = image->relocations.relocations[link - 1].va;
		return;
	case FACT_LOAD:
		set_load(image, event, fact);
		return;
	default:
		return;
	}
}

const struct fact *swept_fact(const struct image *image, const struct swept *swept, size_t index,
			      struct fact *own)
{
	if (swept->runs_over && index == swept->fact_count - 1u) {
		uint64_t end = image->base + swept->end_off;
		*own = (struct fact){ .va = end - 1, .target = end, .kind = FACT_JUMP };
		return own;
	}
	const struct event *event = &image->tables.events[swept->first_event + index];
	*own = (struct fact){ .va = image->base + event->off, .kind = (uint8_t)event_kind(event) };
	set_target(image, event, own);
	/* Without a table it is only known now that a jump stays in the function. */
	bool stays = own->kind == FACT_JUMP && own->target - image->base >= swept->start_off &&
		     own->target - image->base < swept->end_off;
	return stays ? NULL : own;
}

bool swept_is_stub(const struct image *image, uint64_t va)
{
	const struct elf_section *section = elf_section_at(&image->file, va);
	if (section != NULL)
		return strncmp(section->name, ".plt", 4) == 0;
	struct slice code = elf_bytes_from(&image->file, va);
	struct instruction instruction;
	size_t off = 0;
	while (instruction_decode(image->arch, code.bytes + off, code.size_bytes - off, va + off,
				  &instruction) &&
	       instruction.operation == OPERATION_NOTHING)
		off += instruction.length_bytes;
	return off < code.size_bytes && instruction.operation == OPERATION_JUMP &&
	       instruction.operands[1].kind == OPERAND_MEMORY;
}
