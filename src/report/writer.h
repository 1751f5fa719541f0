#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"

/*
 * One description of a result, written in any format. A command says what its result is made of
 * (sections, values, tables) once, each part with a key and a title; text, Markdown and HTML show
 * the titles, JSON the keys. Only this folder escapes.
 *
 *   text   for people at a terminal          md    for papers, issues, wikis
 *   json   {"schema": NAME, "version": N, …} html  one self-contained page
 *   tsv    the main table with a header line  names  the first column of the main table
 *   svg    the figure
 *
 * The main table is the one opened with `main` set; a command has at most one, and at most one
 * figure. A result of format tsv, names or svg is that and nothing else.
 */
enum format {
	FORMAT_TEXT,
	FORMAT_MD,
	FORMAT_JSON,
	FORMAT_HTML,
	FORMAT_TSV,
	FORMAT_NAMES,
	FORMAT_SVG,
};

enum { FORMAT_COUNT = FORMAT_SVG + 1, FORMAT_UNKNOWN = -1 };

int format_from_name(const char *name); /* FORMAT_UNKNOWN when there is none */
const char *format_name(enum format format);

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER, /* right-aligned; a number in JSON */
	COLUMN_BOOL,   /* "yes" or "no" */
	COLUMN_LIST,   /* several names; an array in JSON, a comma list elsewhere */
	COLUMN_SHARE,  /* right-aligned; an object in JSON, a bare percentage in tsv */
};

struct column {
	const char *key;   /* snake_case, in JSON and as the header of tsv; NULL: not there */
	const char *title; /* for people; NULL: not shown to them */
	enum column_kind kind;
};

struct writer; /* opaque */

/* Bounds of what a command may describe; passing them is a mistake of the command. */
enum { WRITER_MAX_DEPTH = 12, WRITER_MAX_COLUMNS = 32 };

/*
 * Nothing is written before writer_close. Strings need only last as long as the call, also those
 * of cells; a table's columns last until its end. Strings may hold anything: what is not UTF-8,
 * control characters and the characters special to the format are made harmless here.
 *
 * out      borrowed until writer_close
 * schema   name of the JSON schema, e.g. "sysgap-status"; documented in docs/json.md
 * title    heading of the whole document; not printed as tsv, names
 */
struct writer *writer_open(FILE *out, enum format format, const char *schema, int version,
			   const char *title);

/* Ends and frees the writer; 0, or -1 with errno when anything could not be written. */
int writer_close(struct writer *writer);

/* Frees the writer at any point; nothing is written. */
void writer_discard(struct writer *writer);

enum format writer_format(const struct writer *writer);
/* Its format shows nothing of what was written. */
bool writer_is_void(const struct writer *writer);

/*
 * Everything below has a key, for JSON, and a title, for people. Without key it is left out of
 * JSON (the content of a section without key is then its parent's); without title a fact is left
 * out for people, and sections, arrays and tables only lack their heading.
 */

/* Sections nest; in JSON each is an object under its key. */
void writer_section_begin(struct writer *writer, const char *key, const char *title);
void writer_section_end(struct writer *writer);

/* A list of sections of the same shape: in JSON an array of objects. */
void writer_array_begin(struct writer *writer, const char *key, const char *title);
void writer_array_item(struct writer *writer, const char *title); /* starts the next object */
void writer_array_end(struct writer *writer);

/* A sentence for people; in JSON a string under key, absent when key is NULL. */
void writer_note(struct writer *writer, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Single facts. "title: value" for people. */
void writer_text(struct writer *writer, const char *key, const char *title, const char *value);
void writer_integer(struct writer *writer, const char *key, const char *title, int64_t value);
void writer_bool(struct writer *writer, const char *key, const char *title, bool value);

/*
 * A share: "74.380 % (90 of 121)" for people; in JSON {"supported": 90, "of": 121,
 * "percent": 74.380…}, percent null when of is 0 ("no data" for people): never a made-up 0.
 */
void writer_share(struct writer *writer, const char *key, const char *title, uint64_t supported,
		  uint64_t of);

/* A number with digits after the point; NAN is null in JSON and "unknown" for people. */
void writer_real(struct writer *writer, const char *key, const char *title, double value,
		 int digits);

/* A set of names. */
void writer_names(struct writer *writer, const char *key, const char *title,
		  const char *const *names, size_t count);

/* Numbers in a row, such as the points of a curve; only in JSON. */
void writer_numbers(struct writer *writer, const char *key, const double *values, size_t count);

/*
 * A table; each row has exactly the cells of its columns, in order. A NULL text is null in JSON;
 * for people it is "unknown" in a column of numbers or shares and empty in one of text.
 */
void writer_table_begin(struct writer *writer, const char *key, const char *title,
			const struct column *columns, size_t column_count, bool main);
void writer_cell_text(struct writer *writer, const char *value);
void writer_cell_integer(struct writer *writer, int64_t value);
void writer_cell_bool(struct writer *writer, bool value);
void writer_cell_real(struct writer *writer, double value, int digits);
void writer_cell_share(struct writer *writer, uint64_t supported, uint64_t of);
void writer_cell_list(struct writer *writer, const char *const *names, size_t count);

/* People see only the first so many of the names, and how many more there are. */
void writer_cell_list_cut(struct writer *writer, const char *const *names, size_t count,
			  size_t shown);
void writer_table_end(struct writer *writer);

/*
 * The figure. html has it inline; md refers to its file; text and json name the file.
 *
 * path   of the file beside the document; NULL when there is only the content
 * svg    its content
 */
void writer_figure(struct writer *writer, const char *key, const char *title, const char *path,
		   struct slice svg);
