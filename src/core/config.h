/* SPDX-License-Identifier: MIT */
/* The configuration: one table of settings, from which come the struct, the parser, defaults, bounds, the
 * environment names, `sluice config show|check|schema` and docs/config.md. A loaded configuration is an
 * immutable snapshot with a reference count; an exchange keeps the one it began with. */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include "base/settings.h"

/* X(C field, type, path, default as one would type it in the environment, min, max, what it does).
 * Types: see enum setting_type. SECONDS are typed as decimal seconds and kept as milliseconds. */
#define CONFIG_SETTINGS(X) \
	X(listen, STRINGS, "listen", "localhost:7780", 0, 0, \
		"addresses to listen on, `host:port`; `localhost` means 127.0.0.1 and ::1; an address that is not loopback needs `auth.key`") \
	X(override_model, STRING, "override.model", "", 0, 0, \
		"replaces the model of every request; empty: the client's own") \
	X(auth_key, SECRET, "auth.key", "", 0, 0, \
		"key that clients must present as `x-sluice-key`, `x-api-key` or bearer; empty: none, loopback only") \
	X(auth_key_env, STRING, "auth.key_env", "", 0, 0, \
		"environment variable that holds `auth.key`") \
	X(auth_key_file, STRING, "auth.key_file", "", 0, 0, "file that holds `auth.key`") \
	X(auth_hosts, STRINGS, "auth.hosts", "", 0, 0, \
		"further names accepted in the Host header; without a key, loopback names only (DNS rebinding)") \
	X(auth_origins, STRINGS, "auth.origins", "", 0, 0, \
		"web origins that may call, besides loopback ones") \
	X(limits_connections, INT, "limits.connections", "10000", 1, 1000000, \
		"open client connections") \
	X(limits_header_bytes, BYTES, "limits.header_bytes", "64KiB", 1024, 1048576, \
		"request line and header block") \
	X(limits_headers, INT, "limits.headers", "256", 16, 10000, "header fields of a request") \
	X(limits_body_bytes, BYTES, "limits.body_bytes", "32MiB", 1024, 1073741824, \
		"request body on interpreted paths, after decoding") \
	X(limits_header_ms, SECONDS, "limits.header_s", "15", 0.05, 3600, \
		"time to send a request head") \
	X(limits_idle_ms, SECONDS, "limits.idle_s", "300", 0.05, 86400, \
		"time an idle client connection stays open") \
	X(limits_body_rate, BYTES, "limits.body_bytes_per_s", "1KiB", 0, 1073741824, \
		"slowest average rate of a request body; 0: any") \
	X(limits_body_grace_ms, SECONDS, "limits.body_grace_s", "20", 0.05, 3600, \
		"time before the slowest rate is enforced") \
	X(limits_write_stall_ms, SECONDS, "limits.write_stall_s", "600", 0.05, 86400, \
		"time a client may accept no byte of its reply") \
	X(limits_queue_bytes, BYTES, "limits.queue_bytes", "128KiB", 4096, 67108864, \
		"reply bytes queued for a client before the provider is paused") \
	X(limits_pipeline_bytes, BYTES, "limits.pipeline_bytes", "64KiB", 1024, 16777216, \
		"bytes a client may send ahead of its reply") \
	X(limits_frame_bytes, BYTES, "limits.frame_bytes", "64KiB", 1024, 33554432, \
		"how much of an unfinished event is held back before it is passed on in pieces") \
	X(limits_drain_ms, SECONDS, "limits.drain_s", "30", 0, 86400, \
		"time that open requests get to finish at shutdown") \
	X(limits_ping_ms, SECONDS, "limits.ping_s", "15", 0, 3600, \
		"silence of the provider after which a stream gets a ping; 0: never") \
	X(log_level, ENUM, "log.level", "info", 0, 0, "error|warn|info|debug") \
	X(log_format, ENUM, "log.format", "text", 0, 0, "text|json") \
	X(log_file, STRING, "log.file", "", 0, 0, "where to log; empty: standard error") \
	X(log_queue_bytes, BYTES, "log.queue_bytes", "1MiB", 4096, 1073741824, \
		"log lines waiting to be written before further ones are dropped and counted")

/* The same for providers.NAME.… */
#define CONFIG_PROVIDER_SETTINGS(X) \
	X(dialect, ENUM, "dialect", "", 0, 0, "anthropic|openai|gemini") \
	X(base_url, STRING, "base_url", "", 0, 0, "where its API lives, without `/v1`") \
	X(api_key, SECRET, "api_key", "", 0, 0, \
		"key sent upstream; empty: the client's own is forwarded") \
	X(api_key_env, STRING, "api_key_env", "", 0, 0, "environment variable that holds the key") \
	X(api_key_file, STRING, "api_key_file", "", 0, 0, "file that holds the key") \
	X(headers, STRING_MAP, "headers", "", 0, 0, "headers set on every request to it") \
	X(connect_ms, SECONDS, "timeouts.connect_s", "10", 0.05, 600, \
		"time to connect, TLS included") \
	X(first_byte_ms, SECONDS, "timeouts.first_byte_s", "600", 0.05, 86400, \
		"time from the request until the reply begins") \
	X(idle_ms, SECONDS, "timeouts.idle_s", "300", 0.05, 86400, "silence within a reply") \
	X(total_ms, SECONDS, "timeouts.total_s", "3600", 0, 604800, \
		"the whole exchange; 0: no limit") \
	X(http2, BOOL, "http2", "false", 0, 0, "speak HTTP/2 to it") \
	X(ca_file, STRING, "ca_file", "", 0, 0, "certificates to trust instead of the system's") \
	X(proxy, STRING, "proxy", "", 0, 0, \
		"HTTP proxy to reach it through; empty: HTTPS_PROXY, HTTP_PROXY and NO_PROXY")

#define CONFIG_FIELD(field, type, ...) SETTING_C_TYPE_##type field;

struct config_provider {
	struct str name;
	CONFIG_PROVIDER_SETTINGS(CONFIG_FIELD)
};

struct config {
	unsigned refs;
	struct arena *arena; /* owns all views below */
	CONFIG_SETTINGS(CONFIG_FIELD)
	/* In the order: presets (anthropic, openai, gemini, deepseek, openrouter), then those of the file. Secrets are
	 * resolved: api_key and auth_key hold the key itself wherever it came from. */
	struct config_provider *providers;
	size_t nproviders;
};

/* The provider of that name; NULL without one. */
const struct config_provider *config_provider(const struct config *c, struct str name);

struct config *config_ref(struct config *c);
/* NULL is accepted. */
void config_unref(struct config *c);

#endif
