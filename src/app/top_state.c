/* SPDX-License-Identifier: MIT */
/* JSON to plain structs. What is missing is empty, nothing or unknown: the proxy may be of another version. */
#include "app/top_state.h"

#include <stdlib.h>
#include <yyjson.h>

static struct str text(yyjson_val *v, const char *name)
{
	yyjson_val *m = yyjson_obj_get(v, name);

	return yyjson_is_str(m) ? (struct str){ yyjson_get_str(m), yyjson_get_len(m) } : STR("");
}

static int64_t number(yyjson_val *v, const char *name)
{
	yyjson_val *m = yyjson_obj_get(v, name);

	return yyjson_is_num(m) ? (int64_t)yyjson_get_num(m) : -1;
}

static double real(yyjson_val *v, const char *name)
{
	yyjson_val *m = yyjson_obj_get(v, name);

	return yyjson_is_num(m) ? yyjson_get_num(m) : -1;
}

static bool truth(yyjson_val *v, const char *name)
{
	return yyjson_is_true(yyjson_obj_get(v, name));
}

/* Room for each item of an array. */
static void *room(yyjson_val *array, size_t size)
{
	return must_alloc((yyjson_arr_size(array) + 1) * size);
}

static void read_open(struct top_state *s, yyjson_val *array)
{
	size_t i, n;
	yyjson_val *v;

	s->open = room(array, sizeof(*s->open));
	yyjson_arr_foreach(array, i, n, v)
	{
		s->open[s->nopen++] = (struct top_open){ .conversation = text(v, "conversation"),
			.session = text(v, "session"),
			.project = text(v, "project"),
			.kind = text(v, "kind"),
			.model = text(v, "model"),
			.provider = text(v, "provider"),
			.endpoint = text(v, "endpoint"),
			.stage = text(v, "stage"),
			.begin_ms = number(v, "begin_ms"),
			.first_us = number(v, "first_us"),
			.tokens = number(v, "tokens"),
			.tokens_per_s = number(v, "tokens_per_s"),
			.cost = number(v, "cost_nusd"),
			.reply_bytes = number(v, "reply_bytes"),
			.streamed = truth(v, "streamed") };
	}
}

static int64_t input_of(yyjson_val *tokens)
{
	if (number(tokens, "input") < 0)
		return -1;
	return number(tokens, "input") + known(number(tokens, "cache_read")) +
	       known(number(tokens, "cache_write_5m")) + known(number(tokens, "cache_write_1h"));
}

static void read_ended(struct top_state *s, yyjson_val *array)
{
	size_t i, n;
	yyjson_val *v;

	s->ended = room(array, sizeof(*s->ended));
	yyjson_arr_foreach(array, i, n, v)
	{
		yyjson_val *tokens = yyjson_obj_get(v, "tokens");
		s->ended[s->nended++] = (struct top_ended){ .project = text(v, "project"),
			.kind = text(v, "kind"),
			.model = text(v, "model"),
			.provider = text(v, "provider"),
			.error = text(v, "error"),
			.cause = text(v, "cause"),
			.at_ms = number(v, "at_ms"),
			.status = number(v, "status"),
			.in = input_of(tokens),
			.read = number(tokens, "cache_read"),
			.out = number(tokens, "output"),
			.cost = number(v, "cost_nusd"),
			.saved = number(v, "saved_nusd"),
			.lost = number(v, "lost_nusd"),
			.first_us = number(v, "first_us"),
			.duration_us = number(v, "duration_us") };
	}
}

static void read_conversations(struct top_state *s, yyjson_val *array)
{
	size_t i, n;
	yyjson_val *v;

	s->conversations = room(array, sizeof(*s->conversations));
	yyjson_arr_foreach(array, i, n, v)
	{
		s->conversations[s->nconversations++] =
			(struct top_conversation){ .id = text(v, "id"),
				.session = text(v, "session"),
				.project = text(v, "project"),
				.model = text(v, "model"),
				.last_ms = number(v, "last_ms"),
				.exchanges = number(v, "exchanges"),
				.cost = number(v, "cost_nusd"),
				.saved = number(v, "saved_nusd"),
				.lost = number(v, "lost_nusd"),
				.hit_rate = real(v, "hit_rate") };
	}
}

