#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/problem.h"
#include "facts/layer.h"

enum {
	LAYER_MAX_FILE_BYTES = 16 << 20, /* the largest published table has 120 KiB */
	LAYER_MAX_NOTE_BYTES = 1000,
	LAYER_MAX_COLUMNS = 64,
};

/*
 * What a layer supports, from any of five forms of text, told apart by content:
 *
 *   shipped  "key: value" lines (name, version, arch, policy, source, revision, licence, url),
 *            then "LEVEL NAME [note]" lines; the form of data/layers
 *   list     one syscall name on a line
 *   C table  "[__NR_read] = (libos_syscall_t)libos_syscall_read," entries, 0 or NULL for absent
 *   CSV      a heading names the columns: syscall, name or number; level, support or status; note;
 *            without one they are syscall, level, note. Commas, semicolons or tabs part them
 *   JSON     an array of names, an object of levels by name, an array of objects with "syscall"
 *            and "level", or any of these under the key "syscalls" beside name, version, arch…;
 *            also what "layer show" writes
 *
 * "#" starts a comment, except in JSON; CRLF line ends are fine. A name that is no Linux syscall
 * of the architecture, and a name that stands again, are problems with their line, and the rest
 * is kept. A CSV that ends in the middle of a row is malformed: what it would say after that is
 * not known.
 *
 * content     of the whole file; borrowed for the call
 * input       names the file in problems; without its folder and ending it is the layer's name
 *             when the content gives none
 * arch        of the layer when the content gives none
 * problems    added to; its arena also holds everything of the layer
 * returns     STATUS_MALFORMED: no text, bad syntax, or no syscall name at all
 */
enum status layer_read(struct slice content, const char *input, enum arch arch,
		       struct problem_list *problems, struct layer *out_layer, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/* The same from a file; also STATUS_IO, STATUS_LIMIT. */
enum status layer_read_file(const char *path, enum arch arch, struct problem_list *problems,
			    struct layer *out_layer, struct error *err)
    __attribute__((warn_unused_result, nonnull));
