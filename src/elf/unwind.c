#include "elf/unwind.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

/* Pointer encodings, LSB 5.0 core, "DWARF Exception Header Encoding". */
enum {
	ENCODE_ABSOLUTE = 0x00,
	ENCODE_ULEB128 = 0x01,
	ENCODE_UDATA2 = 0x02,
	ENCODE_UDATA4 = 0x03,
	ENCODE_UDATA8 = 0x04,
	ENCODE_SLEB128 = 0x09,
	ENCODE_SDATA2 = 0x0a,
	ENCODE_SDATA4 = 0x0b,
	ENCODE_SDATA8 = 0x0c,
	ENCODE_FORM = 0x0f,
	ENCODE_PC_RELATIVE = 0x10,
	ENCODE_DATA_RELATIVE = 0x30,
	ENCODE_APPLICATION = 0x70,
	ENCODE_INDIRECT = 0x80,
	ENCODE_OMIT = 0xff,
};

/* So that records which share one long field do not cost its length each. */
enum { LEB128_LIMIT_BYTES = 16, AUGMENTATION_LIMIT_BYTES = 64 };

/* A cursor that knows the address of its bytes. */
struct reader {
	struct cursor cursor;
	uint64_t base_va;
	const struct elf_file *file;
};

static uint64_t read_uleb128(struct cursor *cursor)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 7 * LEB128_LIMIT_BYTES; shift += 7) {
		uint64_t byte = cursor_read_uint(cursor, 1);
		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
	cursor->failed = true;
	return 0;
}

static uint64_t read_sleb128(struct cursor *cursor)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint64_t byte = 0x80;
	while (!cursor->failed && (byte & 0x80) != 0) {
		byte = cursor_read_uint(cursor, 1);
		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		shift += 7;
		cursor->failed |= shift > 7 * LEB128_LIMIT_BYTES;
	}
	if (shift < 64 && (byte & 0x40) != 0)
		value |= UINT64_MAX << shift;
	return value;
}

static uint64_t read_form(struct reader *reader, unsigned form)
{
	struct cursor *cursor = &reader->cursor;
	switch (form) {
	case ENCODE_ABSOLUTE:
		return cursor_read_uint(cursor, (unsigned)reader->file->word_bytes);
	case ENCODE_ULEB128:
		return read_uleb128(cursor);
	case ENCODE_SLEB128:
		return read_sleb128(cursor);
	case ENCODE_UDATA2:
		return cursor_read_uint(cursor, 2);
	case ENCODE_SDATA2:
		return (uint64_t)(int64_t)(int16_t)cursor_read_uint(cursor, 2);
	case ENCODE_UDATA4:
		return cursor_read_uint(cursor, 4);
	case ENCODE_SDATA4:
		return (uint64_t)(int64_t)(int32_t)cursor_read_uint(cursor, 4);
	case ENCODE_UDATA8:
	case ENCODE_SDATA8:
		return cursor_read_uint(cursor, 8);
	default:
		cursor->failed = true;
		return 0;
	}
}

/* data_va: what data-relative values are added to. A value of 0 stays 0: "none". */
static uint64_t read_encoded(struct reader *reader, unsigned encoding, uint64_t data_va)
{
	uint64_t here_va = reader->base_va + reader->cursor.off;
	uint64_t value = read_form(reader, encoding & ENCODE_FORM);
	if (value == 0 || reader->cursor.failed)
		return 0;
	switch (encoding & ENCODE_APPLICATION) {
	case 0:
		break;
	case ENCODE_PC_RELATIVE:
		value += here_va;
		break;
	case ENCODE_DATA_RELATIVE:
		value += data_va;
		break;
	default:
		reader->cursor.failed = true;
		return 0;
	}
	if (reader->file->word_bytes == 4)
		value &= UINT32_MAX;
	if ((encoding & ENCODE_INDIRECT) != 0 && !elf_read_word(reader->file, value, &value))
		value = 0;
	return value;
}

struct cie {
	unsigned pointer_encoding;
	unsigned lsda_encoding;
	bool has_augmentation;
	bool ok;
};

static void read_augmentation(struct reader *reader, const char *letters, struct cie *cie)
{
	cie->has_augmentation = true;
	(void)read_uleb128(&reader->cursor); /* its length */
	for (letters++; *letters != '\0'; letters++) {
		if (*letters == 'R')
			cie->pointer_encoding = (unsigned)cursor_read_uint(&reader->cursor, 1);
		else if (*letters == 'L')
			cie->lsda_encoding = (unsigned)cursor_read_uint(&reader->cursor, 1);
		else if (*letters == 'P')
			(void)read_encoded(reader,
					   (unsigned)cursor_read_uint(&reader->cursor, 1) &
					       ~(unsigned)ENCODE_INDIRECT,
					   0);
		else if (*letters != 'S' && *letters != 'B' && *letters != 'G')
			return; /* unknown: what follows cannot be read */
	}
}

