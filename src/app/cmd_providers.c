/* SPDX-License-Identifier: MIT */
/* `sluice providers`: who can be asked, with which key, and which servers run on this machine. */
#include "app/cmd.h"
#include "app/data.h"
#include "app/discover.h"
#include "app/figures.h"
#include "core/candidate.h"
#include "core/models.h"
#include "core/provider.h"
#include "wire/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int run(const struct cmd *c);

const struct command cmd_providers = {
	.name = "providers",
	.args = "[discover]",
	.summary = "who can be asked, and with which key",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "json", NULL, "as JSON, with the names of known models", NULL },
			{ "timeout", "SECONDS", "discover: how long to wait for each (1)", NULL },
			{ NULL },
		},
	.details =
		"  discover  asks the providers whose address is on this machine (Ollama, LM Studio, vLLM, llama.cpp and\n"
		"            LiteLLM at their usual ports, and those of the configuration) which models they have, and prints the\n"
		"            configuration that uses them; no other host is asked\n"
		"\n"
		"The key of a provider is `configured`, or in its `headers`; `$NAME` is the variable of the environment that it\n"
		"was found in; `client's own`: those who mean it bring theirs; `not needed` on this machine; else `missing`.\n"
		"Models are those of the price table.\n",
	.flags = CMD_CONFIG,
	.args_max = 1,
};

enum {
	NAME_WIDTH = 18,
	DIALECT_WIDTH = 9,
	FLAVOR_WIDTH = 10,
	MODELS_WIDTH = 6,
	KEY_LEAST = 3,
	ADDRESS_LEAST = 12,
	WIDTH_DEFAULT = 80,
	WIDTH_ANY = 1000,
	MODELS_SHOWN = 20,
	OUTPUT_MAX = 16 << 20,
};

static int print_json(struct buf *out)
{
	buf_add(out, STR("}\n"));
	bool written = !out->overflow && fwrite(out->p, 1, out->n, stdout) == out->n;
	buf_release(out);
	return written ? CMD_OK : cmd_fail("cannot write the output");
}

static void add_member(struct buf *out, const char *name, struct str value)
{
	buf_addf(out, ",\"%s\":", name);
	json_add_string(out, value);
}

/* ---- the table ---- */

/* What is left of a line for addresses; one that is not read by people is as long as it must be. */
static int address_width(int others)
{
	struct winsize w = { 0 };
	const char *text = getenv("COLUMNS");
	uint64_t columns = 0;

	if (text == NULL || !str_to_u64(str_from(text), &columns) || columns == 0) {
		if (!isatty(STDOUT_FILENO))
			return WIDTH_ANY;
		(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
		columns = w.ws_col > 0 ? w.ws_col : WIDTH_DEFAULT;
	}
	int left = columns < WIDTH_ANY ? (int)columns - others : WIDTH_ANY;
	return left > ADDRESS_LEAST ? left : ADDRESS_LEAST;
}

static void cell(struct buf *b, struct str text, int width)
{
	buf_add(b, text);
	figures_left(b, width);
	putchar(' ');
}

static struct str key_text(const struct config_provider *p, struct arena *a)
{
	static const char *const texts[PROVIDER_KEYS] = {
		[PROVIDER_KEY_SET] = "configured",
		[PROVIDER_KEY_HEADERS] = "headers",
		[PROVIDER_KEY_UNNEEDED] = "not needed",
		[PROVIDER_KEY_CLIENT] = "client's own",
		[PROVIDER_KEY_MISSING] = "missing",
	};
	enum provider_key k = provider_key(p);

	return k == PROVIDER_KEY_FOUND ? arena_printf(a, "$%s", p->key_env) : str_from(texts[k]);
}

static size_t count_models(const struct config_provider *p, const struct prices *t)
{
	size_t at = 0, n = 0;

	while (provider_next_model(p, t, &at) != NULL)
		n++;
	return n;
}

/* Widths that follow from what is to be printed. */
struct widths {
	int key, address;
};

static struct widths find_widths(const struct config *c, struct arena *a)
{
	struct widths w = { .key = KEY_LEAST };

	for (size_t i = 0; i < c->nproviders; i++) {
		int n = (int)key_text(&c->providers[i], a).n;
		w.key = n > w.key ? n : w.key;
	}
	w.address =
		address_width(NAME_WIDTH + DIALECT_WIDTH + FLAVOR_WIDTH + w.key + MODELS_WIDTH + 5);
	return w;
}

/* Without what goes without saying. */
static struct str short_address(const struct config_provider *p)
{
	struct str url = p->base_url;
	struct str scheme = provider_is_local(p) ? STR("http://") : STR("https://");

	return str_starts(url, scheme) ? str_from_offset(url, scheme.n) : url;
}

static void print_row(const struct config_provider *p, const struct prices *t,
	const struct widths *w, struct arena *a)
{
	size_t n = count_models(p, t);
	struct str address = short_address(p);
	struct buf b;

	buf_init(&b, 1 << 16);
	cell(&b, p->name, NAME_WIDTH);
	cell(&b, p->dialect, DIALECT_WIDTH);
	cell(&b, str_from(candidate_flavor(p)->name), FLAVOR_WIDTH);
	cell(&b, key_text(p, a), w->key);
	cell(&b, n > 0 ? arena_printf(a, "%*zu", MODELS_WIDTH, n) : STR("     -"), MODELS_WIDTH);
	buf_add(&b, address);
	figures_left(&b, w->address < (int)address.n ? w->address : (int)address.n);
	putchar('\n');
	buf_release(&b);
}

static int list(const struct config *c, const struct prices *t)
{
	struct arena *a = arena_new();
	struct widths w = find_widths(c, a);

	printf("%-*s %-*s %-*s %-*s %*s %s\n", NAME_WIDTH, "", DIALECT_WIDTH, "dialect",
		FLAVOR_WIDTH, "flavor", w.key, "key", MODELS_WIDTH, "models", "address");
	for (size_t i = 0; i < c->nproviders; i++)
		print_row(&c->providers[i], t, &w, a);
	arena_free(a);
	return CMD_OK;
}

static void add_provider(struct buf *out, const struct config_provider *p, const struct prices *t)
{
	const struct price *model;
	const char *comma = "";
	size_t at = 0;

	buf_add(out, STR("{\"name\":"));
	json_add_string(out, p->name);
	add_member(out, "dialect", p->dialect);
	add_member(out, "flavor", str_from(candidate_flavor(p)->name));
	add_member(out, "base_url", p->base_url);
	add_member(out, "key", str_from(provider_key_name(provider_key(p))));
	if (p->key_env != NULL)
		add_member(out, "key_env", str_from(p->key_env));
	buf_add(out, STR(",\"models\":["));
	for (; (model = provider_next_model(p, t, &at)) != NULL; comma = ",") {
		buf_add(out, str_from(comma));
		json_add_string(out, model->model);
	}
	buf_add(out, STR("]}"));
}

static int list_json(const struct config *c, const struct prices *t)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	buf_add(&out, STR("{\"providers\":["));
	for (size_t i = 0; i < c->nproviders; i++) {
		if (i > 0)
			buf_add(&out, STR(",\n"));
		add_provider(&out, &c->providers[i], t);
	}
	buf_add_char(&out, ']');
	return print_json(&out);
}

