/* SPDX-License-Identifier: MIT */
/* Splices in a file of somebody else's. Files are replaced as a whole, so that nobody ever sees half of one. */
#include "app/statusline_install.h"

#include "app/data.h"
#include "app/paths.h"
#include "wire/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yyjson.h>

enum { SETTINGS_MAX = 8 << 20 };

static const struct str member_name = STR_INIT("statusLine");

/* ---- places in the text ---- */

/* Offsets of the member, and of what is around it. */
struct place {
	bool found, any;        /* the member; any member at all */
	size_t open;            /* behind the object's brace */
	size_t key, value, end; /* of the member: its quote, its value, behind that */
	size_t previous, next;  /* end of the member before; quote of the one behind; 0: none */
	size_t first, last;     /* quote of the first member; end of the last one */
};

static bool is_object(struct str text, struct err *e)
{
	yyjson_read_err why;
	yyjson_doc *doc = yyjson_read_opts(
		(char *)(uintptr_t)(text.n > 0 ? text.p : ""), text.n, 0, NULL, &why);
	bool ok = yyjson_is_obj(yyjson_doc_get_root(doc));

	yyjson_doc_free(doc);
	if (ok)
		return true;
	return doc != NULL ? err_set(e, ERR_INVALID, "it is no JSON object")
			   : err_set(e, ERR_INVALID, "%s at byte %zu", why.msg, why.pos);
}

static bool find_member(struct str text, struct place *ret, struct err *e)
{
	struct json_iter it;
	struct json_member m;

	*ret = (struct place){ .open = str_find_char(text, '{') + 1 };
	if (!is_object(text, e) || !json_iter_init(&it, text, e))
		return false;
	*e = (struct err){ 0 };
	while (json_next(&it, &m, e)) {
		size_t key = (size_t)(m.key.p - text.p) - 1;
		size_t value = (size_t)(m.value.p - text.p);
		if (ret->found && ret->next == 0)
			ret->next = key;
		if (json_key_is(m.key, member_name)) {
			ret->found = true;
			ret->previous = ret->last;
			ret->next = 0;
			ret->key = key;
			ret->value = value;
			ret->end = value + m.value.n;
		}
		if (!ret->any)
			ret->first = key;
		ret->any = true;
		ret->last = value + m.value.n;
	}
	return e->kind == ERR_NONE;
}

/* Whether a status line is one that was put there by this program. */
static bool is_ours(struct str value)
{
	struct arena *a = arena_new();
	struct str command = json_string(json_get(value, STR("command")), a);
	bool ours = command.p != NULL && str_ends(command, STR(" statusline")) &&
		    str_find(command, STR("sluice")) < command.n;

	arena_free(a);
	return ours;
}

/* ---- texts ---- */

static void add_value(struct buf *out, struct str command)
{
	buf_add(out, STR("{\"type\": \"command\", \"command\": "));
	json_add_string(out, command);
	buf_add(out, STR("}"));
}

/* A member behind the last one, in the way in which the first one stands. */
static void append_member(
	struct buf *out, struct str text, const struct place *at, struct str value)
{
	struct str before = { text.p + at->open, at->any ? at->first - at->open : 0 };
	size_t where = at->any ? at->last : at->open;

	buf_add(out, (struct str){ text.p, where });
	if (at->any) {
		buf_add_char(out, ',');
		buf_add(out, before);
	} else {
		buf_add(out, STR("\n  "));
	}
	buf_addf(out, "\"%.*s\": ", STR_ARG(member_name));
	buf_add(out, value);
	struct str rest = str_from_offset(text, where);
	if (!at->any && rest.n > 0 && rest.p[0] == '}')
		buf_add_char(out, '\n');
	buf_add(out, rest);
}

bool statusline_put(
	struct str text, struct str command, struct buf *ret, struct str *ret_former, struct err *e)
{
	struct place at;
	struct buf value;

	*ret_former = (struct str){ text.p, 0 };
	if (!find_member(text, &at, e))
		return false;
	buf_init(&value, SIZE_MAX);
	add_value(&value, command);
	if (at.found) {
		struct str now = { text.p + at.value, at.end - at.value };
		const struct json_splice splice = { at.value, now.n, buf_str(&value) };
		if (!is_ours(now))
			*ret_former = now;
		json_splice(ret, text, &splice, 1);
	} else {
		append_member(ret, text, &at, buf_str(&value));
	}
	buf_release(&value);
	return true;
}

bool statusline_take(struct str text, struct str former, struct buf *ret,
	enum statusline_change *ret_change, struct err *e)
{
	struct place at;

	*ret_change = STATUSLINE_NONE;
	if (!find_member(text, &at, e))
		return false;
	if (!at.found)
		return true;
	*ret_change = STATUSLINE_NOT_OURS;
	if (!is_ours((struct str){ text.p + at.value, at.end - at.value }))
		return true;
	*ret_change = former.n > 0 ? STATUSLINE_RESTORED : STATUSLINE_REMOVED;
	size_t from = former.n > 0       ? at.value
		      : at.previous != 0 ? at.previous
		      : at.next != 0     ? at.key
					 : at.open;
	size_t to = former.n == 0 && at.previous == 0 && at.next != 0 ? at.next : at.end;
	const struct json_splice splice = { from, to - from, former };
	json_splice(ret, text, &splice, 1);
	return true;
}

/* ---- files ---- */

