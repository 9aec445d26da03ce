/* SPDX-License-Identifier: MIT */
/* The layers of the configuration: where each is found, and how its settings are spelt. Takes nothing
 * from the process: environment, folders and files come from the input. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config_load.h"

/* Reads until the end or the buffer's ceiling. */
static int read_all(int fd, struct buf *out)
{
	for (;;) {
		if (!buf_reserve(out, 4096))
			return EFBIG;
		ssize_t n = read(fd, out->p + out->n, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? 0 : errno;
		out->n += (size_t)n;
	}
}

static int read_real(void *ctx, const char *path, struct config_file *ret)
{
	struct stat st;
	int fd, result;

	/* Without waiting for the other end of a named pipe that has none, or for a terminal. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno;
	if (fstat(fd, &st) != 0) {
		result = errno;
	} else {
		ret->mode = st.st_mode & 07777;
		ret->foreign = st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0;
		if (S_ISFIFO(st.st_mode))
			fcntl(fd, F_SETFL, O_RDONLY);
		result = read_all(fd, &ret->text);
	}
	close(fd);
	return result;
}

int config_read_file(struct config_loading *l, struct config_reading *r, bool *ret_foreign)
{
	struct config_file file = { .mode = 0 };
	int (*read_it)(void *, const char *, struct config_file *) =
		l->in->read != NULL ? l->in->read : read_real;

	buf_init(&file.text, CONFIG_FILE_MAX);
	int result = read_it(l->in->ctx, arena_dup(l->scratch, r->file).p, &file);
	r->text = arena_dup(l->scratch, buf_str(&file.text));
	r->mode = file.mode;
	*ret_foreign = file.foreign;
	buf_release(&file.text);
	return result;
}

static bool is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

static struct str without_slash(struct str dir)
{
	while (dir.n > 1 && dir.p[dir.n - 1] == '/')
		dir.n--;
	return dir;
}

static struct str parent(struct str path)
{
	while (path.n > 0 && path.p[path.n - 1] != '/')
		path.n--;
	return without_slash(path);
}

static struct str join(struct arena *a, struct str dir, const char *name)
{
	dir = without_slash(dir);
	return arena_printf(a, "%.*s%s%s", STR_ARG(dir), str_ends(dir, STR("/")) ? "" : "/", name);
}

struct str config_file_name(struct config_loading *l, struct str dir, struct str name)
{
	struct arena *a = l->config->arena;

	if (str_starts(name, STR("~/")) && l->in->home != NULL)
		return join(a, str_from(l->in->home), arena_dup(a, str_from_offset(name, 2)).p);
	if (str_starts(name, STR("/")) || dir.n == 0)
		return name;
	return join(a, dir, name.p);
}

void config_add_source(
	struct config_loading *l, enum config_layer layer, struct str file, bool found)
{
	struct config_report *report = l->report;

	assert(report->nsources < CONFIG_SOURCES_MAX);
	report->sources[report->nsources++] =
		(struct config_source){ layer, arena_dup(report->arena, file), found };
}

static void read_object(struct config_loading *l, struct config_reading *r, struct str prefix,
	const struct setting_value *object);

static void read_member(struct config_loading *l, struct config_reading *r, struct str path,
	const struct setting_member *m)
{
	const struct config_origin at = config_place(r, m->pos);
	enum config_path kind = CONFIG_PATH_SETTING;
	struct config_target t;

	if (m->value.kind == VALUE_OBJECT)
		kind = config_resolve(l, path, &at, &t);
	if (kind == CONFIG_PATH_GROUP)
		read_object(l, r, path, &m->value);
	else if (kind != CONFIG_PATH_REFUSED && !str_eq(path, STR("$schema")))
		config_take(l, r, m->pos, path, &m->value);
}

/* Objects within objects give paths with dots; a key may hold dots itself. */
static void read_object(struct config_loading *l, struct config_reading *r, struct str prefix,
	const struct setting_value *object)
{
	for (size_t i = 0; i < object->n && !config_complaints_full(l); i++) {
		const struct setting_member *m = &object->members[i], *twin = object->members;
		struct str path = arena_printf(l->scratch, "%.*s%s%.*s", STR_ARG(prefix),
			prefix.n > 0 ? "." : "", STR_ARG(m->key));
		while (!str_eq(twin->key, m->key))
			twin++;
		if (twin == m) {
			read_member(l, r, path, m);
			continue;
		}
		const struct config_origin at = config_place(r, m->pos);
		config_complain(l, CONFIG_ERROR, &at, "\"%s\" is given twice, first on line %u",
			setting_quote(path).s, config_place(r, twin->pos).line);
	}
}

static void read_json(struct config_loading *l, struct config_reading *r)
{
	struct setting_value root;
	struct err e;
	size_t pos;
	bool ok = setting_read_json(l->scratch, r->text, &root, &pos, &e);

	if (ok && root.kind != VALUE_OBJECT)
		ok = err_set(&e, ERR_INVALID, "a configuration must be an object: { … }");
	struct config_origin at = config_place(r, pos);
	if (!ok)
		config_complain(l, CONFIG_ERROR, &at, "%s", e.text);
	else
		read_object(l, r, (struct str){ "", 0 }, &root);
}

/* A file that lies about; false, with a warning unless it is simply not there, when it is not used. */
static bool find_file(struct config_loading *l, struct config_reading *r, int *ret_error)
{
	const struct config_origin at = { .layer = r->layer, .file = r->file };
	bool foreign;

	*ret_error = config_read_file(l, r, &foreign);
	if (*ret_error != 0 && !is_missing(*ret_error))
		config_complain(l, CONFIG_WARNING, &at, "cannot be read, and is left out: %s",
			strerror(*ret_error));
	else if (*ret_error == 0 && foreign)
		config_complain(l, CONFIG_WARNING, &at, "belongs to another user, and is left out");
	return *ret_error == 0 && !foreign;
}

static struct str user_file(struct config_loading *l)
{
	const struct config_input *in = l->in;
	struct str xdg = config_env(in, STR("XDG_CONFIG_HOME"));

	/* The XDG specification wants a relative one ignored. */
	if (str_starts(xdg, STR("/")))
		return join(l->report->arena, xdg, "sluice/config.json");
	if (in->home == NULL)
		return (struct str){ NULL, 0 };
	return join(l->report->arena, str_from(in->home), ".config/sluice/config.json");
}

static void read_user(struct config_loading *l)
{
	const char *named = l->in->file ? l->in->file : config_env(l->in, STR("SLUICE_CONFIG")).p;
	struct config_reading r = { .layer = CONFIG_USER };
	bool foreign;

	if (named == NULL || named[0] == '\0')
		r.file = user_file(l);
	else if (named[0] == '/' || l->in->cwd == NULL)
		r.file = arena_dup(l->report->arena, str_from(named));
	else
		r.file = join(l->report->arena, str_from(l->in->cwd), named);
	if (r.file.p == NULL)
		return;
	r.dir = parent(r.file);
	int error = config_read_file(l, &r, &foreign);
	config_add_source(l, CONFIG_USER, r.file, error == 0);
	struct config_origin at = config_place(&r, SIZE_MAX);
	if (error == 0)
		read_json(l, &r);
	else if (named != NULL || !is_missing(error))
		config_complain(l, CONFIG_ERROR, &at, "cannot be read: %s", strerror(error));
}

/* Whether the search for a project file ends at this folder. */
static bool is_root(struct config_loading *l, struct str dir)
{
	struct config_reading git = { .file = join(l->scratch, dir, ".git") };
	bool foreign;

	return dir.n <= 1 || !is_missing(config_read_file(l, &git, &foreign)) ||
	       (l->in->home != NULL && str_eq(dir, without_slash(str_from(l->in->home))));
}

/* In the current folder, or the nearest one above, up to the repository's root or the home folder. */
static void read_project(struct config_loading *l)
{
	const struct str cwd = without_slash(str_from(l->in->cwd));
	struct config_reading r = { .layer = CONFIG_PROJECT };
	int error;

	for (r.dir = cwd;; r.dir = parent(r.dir)) {
		r.file = join(l->report->arena, r.dir, ".sluice.json");
		bool found = find_file(l, &r, &error);
		if (found || r.dir.n == cwd.n)
			config_add_source(l, CONFIG_PROJECT, r.file, found);
		if (found)
			read_json(l, &r);
		if (!is_missing(error) || is_root(l, r.dir))
			return;
	}
}

void config_read_files(struct config_loading *l)
{
	struct config_reading *env = &l->dotenv;
	int error;

	read_user(l);
	if (l->in->cwd == NULL)
		return;
	read_project(l);
	env->layer = CONFIG_DOTENV;
	env->dir = str_from(l->in->cwd);
	env->file = join(l->report->arena, env->dir, ".env");
	bool found = find_file(l, env, &error);
	config_add_source(l, CONFIG_DOTENV, env->file, found);
	if (found)
		config_read_dotenv(l);
	else
		env->text = (struct str){ NULL, 0 };
}

struct str config_read_text(
	struct config_loading *l, enum config_row row, const char *setting, struct str file)
{
	const struct config_origin *from = &l->report->origins[row];
	struct config_reading r = { .layer = from->layer, .file = file };
	bool foreign;
	int error = config_read_file(l, &r, &foreign);

	config_add_source(l, CONFIG_FLAG, r.file, error == 0);
	if (error == 0)
		return r.text;
	config_complain(l, CONFIG_ERROR, from, "\"%s\": cannot read \"%s\": %s", setting,
		setting_quote(r.file).s, strerror(error));
	return (struct str){ NULL, 0 };
}