/* ---- servers on this machine ---- */

static const char *const state_names[] = {
	[DISCOVERED_SILENT] = "silent",
	[DISCOVERED_OTHER] = "other",
	[DISCOVERED_LOCKED] = "locked",
	[DISCOVERED_SERVES] = "serves",
};

static void print_server(const struct discovered *d)
{
	const struct config_provider *p = d->provider;
	const char *plural = d->n == 1 ? "" : "s";

	printf("%.*s at %.*s ", STR_ARG(p->name), STR_ARG(p->base_url));
	if (d->state == DISCOVERED_LOCKED)
		printf("wants a key: providers.%.*s.api_key\n", STR_ARG(p->name));
	else if (d->state == DISCOVERED_OTHER)
		printf("answers, and lists no models: something else listens there\n");
	else if (d->flavor != NULL)
		printf("is %s, with %zu model%s\n", d->flavor, d->n, plural);
	else
		printf("has %zu model%s\n", d->n, plural);
	for (size_t i = 0; i < d->n && i < MODELS_SHOWN; i++) {
		printf("    ");
		figures_text(d->models[i]);
		putchar('\n');
	}
	if (d->n > MODELS_SHOWN)
		printf("    … and %zu more (--json has them)\n", d->n - MODELS_SHOWN);
}

/* The entries of the name table for what was found. */
struct entries {
	const struct config *config;
	struct arena *arena;
	struct buf out;
	struct str *names; /* so far */
	size_t n;
};

static bool is_taken(const struct entries *t, struct str name)
{
	for (size_t i = 0; i < t->config->models.n; i++)
		if (str_eq(t->config->models.v[i].name, name))
			return true;
	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->names[i], name))
			return true;
	return false;
}

static bool is_mapped(const struct config *c, struct str target)
{
	for (size_t i = 0; i < c->models.n; i++) {
		struct str value = c->models.v[i].value;
		if (str_eq((struct str){ value.p, str_find_char(value, ' ') }, target))
			return true;
	}
	return false;
}

/* A value of the table ends at a space, and a terminal is shown no controls. */
static bool is_plain(struct str model)
{
	for (size_t i = 0; i < model.n; i++) {
		unsigned char c = (unsigned char)model.p[i];
		if (c <= ' ' || c == 0x7F || c == 0xC2)
			return false;
	}
	return true;
}

/* Under the model's own name, or with the provider's before it when that is taken. */
static void add_entry(struct entries *t, const struct config_provider *p, struct str model)
{
	struct str target = arena_printf(t->arena, "%.*s/%.*s", STR_ARG(p->name), STR_ARG(model));
	struct str name = is_taken(t, model) ? target : model;

	if (!is_plain(model) || is_mapped(t->config, target) || is_taken(t, name))
		return;
	buf_add(&t->out, str_from(t->n > 0 ? ",\n    " : "    "));
	json_add_string(&t->out, name);
	buf_add(&t->out, STR(": "));
	json_add_string(&t->out, target);
	t->names[t->n++] = name;
}