static int64_t sum_of(yyjson_val *object)
{
	size_t i, n;
	yyjson_val *key, *v;
	int64_t sum = 0;

	yyjson_obj_foreach(object, i, n, key, v) sum += (int64_t)yyjson_get_num(v);
	return sum;
}

static void read_quotas(struct top_provider *p, yyjson_val *array)
{
	size_t i, n;
	yyjson_val *v;

	yyjson_arr_foreach(array, i, n, v)
	{
		if (p->nquotas < TOP_QUOTAS)
			p->quota[p->nquotas++] = (struct top_quota){ text(v, "name"),
				number(v, "limit"), number(v, "remaining"), number(v, "reset_ms") };
	}
}

static void read_providers(struct top_state *s, yyjson_val *array)
{
	size_t i, n;
	yyjson_val *v;

	s->providers = room(array, sizeof(*s->providers));
	yyjson_arr_foreach(array, i, n, v)
	{
		/* Those that are only known by name are no news. */
		if (number(v, "requests") <= 0 && !str_eq(text(v, "key"), STR("configured")))
			continue;
		struct top_provider *p = &s->providers[s->nproviders++];
		*p = (struct top_provider){ .name = text(v, "name"),
			.health = text(v, "health"),
			.key = text(v, "key"),
			.last_error = text(v, "last_error"),
			.requests = number(v, "requests"),
			.errors = sum_of(yyjson_obj_get(v, "errors")),
			.first_us = number(v, "first_us_p50"),
			.last_ms = number(v, "last_ms") };
		read_quotas(p, yyjson_obj_get(v, "quota"));
	}
}

static struct top_sums read_sums(yyjson_val *v)
{
	return (struct top_sums){ .exchanges = number(v, "exchanges"),
		.failed = number(v, "failed"),
		.cost = number(v, "cost_nusd"),
		.saved = number(v, "saved_nusd"),
		.lost = number(v, "lost_nusd"),
		.hit_rate = real(v, "hit_rate") };
}

bool top_state_read(struct top_state *ret, struct str json, struct err *e)
{
	yyjson_doc *doc = yyjson_read(json.p != NULL ? json.p : "", json.n, YYJSON_READ_NOFLAG);
	yyjson_val *root = yyjson_doc_get_root(doc);
	yyjson_val *ledger = yyjson_obj_get(root, "ledger"), *today = yyjson_obj_get(root, "today"),
		   *recent = yyjson_obj_get(root, "recent");

	*ret = (struct top_state){ .doc = doc,
		.version = text(root, "version"),
		.ledger = text(ledger, "state"),
		.at_ms = number(root, "at_ms"),
		.started_ms = number(root, "started_ms"),
		.connections = number(root, "connections"),
		.ledger_waiting = number(ledger, "waiting"),
		.ledger_lost = number(ledger, "lost"),
		.open_count = number(root, "open_count"),
		.draining = truth(root, "draining"),
		.today_known = yyjson_is_obj(today) };
	if (ret->at_ms < 0 || ret->started_ms < 0)
		return err_set(e, ERR_INVALID, "the answer is no state of sluice");
	read_open(ret, yyjson_obj_get(root, "open"));
	read_ended(ret, yyjson_obj_get(root, "ended"));
	read_conversations(ret, yyjson_obj_get(root, "conversations"));
	read_providers(ret, yyjson_obj_get(root, "providers"));
	ret->totals = read_sums(yyjson_obj_get(root, "totals"));
	ret->recent = read_sums(recent);
	ret->recent_minutes = number(recent, "minutes");
	ret->today = read_sums(today);
	return true;
}

void top_state_release(struct top_state *s)
{
	free(s->open);
	free(s->ended);
	free(s->conversations);
	free(s->providers);
	yyjson_doc_free(s->doc);
	*s = (struct top_state){ 0 };
}

int top_quota_left(const struct top_quota *q)
{
	if (q->limit <= 0 || q->remaining < 0)
		return -1;
	int64_t left = q->remaining * 100 / q->limit;
	return left < 100 ? (int)left : 100;
}
