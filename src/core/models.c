/* SPDX-License-Identifier: MIT */
/* Values are short and looked at anew each time: there is nothing to keep in step with the configuration. */
#include "core/models.h"

#include "llm/target.h"
#include "llm/turn.h"

#include <fnmatch.h>
#include <string.h>

bool models_next_param(struct str *rest, struct str *ret_name, struct str *ret_value)
{
	struct str part;

	do {
		if (!str_split(rest, ' ', &part))
			return false;
	} while (part.n == 0);
	size_t at = str_find_char(part, '=');
	*ret_name = (struct str){ part.p, at };
	*ret_value = at < part.n ? str_from_offset(part, at + 1) : (struct str){ NULL, 0 };
	return true;
}

static bool check_params(struct str params, struct err *e)
{
	struct str name, value;
	struct caps caps = { 0 };

	while (models_next_param(&params, &name, &value)) {
		if (name.n == 0 || value.p == NULL)
			return err_set(e, ERR_INVALID, "parameters have the form NAME=VALUE");
		if (str_starts(name, STR(MODELS_CAPS)) &&
			!caps_set(&caps, str_from_offset(name, sizeof(MODELS_CAPS) - 1), value))
			return err_set(e, ERR_INVALID, "'%.*s=%.*s' is no capability",
				STR_ARG(name), STR_ARG(value));
	}
	return true;
}

bool models_parse(struct str value, struct model_entry *ret, struct err *e)
{
	value = str_trim(value);
	size_t space = str_find_char(value, ' ');
	struct str target = { value.p, space };
	size_t slash = str_find_char(target, '/');

	*ret = (struct model_entry){ .provider = { target.p, slash },
		.params = str_from_offset(value, space) };
	if (slash == target.n || slash == 0 || slash + 1 == target.n)
		return err_set(e, ERR_INVALID, "must be PROVIDER/MODEL");
	ret->model = str_from_offset(target, slash + 1);
	return check_params(ret->params, e);
}

/* Names and patterns of a snapshot end with a NUL, a client's name does not. */
static bool fits(struct str pattern, struct str name)
{
	char copy[256];

	if (name.n >= sizeof(copy) || memchr(name.p, '\0', name.n) != NULL)
		return false;
	str_put(copy, sizeof(copy), name);
	return fnmatch(pattern.p, copy, FNM_NOESCAPE) == 0;
}

/* Values were checked when the configuration was loaded. */
static bool take_entry(struct str value, struct str name, struct model_entry *ret)
{
	struct err e = { 0 };

	if (!models_parse(value, ret, &e))
		return false;
	if (str_eq(ret->model, STR("*")))
		ret->model = name;
	return true;
}

bool models_find_exact(const struct config *c, struct str name, struct model_entry *ret)
{
	for (size_t i = c->models.n; i-- > 0;)
		if (str_eq(c->models.v[i].name, name))
			return take_entry(c->models.v[i].value, name, ret);
	return false;
}

bool models_find(const struct config *c, struct str name, struct model_entry *ret)
{
	if (models_find_exact(c, name, ret))
		return true;
	for (size_t i = 0; i < c->models.n && name.n > 0; i++)
		if (fits(c->models.v[i].name, name))
			return take_entry(c->models.v[i].value, name, ret);
	return false;
}

bool models_is_class(struct str name)
{
	static const char *const classes[] = { "execute", "fast", "best", "default", "image",
		"long_context", "think", "simple", "medium", "complex" };

	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (str_eq(name, str_from(classes[i])))
			return true;
	for (unsigned k = 0; k < TURN_KINDS; k++)
		if (name.n > 0 && str_eq(name, str_from(turn_kind_name((enum turn_kind)k))))
			return true;
	return false;
}
