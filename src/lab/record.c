/* SPDX-License-Identifier: MIT */
/* Lines to records: the members that matter are picked by tables of their names. */
#include "lab/record.h"

#include "lab/when.h"
#include "wire/json.h"

#include <string.h>

/* ---- picking ---- */

/* Where in a struct of views a member's value goes. */
struct member {
	struct str name;
	size_t offset;
};

/* Fills the views of *ret that the table names; the last of a name wins. False on broken structure. */
static bool pick(struct str object, const struct member *table, size_t n, void *ret, struct err *e)
{
	struct json_iter it;
	struct json_member m;
	struct err why = { 0 };

	if (!json_iter_init(&it, object, e))
		return false;
	while (json_next(&it, &m, &why))
		for (size_t i = 0; i < n; i++)
			if (str_eq(m.key, table[i].name))
				*(struct str *)(void *)((char *)ret + table[i].offset) = m.value;
	if (why.kind != ERR_NONE)
		*e = why;
	return why.kind == ERR_NONE;
}

/* The same for a member that may be absent, null or something else altogether: then nothing is picked. */
static bool pick_inside(
	struct str value, const struct member *table, size_t n, void *ret, struct err *e)
{
	return value.p == NULL || value.n == 0 || *value.p != '{' || pick(value, table, n, ret, e);
}

/* What stands between the quotes of a string; absent when it is none. */
static struct str plain(struct str value)
{
	if (value.p == NULL || value.n < 2 || value.p[0] != '"')
		return (struct str){ NULL, 0 };
	return (struct str){ value.p + 1, value.n - 2 };
}

static bool says(struct str value, const char *word)
{
	return str_eq(plain(value), str_from(word));
}

/* A count of tokens: absent and null are `missing`. */
static bool read_count(struct str value, int64_t missing, int64_t *ret, struct err *e)
{
	uint64_t n;

	*ret = missing;
	if (value.p == NULL || str_eq(value, STR("null")))
		return true;
	if (!json_u64(value, &n) || n > RECORD_TOKENS_MAX)
		return err_set(e, ERR_INVALID, "a count of tokens is none");
	*ret = (int64_t)n;
	return true;
}

/* ---- the members that matter ---- */

struct line_members {
	struct str type, subtype, timestamp, sidechain, agent, session, cwd, version, request, uuid,
		parent, summary, api_error, message, payload, leaf, message_id;
};
#define LINE(name, member) \
	{ \
		STR_INIT(name), offsetof(struct line_members, member) \
	}
static const struct member line_table[] = {
	LINE("type", type),
	LINE("subtype", subtype),
	LINE("timestamp", timestamp),
	LINE("isSidechain", sidechain),
	LINE("agentId", agent),
	LINE("sessionId", session),
	LINE("cwd", cwd),
	LINE("version", version),
	LINE("requestId", request),
	LINE("uuid", uuid),
	LINE("parentUuid", parent),
	LINE("isCompactSummary", summary),
	LINE("isApiErrorMessage", api_error),
	LINE("message", message),
	LINE("payload", payload),
	LINE("leafUuid", leaf),
	LINE("messageId", message_id),
};

struct message_members {
	struct str id, model, usage;
};
static const struct member message_table[] = {
	{ STR_INIT("id"), offsetof(struct message_members, id) },
	{ STR_INIT("model"), offsetof(struct message_members, model) },
	{ STR_INIT("usage"), offsetof(struct message_members, usage) },
};

struct usage_members {
	struct str in, read, write, out, creation, tier, speed, server;
	struct str minutes, hour, searches;
};
#define USAGE(name, member) \
	{ \
		STR_INIT(name), offsetof(struct usage_members, member) \
	}
static const struct member usage_table[] = {
	USAGE("input_tokens", in),
	USAGE("cache_read_input_tokens", read),
	USAGE("cache_creation_input_tokens", write),
	USAGE("output_tokens", out),
	USAGE("cache_creation", creation),
	USAGE("service_tier", tier),
	USAGE("speed", speed),
	USAGE("server_tool_use", server),
};
static const struct member creation_table[] = {
	USAGE("ephemeral_5m_input_tokens", minutes),
	USAGE("ephemeral_1h_input_tokens", hour),
};
static const struct member server_table[] = { USAGE("web_search_requests", searches) };

