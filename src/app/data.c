/* SPDX-License-Identifier: MIT */
/* The user's data, by the XDG Base Directory Specification. */
#include "app/data.h"

#include "app/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TABLE_MAX = 64 << 20 };

static struct str in_data_folder(struct arena *a, const char *name)
{
	const char *xdg = getenv("XDG_DATA_HOME"), *home = paths_home();

	if (xdg != NULL && *xdg == '/')
		return arena_printf(a, "%s/sluice/%s", xdg, name);
	if (home != NULL && *home == '/')
		return arena_printf(a, "%s/.local/share/sluice/%s", home, name);
	return STR("");
}

struct str data_ledger(const struct config *c, struct arena *a)
{
	/* A copy: the configuration may go before the ledger does. */
	return c->store_path.n > 0 ? arena_dup(a, c->store_path) : in_data_folder(a, "ledger.db");
}

struct str data_prices(const struct config *c, struct arena *a)
{
	return c->prices_file.n > 0 ? c->prices_file : in_data_folder(a, "prices.json");
}

/* To write would make a new one: only what is there to be read is opened. */
static struct store *open_ledger(const char *path, enum store_access access, struct err *e)
{
	struct store *s = store_sqlite.open(path, STORE_READ, e);

	if (s == NULL || access == STORE_READ)
		return s;
	s->driver->close(s);
	return store_sqlite.open(path, access, e);
}

struct store *data_open_ledger(const struct cmd *c, struct err *e)
{
	return data_open_ledger_to(c, STORE_READ, e);
}

struct store *data_open_ledger_to(const struct cmd *c, enum store_access access, struct err *e)
{
	struct config *config = cmd_load_config(c, false);
	struct arena *a = arena_new();
	struct store *s = NULL;

	if (config == NULL) {
		err_set(e, ERR_INVALID, "the configuration has errors");
	} else {
		struct str path = data_ledger(config, a);
		s = open_ledger(path.p, access, e);
		if (s == NULL && e->kind == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND, "nothing is recorded yet (there is no '%s')",
				path.p);
	}
	config_unref(config);
	arena_free(a);
	return s;
}

bool data_make_folder_of(struct str path, struct err *e)
{
	char *folder = must_strdup(path.p);
	char *slash = strrchr(folder, '/');
	bool ok = true;

	if (slash != NULL && slash != folder) {
		*slash = '\0';
		/* One that is there already may be anybody's: the file will tell. */
		ok = access(folder, F_OK) == 0 || paths_make_dir(folder, e);
	}
	free(folder);
	return ok;
}

bool data_read_file(const char *path, size_t max, struct buf *ret, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? 1 : -1;
	char reason[128];

	buf_init(ret, max);
	while (n > 0 && !ret->overflow &&
		buf_reserve(ret, 65536 < max - ret->n ? 65536 : max - ret->n)) {
		if (ret->n == max)
			break;
		n = read(fd, ret->p + ret->n, ret->cap - ret->n);
		ret->n += n > 0 ? (size_t)n : 0;
	}
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (n == 0)
		return true;
	if (n > 0)
		return err_set(e, ERR_TOO_LARGE, "'%s' is larger than %zu bytes", path, max);
	return err_set(e, why == ENOENT ? ERR_NOT_FOUND : ERR_INVALID, "cannot read '%s': %s", path,
		strerror_r(why, reason, sizeof(reason)));
}

/* ---- prices ---- */

static bool add_users_table(struct price_book *b, const struct config *c, struct err *e)
{
	struct str path = data_prices(c, b->arena);
	struct err why = { 0 };
	struct buf text;
	size_t skipped;

	if (path.n == 0)
		return true;
	bool read = data_read_file(path.p, TABLE_MAX, &text, &why);
	bool ok = read && prices_read(&b->prices, buf_str(&text), b->arena, &skipped, &why);
	buf_release(&text);
	/* Only one that was named must be there. */
	if (ok || (why.kind == ERR_NOT_FOUND && c->prices_file.n == 0))
		return true;
	return read ? err_set(e, why.kind, "price table '%s': %s", path.p, why.text)
		    : err_set(e, why.kind, "price table: %s", why.text);
}

bool price_book_load(struct price_book *ret, const struct config *c, struct err *e)
{
	size_t skipped;

	*ret = (struct price_book){ .arena = arena_new() };
	if (!prices_read(&ret->prices, prices_builtin(), ret->arena, &skipped, e) ||
		!add_users_table(ret, c, e))
		return false;
	for (size_t i = 0; i < c->prices_models.n; i++) {
		const struct str_pair *m = &c->prices_models.v[i];
		struct err why;
		if (!prices_override(&ret->prices, m->name, m->value, ret->arena, &why))
			return err_set(e, why.kind, "\"prices.models\": %s", why.text);
	}
	return true;
}

void price_book_release(struct price_book *b)
{
	arena_free(b->arena);
	*b = (struct price_book){ 0 };
}
