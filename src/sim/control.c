/* SPDX-License-Identifier: MIT */
/* One function a path. */
#include "sim/control.h"

#include "base/clock.h"
#include "wire/json.h"

struct controlling {
	struct control *control;
	struct str rest; /* of the path, behind the row's */
	struct str query;
	yyjson_val *body; /* NULL: none */
	struct control_reply *reply;
	struct refusal why;
};

int64_t control_now_ms(const struct control *c)
{
	return c->clock_is_set ? c->clock_ms : clock_wall_ms();
}

bool control_owns(struct str path)
{
	return str_starts(path, STR("/sim/"));
}

static bool print_clock(struct controlling *q)
{
	buf_addf(&q->reply->body, "{\"now_ms\":%lld,\"set\":%s}\n",
		(long long)control_now_ms(q->control), q->control->clock_is_set ? "true" : "false");
	return true;
}

static bool set_clock(struct controlling *q)
{
	yyjson_val *now = yyjson_obj_get(q->body, "now_ms");
	yyjson_val *advance = yyjson_obj_get(q->body, "advance_ms");
	struct control *c = q->control;
	int64_t ms;

	if (yyjson_is_null(now)) {
		c->clock_is_set = false;
	} else if (tree_int(now, &ms) && ms >= 0) {
		c->clock_ms = ms;
		c->clock_is_set = true;
	} else if (tree_int(advance, &ms)) {
		c->clock_ms = control_now_ms(c) + ms;
		c->clock_is_set = true;
	} else {
		return refuse(&q->why, 400, "wanted: {\"now_ms\": N} or {\"advance_ms\": N}");
	}
	return print_clock(q);
}

/* The things to queue: the body itself, or its member of that name. */
static yyjson_val *list_in(yyjson_val *body, const char *name)
{
	yyjson_val *list = yyjson_obj_get(body, name);

	return list != NULL ? list : body;
}

static bool print_queued(struct controlling *q, const struct script *s)
{
	buf_addf(&q->reply->body, "{\"queued\":%zu}\n", s->n);
	return true;
}

static bool print_script(struct controlling *q)
{
	return print_queued(q, &q->control->engine->script);
}

static bool add_script(struct controlling *q)
{
	if (!script_add(&q->control->engine->script, list_in(q->body, "replies")))
		return refuse(&q->why, 400, "wanted: a scripted reply, or a list of them");
	return print_script(q);
}

static bool print_faults(struct controlling *q)
{
	return print_queued(q, &q->control->engine->faults);
}

static bool add_faults(struct controlling *q)
{
	yyjson_val *list = list_in(q->body, "faults");
	yyjson_arr_iter it = yyjson_arr_iter_with(list);
	struct arena *a = arena_new();
	struct fault f;
	bool ok = !yyjson_is_obj(list) || fault_read(&f, list, a, &q->why);

	for (yyjson_val *v; ok && (v = yyjson_arr_iter_next(&it)) != NULL;)
		ok = fault_read(&f, v, a, &q->why);
	arena_free(a);
	if (!ok)
		return false;
	if (!script_add(&q->control->engine->faults, list))
		return refuse(&q->why, 400, "wanted: a fault, or a list of them");
	return print_faults(q);
}

static uint64_t query_number(struct str query, const char *name, uint64_t otherwise)
{
	struct str part;
	uint64_t n;

	while (str_split(&query, '&', &part)) {
		size_t eq = str_find_char(part, '=');
		if (str_eq((struct str){ part.p, eq }, str_from(name)) && eq < part.n &&
			str_to_u64(str_from_offset(part, eq + 1), &n))
			return n;
	}
	return otherwise;
}

static bool print_bill(struct controlling *q)
{
	bill_print(&q->reply->body, q->control->engine->bill,
		query_number(q->query, "rows", 1) != 0, query_number(q->query, "since", 0));
	return true;
}

static bool print_requests(struct controlling *q)
{
	struct engine *e = q->control->engine;
	struct str body;
	uint64_t n;

	if (q->rest.n == 0) {
		journal_print(
			&q->reply->body, e->journal, e->bill, query_number(q->query, "since", 0));
		return true;
	}
	if (!str_to_u64(str_from_offset(q->rest, 1), &n))
		return refuse(&q->why, 404, "wanted: /sim/requests/N");
	body = journal_body(e->journal, n);
	if (body.p == NULL)
		return refuse(&q->why, 404, "request %llu has no body, or it was forgotten",
			(unsigned long long)n);
	q->reply->content_type = STR("application/octet-stream");
	buf_add(&q->reply->body, body);
	return true;
}

static bool reset(struct controlling *q)
{
	engine_reset(q->control->engine);
	q->control->clock_is_set = false;
	return print_clock(q);
}

struct row {
	enum http_method method;
	struct str path;
	bool below; /* also paths below it */
	bool (*answer)(struct controlling *q);
};

static const struct row rows[] = {
	{ HTTP_GET, STR_INIT("/sim/clock"), false, print_clock },
	{ HTTP_POST, STR_INIT("/sim/clock"), false, set_clock },
	{ HTTP_GET, STR_INIT("/sim/script"), false, print_script },
	{ HTTP_POST, STR_INIT("/sim/script"), false, add_script },
	{ HTTP_GET, STR_INIT("/sim/faults"), false, print_faults },
	{ HTTP_POST, STR_INIT("/sim/faults"), false, add_faults },
	{ HTTP_GET, STR_INIT("/sim/bill"), false, print_bill },
	{ HTTP_GET, STR_INIT("/sim/requests"), true, print_requests },
	{ HTTP_POST, STR_INIT("/sim/reset"), false, reset },
};

static const struct row *find(enum http_method method, struct str path)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].method == method &&
			(str_eq(path, rows[i].path) ||
				(rows[i].below && str_starts(path, rows[i].path) &&
					path.p[rows[i].path.n] == '/')))
			return &rows[i];
	return NULL;
}

static bool dispatch(struct controlling *q, const struct http_head *head, struct str body)
{
	const struct row *row = find(head->method, head->path);
	yyjson_doc *doc = NULL;
	bool ok;

	if (row == NULL)
		return refuse(&q->why, 404, "no such path of the simulator");
	q->rest = str_from_offset(head->path, row->path.n);
	if (body.n > 0) {
		doc = yyjson_read(body.p, body.n, 0);
		if (doc == NULL)
			return refuse(&q->why, 400, "the body is not valid JSON");
	}
	q->body = yyjson_doc_get_root(doc);
	ok = row->answer(q);
	yyjson_doc_free(doc);
	return ok;
}

void control_answer(
	struct control *c, const struct http_head *head, struct str body, struct control_reply *ret)
{
	struct controlling q = { .control = c, .query = head->query, .reply = ret };

	*ret = (struct control_reply){ .status = 200, .content_type = STR("application/json") };
	buf_init(&ret->body, SIZE_MAX);
	if (dispatch(&q, head, body))
		return;
	ret->status = q.why.status;
	buf_clear(&ret->body);
	buf_add(&ret->body, STR("{\"error\":"));
	json_add_string(&ret->body, str_from(q.why.text));
	buf_add(&ret->body, STR("}\n"));
}
