/* SPDX-License-Identifier: MIT */
/* A table of settings, and everything that follows from it: parsing and bounds, printing, equality, names
 * in the environment, suggestions for misspelt names, JSON Schema and reference. What the settings mean,
 * and from where they are read, is the business of whoever owns the table. */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum setting_type {
	SETTING_BOOL,
	SETTING_INT,
	SETTING_BYTES,   /* typed as a number or with a unit: 64KiB, 1MB */
	SETTING_SECONDS, /* typed as decimal seconds, kept as milliseconds */
	SETTING_STRING,
	SETTING_SECRET,     /* never printed */
	SETTING_ENUM,       /* one of the words in choices */
	SETTING_STRINGS,    /* typed with commas, or as a JSON array */
	SETTING_STRING_MAP, /* typed name=value,name=value, or as a JSON object */
	SETTING_RECORDS,    /* a JSON array of objects whose members are those of parts */
};

enum setting_flag {
	SETTING_TRUSTED = 1 << 0,   /* refused in a file that may come from somebody else */
	SETTING_REDIRECTS = 1 << 1, /* decides where requests and keys go */
	SETTING_EITHER = 1 << 2,    /* the rows of a table that have it exclude each other */
	SETTING_FILE = 1 << 3,      /* names a file */
	SETTING_MASKED =
		1
		<< 4, /* a map's values, or what stands before the @ of a URL, are never printed */
	SETTING_FILLED = 1 << 5, /* cannot be set to nothing */
};

struct str_list {
	struct str *v;
	size_t n;
};
struct str_pair {
	struct str name, value;
};
struct str_map {
	struct str_pair *v;
	size_t n;
};

/* The value of a name; p NULL: it has none. */
struct str str_map_get(const struct str_map *m, struct str name);

/* What an object of a RECORDS row may hold: a string, or several. */
enum setting_part_flag {
	SETTING_PART_NEEDED = 1 << 0,
	SETTING_PART_LIST = 1 << 1, /* may be a list of strings */
};
struct setting_part {
	const char *name;
	unsigned flags;
	const char *text; /* what it is, for people */
};

/* Such an object: for each part of the row its strings, and where they stand in the document. */
struct record_text {
	struct str text; /* NUL-terminated as well */
	size_t pos;      /* byte offset of the opening quote; SIZE_MAX: it comes from no document */
};
struct record_part {
	struct record_text *v;
	size_t n; /* 0: not given */
};
struct record {
	struct record_part *parts;
};
struct record_list {
	struct record *v;
	size_t n;
};

#define SETTING_C_TYPE_BOOL       bool
#define SETTING_C_TYPE_INT        int64_t
#define SETTING_C_TYPE_BYTES      size_t
#define SETTING_C_TYPE_SECONDS    uint64_t   /* milliseconds */
#define SETTING_C_TYPE_STRING     struct str /* NUL-terminated as well */
#define SETTING_C_TYPE_SECRET     struct str
#define SETTING_C_TYPE_ENUM       struct str
#define SETTING_C_TYPE_STRINGS    struct str_list
#define SETTING_C_TYPE_STRING_MAP struct str_map
#define SETTING_C_TYPE_RECORDS    struct record_list

/* One row. */
struct setting {
	const char *path; /* "limits.idle_s" */
	enum setting_type type;
	size_t offset;                    /* of the value in the object that the table describes */
	const char *fallback;             /* the default, as one types it in the environment */
	double min, max;                  /* INT, BYTES, SECONDS (in seconds) */
	const char *choices;              /* ENUM: "a|b|c" */
	const struct setting_part *parts; /* RECORDS */
	size_t nparts;
	unsigned flags;
	const char *text; /* what it does, for people */
};

struct settings {
	const struct setting *rows;
	size_t n;
};

enum setting_value_kind {
	VALUE_TEXT, /* as typed in a variable or a flag: any type */
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_STRING,
	VALUE_LIST,
	VALUE_OBJECT,
};

/* A value as its source wrote it. */
struct setting_value {
	enum setting_value_kind kind;
	struct str text; /* TEXT, STRING; NUMBER as written; BOOL "true" or "false" */
	struct setting_member *members; /* LIST, OBJECT */
	size_t n;
	size_t pos; /* STRING: byte offset of its opening quote in the document */
};

