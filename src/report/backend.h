#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "report/writer.h"

/*
 * What stands between writer.c, which checks and collects what commands say, and one file per
 * format, which only has to show it. Internal to report/.
 */

enum cell_kind { CELL_NULL, CELL_TEXT, CELL_INTEGER, CELL_BOOL, CELL_REAL, CELL_SHARE, CELL_LIST };

struct cell {
	enum cell_kind kind;
	union {
		const char *text;
		int64_t integer;
		bool truth;
		struct {
			double value;
			int digits;
		} real;
		struct {
			uint64_t supported;
			uint64_t of;
		} share;
		struct {
			const char *const *names;
			size_t count;
			size_t shown; /* to people */
		} list;
	};
};

struct fact {
	const char *key;
	const char *title;
	struct cell cell;
};

struct table {
	const char *key;
	const char *title;
	const struct column *columns;
	size_t column_count;
	const struct cell *cells; /* row after row */
	size_t row_count;
	bool main;
};

enum frame { FRAME_DOCUMENT, FRAME_SECTION, FRAME_ARRAY, FRAME_ITEM, FRAME_TABLE };

struct document {
	const char *schema;
	int version;
	const char *title;
};

/* A function a format has no use for is NULL. */
struct backend {
	void (*begin)(struct writer *writer, const struct document *document);
	void (*end)(struct writer *writer);
	void (*finish)(struct writer *writer); /* frees what begin made */
	void (*open)(struct writer *writer, enum frame frame, const char *key, const char *title);
	void (*close)(struct writer *writer, enum frame frame);
	void (*note)(struct writer *writer, const char *key, const char *text);
	void (*facts)(struct writer *writer, const struct fact *facts, size_t count);
	void (*numbers)(struct writer *writer, const char *key, const double *values, size_t count);
	void (*table)(struct writer *writer, const struct table *table);
	void (*figure)(struct writer *writer, const struct fact *path, struct slice svg);
};

extern const struct backend text_backend;
extern const struct backend markdown_backend;
extern const struct backend json_backend;
extern const struct backend html_backend;
extern const struct backend tsv_backend;
extern const struct backend names_backend;
extern const struct backend svg_backend;

struct writer {
	FILE *file; /* borrowed */
	const struct backend *backend;
	enum format format;
	struct buffer out; /* the document so far */
	size_t width;      /* text: of a line */

	enum frame frames[WRITER_MAX_DEPTH];
	size_t depth;
	bool headed[WRITER_MAX_DEPTH];          /* which frames have a title */
	int heading;                            /* how many, so the level above the next heading */
	struct json_t *nodes[WRITER_MAX_DEPTH]; /* json: the object or array of each frame */

	struct arena passing; /* of the pending facts, or of the table being filled */
	struct fact *facts;   /* owned; facts in a row are shown together */
	size_t fact_count;
	size_t fact_capacity;
	struct table table;
	struct cell *cells; /* owned */
	size_t cell_count;
	size_t cell_capacity;
	bool has_main;
	bool has_figure;
};

/* How people read a cell; the bytes are those of the command, made harmless by clean_append. */
void cell_append(struct buffer *buffer, const struct cell *cell);

/* The same for a fact, of which people want to read that it is unknown, or that a list is empty. */
void fact_append(struct buffer *buffer, const struct fact *fact);

/* The words for a cell of this column that has no value. */
const char *column_null_text(const struct column *column);