static void print_flavors(const struct discovery *found)
{
	const char *before = "  \"providers\": {\n    ";
	bool any = false;

	for (size_t i = 0; i < found->n; i++) {
		const struct discovered *d = &found->v[i];
		if (d->state != DISCOVERED_SERVES || d->flavor == NULL)
			continue;
		printf("%s\"%.*s\": { \"flavor\": \"%s\" }", before, STR_ARG(d->provider->name),
			d->flavor);
		before = ",\n    ";
		any = true;
	}
	if (any)
		printf("\n  },\n");
}

/* The lines that use it, for the configuration file. */
static void print_use(const struct config *c, const struct discovery *found, struct arena *a)
{
	struct entries t = { .config = c, .arena = a };
	size_t room = 1;

	for (size_t i = 0; i < found->n; i++)
		room += found->v[i].n;
	t.names = arena_alloc(a, room * sizeof(*t.names));
	buf_init(&t.out, OUTPUT_MAX);
	for (size_t i = 0; i < found->n; i++)
		for (size_t k = 0; k < found->v[i].n; k++)
			add_entry(&t, found->v[i].provider, found->v[i].models[k]);
	if (t.n > 0) {
		printf("\nTo ask for them by name, in the configuration file (`sluice config path`):\n\n");
		print_flavors(found);
		printf("  \"models\": {\n");
		printf("%.*s\n  }\n", STR_ARG(buf_str(&t.out)));
	}
	buf_release(&t.out);
}

static int print_found(const struct config *c, const struct discovery *found, struct arena *a)
{
	size_t n = 0;

	for (size_t i = 0; i < found->n; i++)
		if (found->v[i].state != DISCOVERED_SILENT) {
			print_server(&found->v[i]);
			n++;
		}
	print_use(c, found, a);
	if (n > 0)
		return CMD_OK;
	cmd_note("no server answers on this machine; these addresses were asked:");
	for (size_t i = 0; i < found->n; i++)
		cmd_note("  %.*s (%.*s)", STR_ARG(found->v[i].provider->base_url),
			STR_ARG(found->v[i].provider->name));
	return CMD_FAILED;
}

static void add_server(struct buf *out, const struct discovered *d)
{
	buf_add(out, STR("{\"name\":"));
	json_add_string(out, d->provider->name);
	add_member(out, "base_url", d->provider->base_url);
	add_member(out, "state", str_from(state_names[d->state]));
	add_member(out, "flavor",
		str_from(d->flavor != NULL ? d->flavor : candidate_flavor(d->provider)->name));
	buf_add(out, STR(",\"models\":["));
	for (size_t i = 0; i < d->n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		json_add_string(out, d->models[i]);
	}
	buf_add(out, STR("]}"));
}

static int print_found_json(const struct discovery *found)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	buf_add(&out, STR("{\"servers\":["));
	for (size_t i = 0; i < found->n; i++) {
		if (i > 0)
			buf_add(&out, STR(",\n"));
		add_server(&out, &found->v[i]);
	}
	buf_add_char(&out, ']');
	return print_json(&out);
}

/* Milliseconds from "0.5", "2"; false when it is no time between 0.01 and 60 seconds. */
static bool read_timeout(const char *text, uint64_t *ret)
{
	char *end;

	if (text == NULL) {
		*ret = 1000;
		return true;
	}
	double s = strtod(text, &end);
	if (*text == '\0' || *end != '\0' || !(s >= 0.01 && s <= 60))
		return false;
	*ret = (uint64_t)(s * 1000);
	return true;
}

static int run_discover(const struct cmd *c, const struct config *config)
{
	uint64_t timeout_ms;

	if (!read_timeout(cmd_option(c, "timeout"), &timeout_ms)) {
		cmd_note("providers: --timeout wants seconds, from 0.01 to 60");
		return CMD_USAGE;
	}
	struct arena *a = arena_new();
	struct discovery found = discover(config, timeout_ms, a);
	int status = cmd_option(c, "json") != NULL ? print_found_json(&found)
						   : print_found(config, &found, a);
	arena_free(a);
	return status;
}

static int run_list(const struct cmd *c, const struct config *config)
{
	struct price_book book = { 0 };
	struct err e;
	int status;

	if (!price_book_load(&book, config, &e))
		status = cmd_fail("%s", e.text);
	else if (cmd_option(c, "json") != NULL)
		status = list_json(config, &book.prices);
	else
		status = list(config, &book.prices);
	price_book_release(&book);
	return status;
}

static int run(const struct cmd *c)
{
	bool discovering = c->nargs > 0;

	if (discovering && strcmp(c->args[0], "discover") != 0) {
		cmd_note("providers: write `sluice providers` or `sluice providers discover`");
		return CMD_USAGE;
	}
	struct config *config = cmd_load_config(c, false);
	if (config == NULL)
		return CMD_FAILED;
	int status = discovering ? run_discover(c, config) : run_list(c, config);
	config_unref(config);
	return status;
}