struct files {
	struct arena *arena;
	char *settings;     /* with links resolved; what is there is replaced */
	const char *former; /* keeps the user's own */
	mode_t mode;
	uid_t uid; /* -1: whoever runs this */
	gid_t gid;
	bool exists;
	struct buf text;
};

/* Follows links even where nothing is at their end yet. */
static bool find_files(struct files *f, const char *folder, struct err *e)
{
	struct stat st;

	*f = (struct files){
		.arena = arena_new(), .mode = 0600, .uid = (uid_t)-1, .gid = (gid_t)-1
	};
	buf_init(&f->text, SETTINGS_MAX);
	struct str named = arena_printf(f->arena, "%s/settings.json", folder);
	f->former = arena_printf(f->arena, "%s/sluice-statusline.json", folder).p;
	f->settings = realpath(named.p, NULL);
	f->exists = f->settings != NULL;
	if (!f->exists && (errno != ENOENT || lstat(named.p, &st) == 0))
		return err_set(e, ERR_INVALID, "cannot read '%s'", named.p);
	if (!f->exists) {
		f->settings = must_strdup(named.p);
		buf_add(&f->text, STR("{}\n"));
		return true;
	}
	if (stat(f->settings, &st) == 0) {
		f->mode = st.st_mode & 0777;
		f->uid = st.st_uid;
		f->gid = st.st_gid;
	}
	/* Replacing it would work all the same, against the wish of whoever protected it. */
	if ((f->mode & S_IWUSR) == 0)
		return err_set(e, ERR_INVALID, "'%s' is read-only", f->settings);
	if (!data_read_file(f->settings, SETTINGS_MAX, &f->text, e))
		return false;
	if (str_trim(buf_str(&f->text)).n == 0) {
		buf_clear(&f->text);
		buf_add(&f->text, STR("{}\n"));
	}
	return true;
}

static void release_files(struct files *f)
{
	free(f->settings);
	buf_release(&f->text);
	arena_free(f->arena);
}

static bool write_file(
	const struct files *f, const char *path, mode_t mode, struct str text, struct err *e)
{
	char temporary[PATH_MAX], reason[128];
	int n = snprintf(temporary, sizeof(temporary), "%s.sluice-new", path);
	int fd = n < (int)sizeof(temporary)
			 ? open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
				   0600)
			 : -1;
	/* Where we may: root must not take a user's file away. */
	bool owned = fd >= 0 && fchown(fd, f->uid, f->gid) == 0;
	bool ok = fd >= 0 && fchmod(fd, owned ? mode : mode & 0700) == 0 &&
		  write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
	int why = errno;

	if (fd >= 0)
		close(fd);
	if (ok && rename(temporary, path) == 0)
		return true;
	why = ok ? errno : why;
	if (fd >= 0)
		unlink(temporary);
	return err_set(e, ERR_INTERNAL, "cannot write '%s': %s", path,
		strerror_r(why, reason, sizeof(reason)));
}

/* Names the file in an error that is about its text. */
static bool blame(const struct files *f, struct err *e)
{
	struct err why = *e;

	return err_set(e, ERR_INVALID, "'%.100s' is left as it is: %.120s", f->settings, why.text);
}

static bool keep_former(const struct files *f, struct str former, struct err *e)
{
	struct str text = arena_printf(f->arena, "{\"statusLine\": %.*s}\n", STR_ARG(former));

	return write_file(f, f->former, 0600, text, e);
}

bool statusline_install(
	const char *folder, struct str command, enum statusline_change *ret, struct err *e)
{
	struct files f;
	struct str former;
	struct buf fresh;

	buf_init(&fresh, SIZE_MAX);
	bool ok = find_files(&f, folder, e);
	if (ok && !statusline_put(buf_str(&f.text), command, &fresh, &former, e))
		ok = blame(&f, e);
	if (ok) {
		*ret = former.n > 0 ? STATUSLINE_REPLACED : STATUSLINE_SET;
		ok = (f.exists || paths_make_dir(folder, e)) &&
		     (former.n == 0 || keep_former(&f, former, e)) &&
		     write_file(&f, f.settings, f.mode, buf_str(&fresh), e);
	}
	buf_release(&fresh);
	release_files(&f);
	return ok;
}

bool statusline_uninstall(const char *folder, enum statusline_change *ret, struct err *e)
{
	struct files f;
	struct buf fresh, kept;
	struct err none;

	buf_init(&fresh, SIZE_MAX);
	buf_init(&kept, SETTINGS_MAX);
	bool ok = find_files(&f, folder, e);
	bool there = ok && access(f.former, F_OK) == 0;
	/* A kept status line that cannot be read must not be thrown away. */
	if (there)
		ok = data_read_file(f.former, SETTINGS_MAX, &kept, e) &&
		     is_object(buf_str(&kept), e);
	struct str former = there && ok ? json_get(buf_str(&kept), member_name) : STR("");
	if (ok && !statusline_take(buf_str(&f.text), former, &fresh, ret, e))
		ok = blame(&f, e);
	if (ok && fresh.n > 0)
		ok = write_file(&f, f.settings, f.mode, buf_str(&fresh), e);
	if (ok && there && *ret == STATUSLINE_RESTORED && unlink(f.former) != 0)
		err_set(&none, ERR_INTERNAL, "it is only a copy");
	buf_release(&fresh);
	buf_release(&kept);
	release_files(&f);
	return ok;
}
