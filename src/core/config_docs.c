/* SPDX-License-Identifier: MIT */
/* The tables of settings as a JSON Schema for editors and as a reference for people. */
#include <stdio.h>
#include <string.h>

#include "core/config_load.h"

static void print_schema(const struct setting *s, const void *obj, struct buf *out)
{
	setting_print_schema(s, out);
}

/* A group may also be written with dots, in the object that would hold it: "limits.idle_s". */
static void print_dotted(
	const struct settings *t, const char *base, const char *indent, struct buf *out)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *dot = strchr(t->rows[i].path, '.');
		if (dot != NULL)
			buf_addf(out,
				",\n%s\"%s\": {\"$ref\": \"%s/properties/%.*s/properties/%s\"}",
				indent, t->rows[i].path, base, (int)(dot - t->rows[i].path),
				t->rows[i].path, dot + 1);
	}
}

void config_schema(struct buf *out)
{
	const struct config_tree tree = { "{\"type\": \"object\", \"additionalProperties\": false, "
					  "\"properties\": {",
		"}}", print_schema };

	buf_add(out, STR("{\n"
			 "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
			 "  \"title\": \"sluice configuration\",\n"
			 "  \"type\": \"object\",\n"
			 "  \"additionalProperties\": false,\n"
			 "  \"properties\": {\n"
			 "    \"$schema\": {\"type\": \"string\"},"));
	config_print_tree(&tree, &config_settings, NULL, "    ", out);
	buf_add(out, STR(",\n    \"providers\": {\"type\": \"object\", "
			 "\"additionalProperties\": {\"$ref\": \"#/$defs/provider\"}, "
			 "\"properties\": {"));
	for (size_t i = 0; i < CONFIG_PRESETS; i++)
		buf_addf(out, "%s\n      \"%s\": {\"$ref\": \"#/$defs/provider\"}",
			i > 0 ? "," : "", config_presets[i].name);
	buf_add(out, STR("\n    }}"));
	print_dotted(&config_settings, "#", "    ", out);
	buf_add(out, STR("\n  },\n"
			 "  \"patternProperties\": {\"^providers\\\\.\": {}},\n"
			 "  \"$defs\": {\n"
			 "    \"provider\": {\"type\": \"object\", "
			 "\"additionalProperties\": false, \"properties\": {"));
	config_print_tree(&tree, &config_provider_settings, NULL, "      ", out);
	print_dotted(&config_provider_settings, "#/$defs/provider", "      ", out);
	buf_add(out, STR("\n    }}\n  }\n}\n"));
}

static const char intro[] =
	"# Configuration\n"
	"\n"
	"This page is made from the table of settings by `sluice config reference`.\n"
	"\n"
	"Settings come from these places; a later one wins:\n"
	"\n"
	"1. what is built in\n"
	"2. your file, `~/.config/sluice/config.json` (`$XDG_CONFIG_HOME/sluice/config.json`), or the\n"
	"   one named by `--config FILE` or `SLUICE_CONFIG`\n"
	"3. a project's file, `.sluice.json` in the current folder or the nearest one above it, up to the\n"
	"   repository's root or your home folder\n"
	"4. `.env` in the current folder\n"
	"5. the environment\n"
	"6. flags: `--set limits.idle_s=5`\n"
	"\n"
	"`sluice config show` says what is in force and where each value comes from, `sluice config check`\n"
	"what is wrong, with file, line and column, and `sluice config path` which files are read.\n"
	"\n"
	"## Files\n"
	"\n"
	"Files are JSON; `//` and `/* */` comments and trailing commas are allowed. Groups are written as\n"
	"objects or with dots. A name that does not exist, or is given twice, is an error.\n"
	"\n"
	"```json\n"
	"{\n"
	"  \"providers\": {\n"
	"    \"deepseek\": { \"api_key_env\": \"DEEPSEEK_API_KEY\" }, // built in: needs a key only\n"
	"    \"ollama\": { \"dialect\": \"openai\", \"base_url\": \"http://localhost:11434\" },\n"
	"  },\n"
	"  \"limits\": { \"idle_s\": 60 },\n"
	"  \"log.level\": \"warn\",\n"
	"}\n"
	"```\n"
	"\n"
	"For completion and checks in an editor, begin the file with\n"
	"`\"$schema\": \"/path/to/config.schema.json\"`; `sluice config schema` prints that schema.\n"
	"\n"
	"Seconds may have decimals. Bytes are numbers or have a unit: `64KiB`, `1MB` (K, M and G alone are\n"
	"KiB, MiB and GiB). Lists are arrays, or one string with commas. File names may begin with `~/`;\n"
	"relative ones start at the file that holds them, else at the current folder.\n"
	"\n"
	"A project's file may come with a repository that somebody else wrote. It may not set what is\n"
	"marked below: addresses, keys, headers, files. A `.env` file in the current folder may hold keys,\n"
	"but not say where requests and keys go: `base_url`, `proxy`, `ca_file`.\n"
	"\n"
	"## Environment\n"
	"\n"
	"Every setting has a variable, named after its path: `SLUICE_LISTEN`, `SLUICE_LIMITS_IDLE_S`,\n"
	"`SLUICE_PROVIDERS_ANTHROPIC_BASE_URL`. Lists are written with commas, maps `name=value,name=value`,\n"
	"lists of objects as JSON.\n"
	"A `.env` file holds lines `NAME=value`, with or without quotes and `export`; nothing in it is\n"
	"expanded. Only the names of settings, and the variables that `api_key_env` and `auth.key_env` name,\n"
	"are taken from it.\n"
	"\n"
	"## Keys\n"
	"\n"
	"Without a key for a provider, the client's own is forwarded. A key is named by an environment\n"
	"variable (`api_key_env`), read from the first line of a file (`api_key_file`) or written into your\n"
	"configuration file (`api_key`), which should then be readable by nobody else (`chmod 600`). Of the\n"
	"three give one; what a stronger place gives replaces all three of a weaker one. The same goes for\n"
	"`auth.key`.\n"
	"\n";

static void print_table(const struct settings *t, struct str prefix, struct buf *out)
{
	buf_add(out, STR("| setting | value | default | what it does |\n|---|---|---|---|\n"));
	for (size_t i = 0; i < t->n; i++)
		setting_print_reference(&t->rows[i], prefix, out);
	buf_add_char(out, '\n');
}

void config_reference(struct buf *out)
{
	buf_add(out, str_from(intro));
	buf_add(out, STR("## Settings\n\nThose marked * are refused in a project's file.\n\n"));
	print_table(&config_settings, STR(""), out);
	buf_add(out,
		STR("## Providers\n\nBuilt in, and complete but for a key:\n\n"
		    "| name | `dialect` | `flavor` | `base_url` | key |\n|---|---|---|---|---|\n"));
	for (size_t i = 0; i < CONFIG_PRESETS; i++) {
		const struct config_preset *p = &config_presets[i];
		buf_addf(out, "| `%s` | `%s` | `%s` | `%s` | %s%s%s |\n", p->name, p->dialect,
			p->flavor, p->base_url, p->key_env != NULL ? "`" : "",
			p->key_env != NULL ? p->key_env : "none", p->key_env != NULL ? "`" : "");
	}
	buf_add(out,
		STR("\nAny other name needs `dialect` and `base_url`. Names are lower-case letters, "
		    "digits, `-` and `_`.\nWithout an `api_key` a client's own key goes on to the provider that "
		    "it means, and the key that stands\nin the environment under the name above to any other.\n\n"));
	print_table(&config_provider_settings, STR("providers.NAME."), out);
	/* One line feed ends the file. */
	out->n -= out->n > 0;
}
