/* SPDX-License-Identifier: MIT */
/* What the parts of the configuration loader share. Only core/config*.c includes this. */
#ifndef CORE_CONFIG_LOAD_H
#define CORE_CONFIG_LOAD_H

#include "core/config.h"

enum { CONFIG_PROVIDERS_MAX = 64, CONFIG_SOURCES_MAX = 72, CONFIG_FILE_MAX = 256 << 10 };

/* One file, variable or flag while its settings are taken over. */
struct config_reading {
	enum config_layer layer;
	struct str file;           /* as in an origin */
	struct str dir;            /* where relative file names in it start; empty: unknown */
	struct str text;           /* of a file: what offsets are located in */
	struct setting_place last; /* the place located last */
	unsigned mode;             /* of a file */
	bool exposed;              /* others can read the keys in it, which has been said */
};

struct config_loading {
	const struct config_input *in;
	struct config *config;
	struct config_report *report;
	struct arena *scratch; /* lives as long as the loading */
	struct config_reading dotenv;
	struct config_provider unset; /* all its settings at their defaults */
	struct config_reading rules;  /* where route.rules come from: for places within them */
};

/* A row in its table, and where its value and origin are kept. */
struct config_target {
	struct str path; /* in full */
	const struct settings *table;
	const struct setting *row;
	void *obj;
	struct config_origin *origins; /* of all rows of the table */
};

extern const struct config_origin config_by_default;

/* The place of byte offset pos in what is being read; SIZE_MAX: no place in it. */
struct config_origin config_place(struct config_reading *r, size_t pos);
/* Adds to the report; at may be NULL. */
void config_complain(struct config_loading *l, enum config_severity severity,
	const struct config_origin *at, const char *fmt, ...) PRINTF(4, 5);
bool config_complaints_full(const struct config_loading *l);

/* The provider of that name, made when there is none; NULL, with a complaint, when it cannot be. */
struct config_provider *config_provider_add(
	struct config_loading *l, struct str name, const struct config_origin *at);
/* A setting of a provider; its path is for the caller to fill in. */
struct config_target config_provider_target(
	struct config_loading *l, const struct config_provider *p, const struct setting *row);

/* What a path means. */
enum config_path {
	CONFIG_PATH_UNKNOWN,
	CONFIG_PATH_GROUP,
	CONFIG_PATH_SETTING,
	CONFIG_PATH_REFUSED
};

/* Finds a setting by its path and makes the provider that it names, complaining (REFUSED) when that
 * cannot be. *ret is filled for a SETTING only. */
enum config_path config_resolve(struct config_loading *l, struct str path,
	const struct config_origin *at, struct config_target *ret);
/* Complains that there is no such setting, and says which one may be meant. */
void config_complain_unknown(
	struct config_loading *l, const struct config_origin *at, struct str path);

/* Stores one value of a layer, or complains. Layers come weakest first. */
void config_take(struct config_loading *l, struct config_reading *r, size_t pos, struct str path,
	const struct setting_value *v);
/* Warns where others can read a key that was found at pos; once a file. */
void config_check_exposure(struct config_loading *l, struct config_reading *r, size_t pos);

/* The layers: the user's file, the project's and .env; the environment; flags. */
void config_read_files(struct config_loading *l);
void config_read_dotenv(struct config_loading *l);
void config_read_env(struct config_loading *l);
void config_read_sets(struct config_loading *l);

/* A variable of the environment; NULL p without it. */
struct str config_env(const struct config_input *in, struct str name);
/* The same, or else of the .env file; *ret_at says where it stands. */
struct str config_variable(struct config_loading *l, struct str name, struct config_origin *ret_at);
/* Reads a file as the input says, into r->text and r->mode; 0 or an errno. */
int config_read_file(struct config_loading *l, struct config_reading *r, bool *ret_foreign);
/* An absolute name for one that may be relative to dir or begin with "~/"; in the snapshot's arena. */
struct str config_file_name(struct config_loading *l, struct str dir, struct str name);
/* Notes a file that was looked for. */
void config_add_source(
	struct config_loading *l, enum config_layer layer, struct str file, bool found);

/* What one value alone cannot tell: addresses, URLs, keys, and settings that need one another. */
void config_check(struct config_loading *l);
/* Makes rules and script ready to run. */
void config_check_rules(struct config_loading *l);
/* Fetches keys from variables and files. */
void config_read_keys(struct config_loading *l);

/* A provider that needs no more than its name and a key. */
struct config_preset {
	const char *name, *dialect, *flavor, *base_url;
	const char *
		key_env; /* variable in which people keep its key; NULL: it is a server on this machine, which wants none */
};
enum { CONFIG_PRESETS = 14 };
extern const struct config_preset config_presets[CONFIG_PRESETS];

/* How settings are printed as members of nested objects. */
struct config_tree {
	const char *open, *close; /* of a group */
	void (*print)(const struct setting *s, const void *obj, struct buf *out);
};

/* Prints a table's rows, each on a line of its own, without the outermost braces. With an object, leaves
 * out what could not be loaded together with the rest. */
void config_print_tree(const struct config_tree *tree, const struct settings *t, const void *obj,
	const char *indent, struct buf *out);

/* One NAME=value of a .env file. */
struct config_dotenv {
	struct str name, value; /* value in the arena */
	size_t pos;             /* of the name */
	const char *problem;    /* why the value cannot be told; NULL: none */
};
/* The next assignment at or after *at, which moves behind it; false at the end. Lines that assign nothing
 * are passed over unless they begin like a setting of ours. */
bool config_dotenv_next(struct str text, size_t *at, struct arena *a, struct config_dotenv *ret);

/* The text of a file that a setting names, which its changes reload; NULL when it cannot be read, which is an error then. */
struct str config_read_text(
	struct config_loading *l, enum config_row row, const char *setting, struct str file);

/* The examples of `route.examples`. */
void config_check_examples(struct config_loading *l);

#endif