/* A CIE at an offset of the reader's bytes, after its length and id. */
static struct cie read_cie(struct reader reader, uint64_t off)
{
	struct cie cie = { .lsda_encoding = ENCODE_OMIT };
	cursor_seek(&reader.cursor, off);
	uint64_t size_bytes = cursor_read_uint(&reader.cursor, 4);
	if (size_bytes == UINT32_MAX)
		(void)cursor_read_uint(&reader.cursor, 8);
	uint64_t id = cursor_read_uint(&reader.cursor, 4);
	unsigned version = (unsigned)cursor_read_uint(&reader.cursor, 1);
	if (reader.cursor.failed || id != 0 || (version != 1 && version != 3))
		return cie;
	const char *letters = (const char *)reader.cursor.bytes + reader.cursor.off;
	size_t left_bytes = reader.cursor.size_bytes - reader.cursor.off;
	if (left_bytes > AUGMENTATION_LIMIT_BYTES)
		left_bytes = AUGMENTATION_LIMIT_BYTES;
	if (memchr(letters, '\0', left_bytes) == NULL)
		return cie;
	cursor_seek(&reader.cursor, reader.cursor.off + strlen(letters) + 1);
	(void)read_uleb128(&reader.cursor); /* code alignment */
	(void)read_sleb128(&reader.cursor); /* data alignment */
	(void)read_uleb128(&reader.cursor); /* return address register */
	if (letters[0] == 'z')
		read_augmentation(&reader, letters, &cie);
	cie.ok = !reader.cursor.failed;
	return cie;
}

/* The range of an FDE in the encoding that all compilers use today. */
static bool read_usual_range(struct reader *reader, uint64_t *out_start_va,
			     uint64_t *out_size_bytes)
{
	struct cursor *cursor = &reader->cursor;
	if (cursor->failed || cursor->size_bytes - cursor->off < 8)
		return false;
	const uint8_t *at = cursor->bytes + cursor->off;
	uint64_t start = (uint64_t)(int64_t)(int32_t)elf_load32(at);
	*out_start_va = start == 0 ? 0 : start + reader->base_va + cursor->off;
	*out_size_bytes = (uint64_t)(int64_t)(int32_t)elf_load32(at + 4);
	cursor->off += 8;
	return true;
}

/* Whether no segment begins or ends between two addresses, the former below the latter. */
static bool is_in_one_piece(const struct elf_file *file, uint64_t low, uint64_t high)
{
	const struct elf_segment *segment = elf_segment_at(file, low);
	if (segment == NULL)
		return elf_segment_at(file, high) == NULL;
	return high - segment->va < segment->memory_bytes;
}

static bool read_fde(struct reader *reader, const struct cie *cie, struct elf_fde *out_fde)
{
	uint64_t start_va, size_bytes, lsda_va = 0;
	if (cie->pointer_encoding != (ENCODE_PC_RELATIVE | ENCODE_SDATA4) ||
	    reader->file->word_bytes != 8 || !read_usual_range(reader, &start_va, &size_bytes)) {
		start_va = read_encoded(reader, cie->pointer_encoding, 0);
		size_bytes = read_form(reader, cie->pointer_encoding & ENCODE_FORM);
	}
	if (cie->has_augmentation) {
		uint64_t augmentation_bytes = read_uleb128(&reader->cursor);
		if (augmentation_bytes > 0 && cie->lsda_encoding != ENCODE_OMIT)
			lsda_va = read_encoded(reader, cie->lsda_encoding, 0);
	}
	uint64_t end_va;
	if (reader->cursor.failed || start_va == 0 || size_bytes == 0 ||
	    __builtin_add_overflow(start_va, size_bytes, &end_va) ||
	    !is_in_one_piece(reader->file, start_va, end_va - 1))
		return false;
	*out_fde = (struct elf_fde){ start_va, end_va, lsda_va };
	return true;
}

/* .eh_frame starts where the header's first pointer says, and ends with a zero length. */
static struct reader find_frames(const struct elf_file *file)
{
	struct reader reader = { .file = file };
	struct slice header = elf_bytes_of(file, file->eh_frame_hdr);
	uint64_t frames_va = 0;
	if (header.size_bytes >= 8 && header.bytes[0] == 1) {
		cursor_init(&reader.cursor, header.bytes, header.size_bytes);
		reader.base_va = file->eh_frame_hdr.va;
		cursor_seek(&reader.cursor, 4);
		frames_va = read_encoded(&reader, header.bytes[1], file->eh_frame_hdr.va);
	}
	struct slice bytes = elf_bytes_from(file, frames_va);
	const struct elf_section *section = elf_section_named(file, ".eh_frame");
	if (section != NULL && (frames_va == 0 || section->va == frames_va)) {
		frames_va = section->va;
		bytes = elf_bytes_of(file, (struct elf_range){ section->va, section->size_bytes });
	}
	if (frames_va == 0)
		bytes = (struct slice){ 0 };
	cursor_init(&reader.cursor, bytes.bytes, bytes.size_bytes);
	reader.base_va = frames_va;
	return reader;
}

