/* SPDX-License-Identifier: MIT */
/* The configuration: from the table in core/config_table.h come the struct, the parser, defaults, bounds,
 * the environment names, `sluice config show|check|schema` and docs/config.md. A loaded configuration is
 * an immutable snapshot with a reference count; an exchange keeps the one it began with. To reload, load
 * again and, unless that gives NULL, swap the snapshots. */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include "base/settings.h"
#include "core/config_table.h"

#define CONFIG_FIELD(field, type, ...)  SETTING_C_TYPE_##type field;
#define CONFIG_ROW(field, ...)          CONFIG_ROW_##field,
#define CONFIG_PROVIDER_ROW(field, ...) CONFIG_PROVIDER_ROW_##field,

/* Places of the rows in the two tables. */
enum config_row { CONFIG_SETTINGS(CONFIG_ROW) CONFIG_ROWS };
enum config_provider_row { CONFIG_PROVIDER_SETTINGS(CONFIG_PROVIDER_ROW) CONFIG_PROVIDER_ROWS };

/* One of several keys of a provider. */
struct config_key {
	struct str name, secret;
	unsigned weight; /* at least 1 */
};

/* What a rule of route.rules holds. */
enum config_rule_part { CONFIG_RULE_WHEN, CONFIG_RULE_USE, CONFIG_RULE_WHY };

struct config_provider {
	struct str name;
	CONFIG_PROVIDER_SETTINGS(CONFIG_FIELD)
	/* The keys of `keys`, resolved; api_key is then the first of them. */
	struct config_key *key_list;
	size_t nkeys;
	/* A key found in the environment under the provider's usual name: for requests of clients that mean another provider, when
	 * there is no api_key. Those who mean this one bring their own. */
	struct str found_key;
	const char *key_env; /* that name; NULL: it has none */
};

struct config {
	unsigned refs;
	struct arena *arena; /* owns this struct and all views below */
	CONFIG_SETTINGS(CONFIG_FIELD)
	/* In the order: presets, then those of the file. Secrets are
	 * resolved: api_key and auth_key hold the key itself wherever it came from. */
	struct config_provider *providers;
	size_t nproviders;
	struct script
		*script; /* core/script.h: rules and script, ready to run; NULL: there are none */
	struct str examples;           /* of route.examples */
	struct classifier *classifier; /* see config_classifier() */
};

/* Where a value comes from, weakest first. */
enum config_layer {
	CONFIG_DEFAULT,
	CONFIG_PRESET,
	CONFIG_USER,    /* config.json */
	CONFIG_PROJECT, /* .sluice.json */
	CONFIG_DOTENV,
	CONFIG_ENV,
	CONFIG_FLAG,
};

struct config_origin {
	enum config_layer layer;
	struct str
		file; /* a file's name, "environment NAME", "--set PATH", "default" or "preset" */
	unsigned line, column; /* from 1; 0: no place in it */
};

enum config_severity { CONFIG_NOTE, CONFIG_WARNING, CONFIG_ERROR };

struct config_problem {
	enum config_severity severity;
	struct str file;       /* as in an origin; empty: the configuration as a whole */
	unsigned line, column; /* from 1, in characters; 0: no place in it */
	struct str text;       /* never holds a secret */
};

/* A file that was read, or looked for in vain; these are the ones to watch for changes. */
struct config_source {
	enum config_layer layer; /* what it is; CONFIG_FLAG: the file of a key */
	struct str file;
	bool found;
};

/* Where a provider's values come from. */
struct config_provider_origins {
	struct config_origin first; /* where the provider is first mentioned */
	struct config_origin v[CONFIG_PROVIDER_ROWS];
};

/* What loading had to say. Owns its strings; lives apart from the snapshot. */
struct config_report {
	struct arena *arena;
	struct config_problem *problems;
	size_t n;
	size_t errors; /* how many of them are errors */
	struct config_source *sources;
	size_t nsources;
	struct config_origin origins[CONFIG_ROWS];
	struct config_provider_origins *providers; /* as in the snapshot */
};

/* A file's contents, as config_input.read gives it. */
struct config_file {
	struct buf text;
	unsigned mode; /* permission bits */
	bool foreign;  /* belongs to another user who is not root */
};

/* All that a configuration is loaded from. */
struct config_input {
	char *const *env; /* "NAME=value" …, NULL at the end; NULL: empty */
	const char *cwd;  /* absolute; where .env and .sluice.json are looked for; NULL: nowhere */
	const char *home; /* absolute; NULL: unknown */
	const char *file; /* --config: read instead of the user's file, must exist; NULL: none */
	const char *const *sets; /* --set: "path=value" */
	size_t nsets;
	/* Reads a file into ret, whose buffer is initialised; 0 or an errno. NULL: the real file system. */
	int (*read)(void *ctx, const char *path, struct config_file *ret);
	void *ctx;
};

/* Loads the configuration; NULL when there are errors. *report is filled in either case and is the
 * caller's to release. Both results are independent of the input's memory. */
struct config *config_load(const struct config_input *in, struct config_report *report) MUSTCHECK;
/* NULL-safe for a report that is all zero. */
void config_report_release(struct config_report *report);
/* "file:line:column: error: text" and a line feed, as compilers print it. */
void config_problem_print(const struct config_problem *p, struct buf *out);
/* "default", "preset", "/home/me/.config/sluice/config.json:3:5", "environment SLUICE_LISTEN". */
void config_origin_print(const struct config_origin *o, struct buf *out);

/* The provider of that name; NULL without one. */
const struct config_provider *config_provider(const struct config *c, struct str name);

/* What judges how difficult a task is, by examples built in and the user's own; NULL when there are too many of them. */
const struct classifier *config_classifier(struct config *c);

struct config *config_ref(struct config *c);
/* Frees the snapshot with its last reference. NULL is accepted. */
void config_unref(struct config *c);

/* The tables, for whoever walks all settings. */
extern const struct settings config_settings, config_provider_settings;

/* Every setting with its value and origin, one a line; secrets masked. */
void config_show(const struct config *c, const struct config_report *report, struct buf *out);
/* {"settings": …, "origins": …}; the first part could be loaded again, but that its secrets are masked. */
void config_show_json(const struct config *c, const struct config_report *report, struct buf *out);
/* The first part alone. */
void config_show_settings(const struct config *c, struct buf *out);
/* The JSON Schema (draft 2020-12) of configuration files: docs/config.schema.json. */
void config_schema(struct buf *out);
/* The reference of all settings in Markdown: docs/config.md. */
void config_reference(struct buf *out);

#endif
