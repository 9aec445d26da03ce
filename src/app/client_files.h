/* SPDX-License-Identifier: MIT */
/* Configuration of known clients beside the environment: what in it would lead around the proxy. Only
 * read, never written; and nothing that holds credentials. */
#ifndef APP_CLIENT_FILES_H
#define APP_CLIENT_FILES_H

#include "app/clients.h"

/* The settings file of Claude Code whose "env" names an ANTHROPIC_BASE_URL that is not s->url; NULL when
 * there is none. In the order in which they win: project's local, project's, user's. The user's folder is
 * config_dir, or .claude in home; either may be NULL. */
const char *client_claude_redirect(
	struct client_setup *s, const char *config_dir, const char *home);

/* The provider that Codex's config.toml chooses at its top level; empty when it does not. The folder is
 * codex_home, or .codex in home; either may be NULL. */
struct str client_codex_provider(struct client_setup *s, const char *codex_home, const char *home);

/* OpenCode's configuration in JSON: the user's own, which may be NULL, with the base URLs (and the key
 * header) of its providers set. *ret_note is set when the user should know what that overrides. */
struct str client_opencode_config(struct client_setup *s, const char *own, const char **ret_note);

#endif
