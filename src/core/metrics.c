/* SPDX-License-Identifier: MIT */
/* Counting: a handful of small tables that grow up to a bound. */
#include "core/metrics_private.h"

#include "base/clock.h"
#include "core/billing.h"
#include "core/prefix.h"
#include "wire/hash.h"

#include <stdlib.h>
#include <string.h>

const double metric_seconds[METRIC_BUCKETS] = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
	10, 30, 60, 300 };
const double metric_ratios[METRIC_BUCKETS] = { 0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
	0.3, 0.5, 0.75, 1, 2 };
const char *const metric_tokens[METRIC_TOKENS] = { "input", "cache_read", "cache_write_5m",
	"cache_write_1h", "output", "reasoning" };
const char *const metric_costs[METRIC_COSTS] = { "input", "cache_read", "cache_write_5m",
	"cache_write_1h", "output" };

static const char other[] = "other";

struct metrics *metrics_new(void)
{
	struct metrics *m = must_alloc(sizeof(*m));

	m->providers = must_alloc(METRIC_PROVIDERS * sizeof(*m->providers));
	m->nproviders = 1;
	m->models = must_alloc(sizeof(*m->models));
	m->nmodels = 1;
	memcpy(m->models[0].name, other, sizeof(other));
	return m;
}

void metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	free(m->providers);
	free(m->models);
	free(m);
}

/* ---- tables ---- */

static struct metric_provider *provider_of(struct metrics *m, const struct exchange *x)
{
	struct str name = x->last != NULL ? x->last->candidate.provider->name : STR("");
	size_t i = 0;

	name.n = name.n < METRIC_NAME_MAX ? name.n : METRIC_NAME_MAX - 1;
	while (i < m->nproviders && !str_eq(str_from(m->providers[i].name), name))
		i++;
	if (i < m->nproviders)
		return &m->providers[i];
	if (m->nproviders == METRIC_PROVIDERS)
		return &m->providers[METRIC_PROVIDERS - 1];
	if (m->nproviders == METRIC_PROVIDERS - 1)
		name = str_from(other);
	str_put(m->providers[m->nproviders].name, METRIC_NAME_MAX, name);
	return &m->providers[m->nproviders++];
}

/* Dated names and others of one model are one, where the price table knows it. */
static struct str model_name(const struct exchange *x, const struct outcome *o)
{
	struct str name = billing_model(x, o);
	const struct price *p = prices_find(x->svc->prices, name);

	return p != NULL ? p->model : name;
}

static struct metric_model *model_of(
	struct metrics *m, const struct exchange *x, const struct outcome *o)
{
	struct str name = model_name(x, o);
	uint64_t hash = hash_fast(name, 0);

	for (size_t i = 1; i < m->nmodels; i++)
		if (m->models[i].hash == hash)
			return &m->models[i];
	if (name.n == 0 || name.n >= METRIC_NAME_MAX ||
		m->nmodels > (size_t)x->config->limits_metric_models)
		return &m->models[0];
	m->models = must_realloc(m->models, (m->nmodels + 1) * sizeof(*m->models));
	struct metric_model *fresh = &m->models[m->nmodels++];
	*fresh = (struct metric_model){ .hash = hash };
	str_put(fresh->name, sizeof(fresh->name), name);
	return fresh;
}

static void add_cause(struct metric_cause *causes, size_t *n, const char *name, int64_t nano)
{
	size_t i = 0;

	while (i < *n && strcmp(causes[i].name, name) != 0)
		i++;
	if (i == METRIC_CAUSES)
		i = METRIC_CAUSES - 1;
	if (i == *n) {
		(*n)++;
		str_put(causes[i].name, sizeof(causes[i].name),
			str_from(i == METRIC_CAUSES - 1 ? other : name));
	}
	causes[i].nano += nano;
}

static void observe(struct histogram *h, const double *bounds, double value)
{
	size_t i = 0;

	while (i < METRIC_BUCKETS && value > bounds[i])
		i++;
	h->count[i]++;
	h->sum += value;
}

/* ---- exchanges ---- */

static enum metric_status status_of(const struct exchange *x)
{
	if (x->status < 200)
		return METRIC_NO_REPLY;
	return x->status < 300   ? METRIC_2XX
	       : x->status < 400 ? METRIC_3XX
	       : x->status < 500 ? METRIC_4XX
				 : METRIC_5XX;
}

static void add_tokens(struct metric_model *model, const struct usage *u)
{
	int64_t hour = known(u->cache_write_1h);

	model->tokens[0] += known(u->in);
	model->tokens[1] += known(u->cache_read);
	model->tokens[2] += known(u->cache_write) > hour ? u->cache_write - hour : 0;
	model->tokens[3] += hour;
	model->tokens[4] += known(u->out);
	model->tokens[5] += known(u->reasoning);
}

static void add_cost(struct metric_model *model, const struct cost *c)
{
	model->cost[0] += known(c->in);
	model->cost[1] += known(c->cache_read);
	model->cost[2] += known(c->cache_write_5m);
	model->cost[3] += known(c->cache_write_1h);
	model->cost[4] += known(c->out);
}

/* Models that were asked for in vain get no place of their own: their names are as the client likes them. */
static void add_attempt(struct metrics *m, const struct exchange *x, const struct outcome *o)
{
	if (x->endpoint != ENDPOINT_MESSAGES || o->status < 200 || o->status >= 300)
		return;
	struct metric_model *model = model_of(m, x, o);
	add_tokens(model, &o->usage);
	add_cost(model, &o->cost);
	model->unpriced += o->cost.total < 0;
	model->estimated += o->estimated;
	m->read_tokens += known(o->usage.cache_read);
	m->input_tokens +=
		known(o->usage.in) + known(o->usage.cache_read) + known(o->usage.cache_write);
}

static double seconds(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / 1e9 : 0;
}

void metrics_prediction(struct metrics *m, int64_t predicted, int64_t actual)
{
	int64_t off = predicted > actual ? predicted - actual : actual - predicted;

	if (predicted >= 0 && actual >= 0)
		observe(&m->prediction, metric_ratios,
			actual > 0 ? (double)off / (double)actual : off > 0);
}

static void add_prefix(struct metrics *m, const struct foresight *f, int64_t read)
{
	if (!f->automatic)
		metrics_prediction(m, f->forecast.read, read);
	if (f->loss.nano > 0)
		add_cause(m->lost, &m->nlost, loss_cause_name(f->loss.cause), f->loss.nano);
}

void metrics_record(struct metrics *m, const struct exchange *x)
{
	struct metric_provider *p = provider_of(m, x);

	p->requests[x->endpoint][status_of(x)]++;
	/* Those who watch an event stream of ours would be the slowest requests of all. */
	if (x->local == NULL || x->local->stream == NULL)
		observe(&m->total[x->endpoint], metric_seconds,
			seconds(x->begin_ns, clock_mono_ns()));
	if (x->streamed && x->last != NULL && x->last->first_ns != 0)
		observe(&p->first, metric_seconds, seconds(x->begin_ns, x->last->first_ns));
	for (const struct outcome *o = x->outcomes; o != NULL; o = o->next)
		add_attempt(m, x, o);
	for (unsigned i = 0; i < x->nsavings; i++)
		add_cause(m->saved, &m->nsaved, x->savings[i].cause, x->savings[i].nano);
	if (x->prefix != NULL && x->prefix->learned)
		add_prefix(m, x->prefix, x->last->usage.cache_read);
}
