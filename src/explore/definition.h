#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "facts/workload.h"

/*
 * What to run and how to tell that it works; one YAML file (docs/workload-files.md). The command
 * is what is studied; scripts are run by /bin/sh beside it, unfiltered and uncounted.
 *
 *   prepare   before the command
 *   command   with `test`: a server, which must become ready, pass the test and still live then;
 *             without: it must end by itself
 *   check     after it, on what it left behind
 */
enum { DEFINITION_MAX_BYTES = 1 << 20, DEFINITION_MAX_WORDS = 256 };

struct definition {
	const char *application; /* "redis" */
	const char *name;        /* "benchmark-redis-benchmark", as Loupe names workloads */
	enum workload_kind kind;
	const char *const *packages;    /* Debian packages that it needs; ends with NULL */
	bool needs_root;                /* it does not work for an ordinary user */
	const char *user;               /* who runs it when the caller is root; NULL: root */
	const char *const *environment; /* additions, "NAME=value"; ends with NULL */
	const char *directory;          /* NULL: / */
	const char *prepare;            /* script; NULL: none */
	const char *const *command;     /* words; ends with NULL */
	const char *input;              /* its standard input; NULL: nothing */
	struct {
		uint16_t port;    /* TCP port that somebody listens at; 0: not asked */
		const char *file; /* path that exists */
		const char *line; /* extended regular expression matched by a line of output */
	} ready;
	const char *test;  /* script; NULL: the command ends by itself */
	const char *check; /* script; NULL: none */
	struct {
		int exit;           /* of the test, or of the command when there is none */
		const char *output; /* extended regular expression; NULL: any */
		bool same_output;   /* as in the first run without filter, byte by byte */
	} success;
	double limit_seconds;
	uint32_t replicas;
	uint64_t disk_bytes;
	struct {
		const char *name;    /* "requests per second"; NULL: no metric */
		const char *pattern; /* extended regular expression, the number in parentheses */
		bool lower_is_better;
	} metric;
	uint64_t hash; /* of the text; results of another definition are not reused */
};

/*
 * text      borrowed
 * name      of the input, for messages
 * returns   STATUS_MALFORMED: not YAML, an unknown or missing key, a value of the wrong kind; the
 *           text says which and in which line
 */
enum status definition_parse(struct slice text, const char *name, struct arena *arena,
			     struct definition *out_definition, struct error *err)
    __attribute__((warn_unused_result, nonnull));