struct setting_member {
	struct str key; /* empty in a LIST */
	size_t pos;     /* byte offset of the key's opening quote in the document */
	struct setting_value value;
};

/* Reads a JSON document with comments, trailing commas and perhaps a byte order mark into a tree in the
 * arena; a blank document is an empty object. On failure *ret_pos is the byte offset of the mistake. */
bool setting_read_json(struct arena *a, struct str text, struct setting_value *ret, size_t *ret_pos,
	struct err *e) MUSTCHECK;

/* A place in a document. */
struct setting_place {
	size_t pos;
	unsigned line, column; /* from 1; a column is a character, not a byte */
};

/* Moves a place to another byte offset of the same document. One that is all zero is nowhere yet; going
 * on from a place before pos takes the time of the way between only. */
void setting_locate(struct str text, size_t pos, struct setting_place *place);

/* Stores the value at its place in *obj, copied into the arena. On failure *obj is untouched and the text
 * says what is allowed and continues "\"path\" "; it never quotes a secret. */
bool setting_assign(const struct setting *s, void *obj, const struct setting_value *v,
	struct arena *a, struct err *e) MUSTCHECK;
/* Where in the document stands the part of a value that setting_assign() refuses; SIZE_MAX: it is the whole of it. */
size_t setting_fault(const struct setting *s, const struct setting_value *v);
/* The byte offset in a document of what became byte number n of the string whose opening quote stands at pos. */
size_t setting_text_pos(struct str document, size_t pos, size_t n);
/* Stores the default of one row. */
void setting_reset(const struct setting *s, void *obj, struct arena *a);
/* Stores the default of every row. */
void settings_reset(const struct settings *t, void *obj, struct arena *a);

/* The value as one types it in the environment, and as JSON. Secrets are masked; masking what is masked
 * changes nothing. */
void setting_print(const struct setting *s, const void *obj, struct buf *out);
void setting_print_json(const struct setting *s, const void *obj, struct buf *out);
/* A secret as it may be shown: the first and last four characters when it is longer than 16. */
void setting_print_masked(struct str secret, struct buf *out);
/* A quoted JSON string. */
void setting_print_quoted(struct str s, struct buf *out);

/* Whether two objects hold the same value of this row. */
bool setting_equal(const struct setting *s, const void *a, const void *b);
/* An empty string, list or map. Never true for other types. */
bool setting_empty(const struct setting *s, const void *obj);

/* The row of that path; NULL without one. */
const struct setting *settings_find(const struct settings *t, struct str path);
/* Whether some row's path begins with this one and a dot. */
bool settings_is_group(const struct settings *t, struct str path);
/* "SLUICE_" prefix, "limits.idle_s" gives "SLUICE_LIMITS_IDLE_S". */
void setting_env_name(struct str prefix, struct str path, struct buf *out);
/* Whether that is the path's name in the environment, without any prefix. */
bool setting_env_is(struct str path, struct str name);

/* The best guess at what a misspelt word was meant to be: start with zeroes and offer every candidate.
 * Case does not count, nor which one of . - _ it is. */
struct setting_guess {
	struct str word; /* empty: nothing near */
	size_t distance;
};
void setting_guess(struct setting_guess *g, struct str misspelt, struct str candidate);

/* What is wrong with a text that is to be kept and shown: control characters, or that it is not UTF-8; NULL: nothing. */
const char *setting_text_problem(struct str s);

/* A string as an error text may quote it: cut when long, control characters replaced. */
struct setting_quote {
	char s[72];
};
struct setting_quote setting_quote(struct str s);

/* What the row accepts, in words: "a number of seconds from 0.05 to 3600". */
void setting_describe(const struct setting *s, struct buf *out);
/* The row's JSON Schema, without line breaks. */
void setting_print_schema(const struct setting *s, struct buf *out);
/* The row's line in a Markdown table: name, type, default, what it does. */
void setting_print_reference(const struct setting *s, struct str prefix, struct buf *out);

#endif
