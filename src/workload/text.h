#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/problem.h"
#include "workload/set.h"

/*
 * sysgap's own text for workload facts, for files that people read, compare and keep under
 * version control:
 *
 *   # sysgap workloads 1
 *   source: Loupe database
 *   version: commit a076cf9
 *   licence: CC-BY-4.0
 *   url: https://github.com/unikraft/loupedb
 *   arch: x86_64
 *
 *   benchmark redis benchmark-redis-benchmark 0ff1ce
 *   	required accept4 bind clone
 *   	either sysinfo
 *
 * A heading line counts for the workloads after it; "source:" starts a new source, of which
 * version, licence and url are not known until they are given; arch is x86_64 at first. A
 * workload is its kind, application, name and, when known, run. Below it each line is a verdict
 * and calls, by name or, when they have none, by number; a verdict may have several lines. Control
 * characters, '%', and spaces where they would part words or be trimmed are written %XX; an empty
 * word is a single '%'. Lines that start with '#' are comments.
 */
enum { WORKLOAD_TEXT_MAX_BYTES = 256 << 20 };

/*
 * input       names the text in problems
 * problems    a malformed line, a name that is no syscall, a call given twice: each costs that line
 *             or call only; but without its first line a workload is lost
 * out_set     strings and uses live in the arena; later workloads of the same key win
 * returns     STATUS_MALFORMED: does not start with the first line above
 *             STATUS_UNSUPPORTED: a later version of this format
 */
enum status workload_text_parse(struct slice content, const char *input, struct arena *arena,
				struct problem_list *problems, struct workload_set *out_set,
				struct error *err) __attribute__((warn_unused_result, nonnull));

/*
 * Appends the set as text, which reads back as the same set; lines of at most 100 columns where
 * names allow.
 */
void workload_text_format(struct workload_set set, struct buffer *out);