/* ---- Claude Code ---- */

static bool read_usage(struct record *r, struct str value, struct err *e)
{
	struct usage_members m = { 0 };
	struct usage *u = &r->usage;
	int64_t minutes;

	if (!pick_inside(value, usage_table, ARRAY_LEN(usage_table), &m, e) ||
		!pick_inside(m.creation, creation_table, ARRAY_LEN(creation_table), &m, e) ||
		!pick_inside(m.server, server_table, ARRAY_LEN(server_table), &m, e) ||
		!read_count(m.in, 0, &u->in, e) || !read_count(m.read, 0, &u->cache_read, e) ||
		!read_count(m.write, 0, &u->cache_write, e) ||
		!read_count(m.hour, 0, &u->cache_write_1h, e) ||
		!read_count(m.minutes, 0, &minutes, e) || !read_count(m.out, 0, &u->out, e) ||
		!read_count(m.searches, 0, &r->searches, e))
		return false;
	u->reasoning = 0;
	/* What the sum has more than its parts was written for five minutes. */
	if (u->cache_write < minutes + u->cache_write_1h)
		u->cache_write = minutes + u->cache_write_1h;
	r->batch = says(m.tier, "batch");
	r->fast = says(m.speed, "fast");
	return true;
}

static bool read_reply(struct record *r, const struct line_members *line, struct err *e)
{
	struct message_members m = { 0 };

	if (!pick_inside(line->message, message_table, ARRAY_LEN(message_table), &m, e))
		return false;
	r->model = plain(m.model);
	r->message_id = plain(m.id);
	r->request_id = plain(line->request);
	if (m.usage.n == 0 || m.usage.p[0] != '{')
		return true;
	r->type = RECORD_REPLY;
	if (json_is_true(line->api_error) || str_starts(r->model, STR("<")))
		r->type = RECORD_LOCAL;
	return read_usage(r, m.usage, e);
}

static bool read_claude(struct record *r, const struct line_members *line, struct err *e)
{
	r->sidechain = json_is_true(line->sidechain);
	r->agent = plain(line->agent);
	r->session = plain(line->session);
	r->cwd = plain(line->cwd);
	r->version = plain(line->version);
	r->uuid = plain(line->uuid);
	r->parent = plain(line->parent);
	if (says(line->type, "assistant"))
		return read_reply(r, line, e);
	if (says(line->type, "user"))
		r->type = json_is_true(line->summary) ? RECORD_SEAM : RECORD_SENT;
	else if (says(line->type, "system") &&
		 (says(line->subtype, "compact_boundary") ||
			 says(line->subtype, "microcompact_boundary")))
		r->type = RECORD_SEAM;
	return true;
}

/* ---- Codex ---- */

struct payload_members {
	struct str type, role, info, id, timestamp, cwd, version, model, forked, parent, source,
		thread_source;
};
#define PAYLOAD(name, member) \
	{ \
		STR_INIT(name), offsetof(struct payload_members, member) \
	}
static const struct member payload_table[] = {
	PAYLOAD("type", type),
	PAYLOAD("role", role),
	PAYLOAD("info", info),
	PAYLOAD("id", id),
	PAYLOAD("timestamp", timestamp),
	PAYLOAD("cwd", cwd),
	PAYLOAD("cli_version", version),
	PAYLOAD("model", model),
	PAYLOAD("forked_from_id", forked),
	PAYLOAD("parent_thread_id", parent),
	PAYLOAD("source", source),
	PAYLOAD("thread_source", thread_source),
};

struct info_members {
	struct str total, last;
};
static const struct member info_table[] = {
	{ STR_INIT("total_token_usage"), offsetof(struct info_members, total) },
	{ STR_INIT("last_token_usage"), offsetof(struct info_members, last) },
};

struct count_members {
	struct str in, cached, written, out, reasoning;
};
static const struct member count_table[] = {
	{ STR_INIT("input_tokens"), offsetof(struct count_members, in) },
	{ STR_INIT("cached_input_tokens"), offsetof(struct count_members, cached) },
	{ STR_INIT("cache_write_input_tokens"), offsetof(struct count_members, written) },
	{ STR_INIT("output_tokens"), offsetof(struct count_members, out) },
	{ STR_INIT("reasoning_output_tokens"), offsetof(struct count_members, reasoning) },
};