static int compare_fdes(const void *left, const void *right)
{
	const struct elf_fde *a = left;
	const struct elf_fde *b = right;
	return a->start_va < b->start_va ? -1 : a->start_va > b->start_va;
}

/* The FDEs in the file; a list that doubles, since their number is not written anywhere. */
struct fde_list {
	struct arena scratch; /* owned */
	struct elf_fde *fdes;
	size_t count;
	size_t capacity;
};

static void append_fde(struct fde_list *list, const struct elf_fde *fde)
{
	if (list->count == list->capacity)
		list->fdes = arena_grow(&list->scratch, list->fdes, list->count,
					sizeof(*list->fdes), &list->capacity);
	list->fdes[list->count++] = *fde;
}

/* One record of .eh_frame. Returns false at the end, or at what cannot be read. */
static bool read_record(struct reader *reader, struct fde_list *list, struct cie *cie,
			uint64_t *cie_off)
{
	struct cursor *cursor = &reader->cursor;
	uint64_t size_bytes = cursor_read_uint(cursor, 4);
	if (size_bytes == UINT32_MAX)
		size_bytes = cursor_read_uint(cursor, 8);
	uint64_t body_off = cursor->off;
	if (cursor->failed || size_bytes == 0)
		return false;
	uint64_t id = cursor_read_uint(cursor, 4);
	if (cursor->failed || size_bytes < 4 || size_bytes > cursor->size_bytes - body_off) {
		cursor->failed = true;
		return false;
	}
	struct elf_fde fde;
	if (id != 0 && id <= body_off) {
		if (*cie_off != body_off - id) {
			*cie_off = body_off - id;
			*cie = read_cie(*reader, *cie_off);
		}
		struct reader body = *reader;
		if (cie->ok && read_fde(&body, cie, &fde))
			append_fde(list, &fde);
	}
	cursor_seek(cursor, body_off + size_bytes);
	return true;
}

/* Linkers write them in the order of the code. */
static bool is_sorted(const struct fde_list *list)
{
	for (size_t i = 1; i < list->count; i++)
		if (compare_fdes(&list->fdes[i - 1], &list->fdes[i]) > 0)
			return false;
	return true;
}

void elf_unwind_read(const struct elf_file *file, const char *input, struct problem_list *problems,
		     struct elf_unwind *out_unwind)
{
	struct reader reader = find_frames(file);
	struct fde_list list = { 0 };
	struct cie cie = { 0 };
	uint64_t cie_off = UINT64_MAX;
	while (reader.cursor.off < reader.cursor.size_bytes && list.count < ELF_MAX_FDES &&
	       read_record(&reader, &list, &cie, &cie_off))
		;
	if (reader.cursor.failed)
		problem_add(problems, input, 0, "unwind table malformed at address %#jx",
			    (uintmax_t)(reader.base_va + reader.cursor.off));
	if (!is_sorted(&list))
		qsort(list.fdes, list.count, sizeof(*list.fdes), compare_fdes);
	out_unwind->fdes = arena_copy(file->arena, list.fdes, list.count, sizeof(*list.fdes));
	out_unwind->count = list.count;
	arena_finish(&list.scratch);
}

size_t elf_landing_pads(const struct elf_file *file, const struct elf_fde *fde, uint64_t *pads,
			size_t max_count)
{
	struct slice bytes = elf_bytes_from(file, fde->lsda_va);
	struct reader reader = { .file = file, .base_va = fde->lsda_va };
	cursor_init(&reader.cursor, bytes.bytes, bytes.size_bytes);
	if (fde->lsda_va == 0 || bytes.size_bytes == 0)
		return 0;
	uint64_t pads_va = fde->start_va;
	unsigned encoding = (unsigned)cursor_read_uint(&reader.cursor, 1);
	if (encoding != ENCODE_OMIT)
		pads_va = read_encoded(&reader, encoding, 0);
	if (cursor_read_uint(&reader.cursor, 1) != ENCODE_OMIT)
		(void)read_uleb128(&reader.cursor); /* offset of the type table */
	encoding = (unsigned)cursor_read_uint(&reader.cursor, 1);
	uint64_t size_bytes = read_uleb128(&reader.cursor);
	uint64_t end_off = reader.cursor.off + size_bytes;
	size_t count = 0;
	while (!reader.cursor.failed && reader.cursor.off < end_off) {
		(void)read_form(&reader, encoding & ENCODE_FORM); /* start of the call */
		(void)read_form(&reader, encoding & ENCODE_FORM); /* its length */
		uint64_t pad = read_form(&reader, encoding & ENCODE_FORM);
		(void)read_uleb128(&reader.cursor); /* action */
		if (pad == 0 || reader.cursor.failed)
			continue;
		if (count < max_count)
			pads[count] = pads_va + pad;
		count++;
	}
	return reader.cursor.failed ? 0 : count;
}