/* input_tokens holds what was read from the cache and written to it; here it does not. */
static bool read_counts(struct str value, struct usage *u, struct err *e)
{
	struct count_members m = { 0 };

	if (!pick_inside(value, count_table, ARRAY_LEN(count_table), &m, e) ||
		!read_count(m.in, 0, &u->in, e) || !read_count(m.cached, 0, &u->cache_read, e) ||
		!read_count(m.written, 0, &u->cache_write, e) ||
		!read_count(m.out, 0, &u->out, e) || !read_count(m.reasoning, 0, &u->reasoning, e))
		return false;
	u->cache_write_1h = 0;
	if (u->cache_read + u->cache_write > u->in)
		return err_set(e, ERR_INVALID, "more was cached than sent");
	u->in -= u->cache_read + u->cache_write;
	return true;
}

static bool read_token_count(struct record *r, struct str info, struct err *e)
{
	struct info_members m = { 0 };

	if (!pick_inside(info, info_table, ARRAY_LEN(info_table), &m, e))
		return false;
	r->total = USAGE_UNKNOWN;
	if (m.total.n > 0 && m.total.p[0] == '{' && !read_counts(m.total, &r->total, e))
		return false;
	r->last = m.last.n > 0 && m.last.p[0] == '{';
	if (r->last && !read_counts(m.last, &r->usage, e))
		return false;
	r->type = r->last || r->total.in >= 0 ? RECORD_COUNT : RECORD_OTHER;
	return true;
}

/* A subagent tells its parent in one of three places, by version. */
static void read_meta(struct record *r, const struct payload_members *p)
{
	struct str subagent = json_get(p->source, STR("subagent"));
	struct str spawned = json_get(subagent, STR("thread_spawn"));

	r->type = RECORD_META;
	r->session = plain(p->id);
	r->start_ms = when_parse(plain(p->timestamp));
	r->forked_from = plain(p->forked);
	if (r->forked_from.n == 0)
		r->forked_from = plain(p->parent);
	if (r->forked_from.n == 0)
		r->forked_from = plain(json_get(spawned, STR("parent_thread_id")));
	r->subagent = subagent.n > 0 || says(p->thread_source, "subagent");
	r->review = says(subagent, "review");
	r->compaction = says(subagent, "compact");
}

static bool read_codex(struct record *r, const struct line_members *line, struct err *e)
{
	struct payload_members p = { 0 };

	if (!pick_inside(line->payload, payload_table, ARRAY_LEN(payload_table), &p, e))
		return false;
	r->cwd = plain(p.cwd);
	r->version = plain(p.version);
	if (says(line->type, "session_meta")) {
		read_meta(r, &p);
	} else if (says(line->type, "turn_context")) {
		r->type = RECORD_CONTEXT;
		r->model = plain(p.model);
	} else if (says(line->type, "compacted")) {
		r->type = RECORD_SEAM;
	} else if (says(line->type, "event_msg") && says(p.type, "token_count")) {
		return read_token_count(r, p.info, e);
	} else if (says(line->type, "response_item") &&
		   (says(p.role, "user") || str_ends(plain(p.type), STR("_call_output")))) {
		r->type = RECORD_SENT;
	}
	return true;
}

bool record_read(struct record *ret, struct str line, struct err *e)
{
	struct line_members m = { 0 };

	*ret = (struct record){ .type = RECORD_FOREIGN, .at_ms = -1, .start_ms = -1 };
	if (!pick(line, line_table, ARRAY_LEN(line_table), &m, e))
		return false;
	if (plain(m.type).p == NULL ||
		(m.timestamp.p == NULL && m.session.p == NULL && m.uuid.p == NULL &&
			m.leaf.p == NULL && m.message_id.p == NULL && m.payload.p == NULL))
		return true;
	ret->type = RECORD_OTHER;
	ret->at_ms = when_parse(plain(m.timestamp));
	return m.payload.n > 0 ? read_codex(ret, &m, e) : read_claude(ret, &m, e);
}
