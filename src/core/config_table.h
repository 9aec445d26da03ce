/* SPDX-License-Identifier: MIT */
/* The settings, as data. A row: C field, type (base/settings.h), path, default as one would type it in the
 * environment, bounds, flags, what it does. docs/config.md and docs/config.schema.json are made from it. */
#ifndef CORE_CONFIG_TABLE_H
#define CORE_CONFIG_TABLE_H

/* clang-format off */
#define CONFIG_SETTINGS(X) \
	X(listen, STRINGS, "listen", "localhost:7780", ANY, TRUSTED, \
		"addresses to listen on, `host:port`; `localhost` means 127.0.0.1 and ::1; an address that is not loopback needs `auth.key`") \
	X(override_model, STRING, "override.model", "", ANY, TRUSTED | REDIRECTS, \
		"replaces the model of every Messages request; empty: the client's own") \
	X(models, STRING_MAP, "models", "", ANY, TRUSTED | REDIRECTS, \
		"who answers to the names that clients ask for: `{\"NAME\": \"PROVIDER/MODEL NAME=VALUE …\"}`; names may hold `*` and `?`, an exact one comes first, then the first that fits; the model `*` is the name asked for; parameters are set in the request, `caps.…` say what the model can") \
	X(route_profile, ENUM, "route.profile", "balanced", ONE_OF("observe|balanced|saver|max"), TRUSTED | REDIRECTS, \
		"how models are chosen: `observe`: as asked; `balanced`: subagents and background turns go to cheaper models of the same provider; `saver`: and the main loop, once planning has ended; `max`: to the cheapest provider that there is a key for") \
	X(route_use, STRING_MAP, "route.use", "", ANY, TRUSTED | REDIRECTS, \
		"who answers to classes of turns: `{\"CLASS\": \"PROVIDER/MODEL NAME=VALUE …\"}`, as in `models`; the classes are in docs/routing.md") \
	X(route_provider, STRING, "route.provider", "", ANY, TRUSTED | REDIRECTS, \
		"provider that is asked whatever else is said, for the model that the turn would have had; empty: none") \
	X(route_fallbacks, STRINGS, "route.fallbacks", "", ANY, TRUSTED | REDIRECTS, \
		"who is asked when the others fail, in this order: `PROVIDER/MODEL NAME=VALUE …`; the model `*` is the one asked for") \
	X(route_quality, STRING_MAP, "route.quality", "", ANY, TRUSTED | REDIRECTS, \
		"how good models are, from 0 to 100, over the table built in: `{\"NAME\": \"85\"}`") \
	X(route_tag, ENUM, "route.tag", "subagents", ONE_OF("off|subagents|all"), TRUSTED | REDIRECTS, \
		"whose prompts may name a model with `<CCR-SUBAGENT-MODEL>`: `off`: nobody's; `subagents`: those that the client says are a subagent's; `all`: everybody's; only models of the client's own provider and of those that your routing names (see docs/routing.md)") \
	X(route_long_context_tokens, INT, "route.long_context_tokens", "60000", RANGE(1000, 10000000), 0, \
		"input tokens from which on a turn is of the class `long_context`") \
	X(route_turns, INT, "route.turns", "80", RANGE(1, 100000), 0, \
		"turns that a conversation is expected to go on for, before anything was observed") \
	X(route_margin, INT, "route.margin_percent", "20", RANGE(0, 1000), 0, \
		"what a change of the model has to save over those turns, in per cent of what it costs") \
	X(route_switch_percent, INT, "route.switch_percent", "10", RANGE(0, 1000), 0, \
		"what the changes of a conversation's model may cost together, in per cent of the conversation without any") \
	X(route_trouble, INT, "route.trouble", "4", RANGE(1, 1000), 0, \
		"failing results of tools in a row after which a cheaper model gives the conversation back") \
	X(route_examples, STRING, "route.examples", "", ANY, TRUSTED | FILE_NAME, \
		"own prompts with their difficulty, a line each: `simple|medium|complex`, a tab, the text; join those built in") \
	X(route_rules, RECORDS, "route.rules", "", PARTS(rule_parts), TRUSTED | REDIRECTS, \
		"rules of your own, the first whose condition holds decides (see docs/routing.md)") \
	X(route_script, STRING, "route.script", "", ANY, TRUSTED | REDIRECTS | FILE_NAME, \
		"router written in Lua, asked before `route.rules` (see docs/routing.md)") \
	X(route_script_instructions, INT, "route.script_instructions", "100000", RANGE(1000, 100000000), TRUSTED, \
		"instructions that rules and script together may take for a request") \
	X(route_script_memory_bytes, BYTES, "route.script_memory_bytes", "4MiB", RANGE(65536, 1073741824), TRUSTED, \
		"memory that rules and script together may use") \
	X(list_models, ENUM, "list.models", "auto", ONE_OF("auto|own|provider"), 0, \
		"what clients are told that ask which models there are (`/v1/models`): `own`: the names of `models`, `sluice`, `sluice-fast` and `sluice-best`, and what is known of the provider that they would reach; `provider`: what that provider says; `auto`: `own` as soon as there are `models`, `route.use`, `route.rules` or `route.script`") \
	X(auth_key, SECRET, "auth.key", "", ANY, TRUSTED | EITHER, \
		"key that clients must present as `x-sluice-key`, `x-api-key` or bearer; empty: none, loopback only") \
	X(auth_key_env, STRING, "auth.key_env", "", ANY, TRUSTED | EITHER, \
		"environment variable that holds `auth.key`") \
	X(auth_key_file, STRING, "auth.key_file", "", ANY, TRUSTED | EITHER | FILE_NAME, \
		"file whose first line is `auth.key`") \
	X(auth_hosts, STRINGS, "auth.hosts", "", ANY, TRUSTED, \
		"further names accepted in the Host header; without a key, loopback names only (DNS rebinding)") \
	X(auth_origins, STRINGS, "auth.origins", "", ANY, TRUSTED, \
		"web origins that may call, besides loopback ones") \
	X(limits_connections, INT, "limits.connections", "10000", RANGE(1, 1000000), 0, \
		"open client connections") \
	X(limits_header_bytes, BYTES, "limits.header_bytes", "64KiB", RANGE(1024, 1048576), 0, \
		"request line and header block") \
	X(limits_headers, INT, "limits.headers", "256", RANGE(16, 10000), 0, \
		"header fields of a request or a reply") \
	X(limits_body_bytes, BYTES, "limits.body_bytes", "32MiB", RANGE(1024, 1073741824), 0, \
		"request body on interpreted paths, after decoding") \
	X(limits_header_ms, SECONDS, "limits.header_s", "15", RANGE(0.05, 3600), 0, \
		"time to send a request head") \
	X(limits_idle_ms, SECONDS, "limits.idle_s", "300", RANGE(0.05, 86400), 0, \
		"time an idle client connection stays open") \
	X(limits_body_rate, BYTES, "limits.body_bytes_per_s", "1KiB", RANGE(0, 1073741824), 0, \
		"slowest average rate of a request body; 0: any") \
	X(limits_body_grace_ms, SECONDS, "limits.body_grace_s", "20", RANGE(0.05, 3600), 0, \
		"time before the slowest rate is enforced") \
	X(limits_write_stall_ms, SECONDS, "limits.write_stall_s", "600", RANGE(0.05, 86400), 0, \
		"time a client may accept no byte of its reply") \
	X(limits_queue_bytes, BYTES, "limits.queue_bytes", "128KiB", RANGE(4096, 67108864), 0, \
		"reply bytes queued for a client before the provider is paused") \
	X(limits_pipeline_bytes, BYTES, "limits.pipeline_bytes", "64KiB", RANGE(1024, 16777216), 0, \
		"bytes a client may send ahead of its reply") \
	X(limits_frame_bytes, BYTES, "limits.frame_bytes", "64KiB", RANGE(1024, 33554432), 0, \
		"how much of an unfinished event is held back before it is passed on in pieces") \
	X(limits_drain_ms, SECONDS, "limits.drain_s", "30", RANGE(0, 86400), 0, \
		"time that open requests get to finish at shutdown") \
	X(limits_linger_ms, SECONDS, "limits.linger_s", "2", RANGE(0.05, 60), 0, \
		"time that a client still sending gets to read the reply that ends its connection") \
	X(limits_discard_bytes, BYTES, "limits.discard_bytes", "64KiB", RANGE(0, 16777216), 0, \
		"largest request body that is read to the end, unused, to keep a connection after an early reply") \
	X(limits_reply_header_bytes, BYTES, "limits.reply_header_bytes", "256KiB", RANGE(4096, 16777216), 0, \
		"header block of a provider's reply") \
	X(limits_pool_connections, INT, "limits.pool_connections", "1024", RANGE(1, 100000), 0, \
		"idle connections to providers kept for reuse") \
	X(limits_reply_bytes, BYTES, "limits.reply_bytes", "64MiB", RANGE(65536, 1073741824), 0, \
		"reply that is translated for a client who gets it in one piece") \
	X(limits_output_tokens, INT, "limits.output_tokens", "32000", RANGE(1, 10000000), 0, \
		"`max_tokens` for a provider that must be told, of a client that has not said") \
	X(limits_ping_ms, SECONDS, "limits.ping_s", "15", RANGE(0, 3600), 0, \
		"silence of the provider after which a stream gets a ping; 0: never") \
	X(limits_exchanges, INT, "limits.exchanges", "4096", RANGE(0, 1000000), 0, \
		"requests in work; further ones are told at once that there is no capacity, and to come back; 0: any number") \
	X(limits_metric_models, INT, "limits.metric_models", "200", RANGE(1, 10000), 0, \
		"models that `/metrics` tells apart by name; further ones are counted as `other`") \
	X(failover_retries, INT, "failover.retries", "2", RANGE(0, 10), 0, \
		"times that the same provider is asked again when it has failed and nothing of a reply is with the client, before the next candidate is; see docs/failover.md") \
	X(failover_alone, BOOL, "failover.alone", "false", ANY, 0, \
		"also ask again where nobody else could be asked; without it the client gets the provider's own failure, and tries again by itself") \
	X(failover_retry_after_ms, SECONDS, "failover.retry_after_s", "5", RANGE(0, 600), 0, \
		"how long a provider may ask to be left alone (`retry-after`) and is waited for; whoever asks for longer is passed by") \
	X(failover_deadline_ms, SECONDS, "failover.deadline_s", "30", RANGE(0, 3600), 0, \
		"time since the first attempt after which no other one begins") \
	X(failover_first_ms, SECONDS, "failover.first_s", "15", RANGE(0.05, 3600), 0, \
		"silence before the first content of a stream after which somebody else is asked, if there is anybody") \
	X(failover_content_ms, SECONDS, "failover.content_s", "60", RANGE(0.05, 3600), 0, \
		"time until the first content of a stream, with signs of life (pings) before it, after which somebody else is asked, if there is anybody; at most `failover.deadline_s`") \
	X(failover_hold_bytes, BYTES, "failover.hold_bytes", "64KiB", RANGE(0, 67108864), 0, \
		"how much of a reply is held back until its content begins, while somebody else could still be asked") \
	X(failover_failures, INT, "failover.failures", "3", RANGE(1, 1000), 0, \
		"failures of a provider's model in a row after which it is passed by for a while") \
	X(failover_open_ms, SECONDS, "failover.open_s", "10", RANGE(0.05, 3600), 0, \
		"that while; it doubles each time that the model is found to fail still") \
	X(failover_open_max_ms, SECONDS, "failover.open_max_s", "300", RANGE(0.05, 86400), 0, \
		"and its most") \
	X(store_path, STRING, "store.path", "", ANY, TRUSTED | FILE_NAME, \
		"file of the ledger; empty: `sluice/ledger.db` below XDG_DATA_HOME (`~/.local/share`)") \
	X(store_enabled, BOOL, "store.enabled", "true", ANY, 0, \
		"record what each request cost") \
	X(store_flush_ms, SECONDS, "store.flush_s", "0.1", RANGE(0.001, 60), 0, \
		"time after its end within which an exchange is in the ledger; a crash may lose what ended later") \
	X(store_queue_rows, INT, "store.queue_rows", "20000", RANGE(100, 10000000), 0, \
		"exchanges waiting to be written to the ledger before new requests have to wait") \
	X(store_wait_ms, SECONDS, "store.wait_s", "5", RANGE(0, 600), 0, \
		"time that new requests wait for a ledger whose queue is full; then they go on, and are not recorded") \
	X(store_end_ms, SECONDS, "store.end_s", "5", RANGE(0, 600), 0, \
		"time that the end of the program waits for a ledger that cannot be written") \
	X(store_keep_days, INT, "store.keep_days", "0", RANGE(0, 36500), TRUSTED, \
		"days that exchanges stay in the ledger; their sums stay for ever; 0: for ever; read at the start") \
	X(store_keep_bytes, BYTES, "store.keep_bytes", "0", RANGE(0, 17592186044416), TRUSTED, \
		"size of the ledger above which its oldest days go, sums excepted; 0: any; read at the start") \
	X(prefix_enabled, BOOL, "prefix.enabled", "true", ANY, 0, \
		"predict what the provider's prompt cache will read, and find out why when it did not") \
	X(prefix_memory_bytes, BYTES, "prefix.memory_bytes", "64MiB", RANGE(1048576, 17179869184), 0, \
		"memory for what conversations last sent (hashes and sizes, no text); the least recently used are forgotten first; read at the start") \
	X(prefix_entries, INT, "prefix.entries", "16384", RANGE(1024, 16777216), 0, \
		"entries of providers' prompt caches that are kept track of; read at the start") \
	X(prefix_keep_ms, SECONDS, "prefix.keep_s", "604800", RANGE(0, 31536000), 0, \
		"time that the store remembers what a conversation last sent, so that a restart does not forget and other proxies on the same store know; 0: not at all") \
	X(gather_wait_ms, SECONDS, "gather.wait_s", "10", RANGE(0, 600), 0, \
		"time that a request may wait for another one which writes the same to the provider's prompt cache, so that it can be read there; 0: never") \
	X(gather_min_tokens, INT, "gather.min_tokens", "4096", RANGE(1, 100000000), 0, \
		"tokens to be read instead of written from which on that is worth waiting") \
	X(record_bodies, BOOL, "record.bodies", "false", ANY, TRUSTED, \
		"also keep what was said: the beginning of each request and reply, without anything that looks like a key") \
	X(record_body_bytes, BYTES, "record.body_bytes", "64KiB", RANGE(256, 33554432), 0, \
		"how much of each is kept") \
	X(record_keep_ms, SECONDS, "record.keep_s", "604800", RANGE(1, 31536000), 0, \
		"and for how long") \
	X(prices_file, STRING, "prices.file", "", ANY, TRUSTED | FILE_NAME, \
		"price table to use on top of the one built in; empty: `sluice/prices.json` below XDG_DATA_HOME, if there is one") \
	X(prices_models, STRING_MAP, "prices.models", "", ANY, TRUSTED | REDIRECTS, \
		"prices of single models, in dollars per million tokens: `{\"NAME\": \"input=3 output=15 cache_read=0.3 cache_write_5m=3.75 cache_write_1h=6\"}`") \
	X(log_level, ENUM, "log.level", "info", ONE_OF("error|warn|info|debug"), 0, \
		"what is written to the log: that level and what weighs more") \
	X(log_format, ENUM, "log.format", "text", ONE_OF("text|json"), 0, \
		"lines for people, or one JSON object a line for machines") \
	X(log_file, STRING, "log.file", "", ANY, TRUSTED | FILE_NAME, \
		"where to log; empty: standard error") \
	X(log_queue_bytes, BYTES, "log.queue_bytes", "1MiB", RANGE(4096, 1073741824), 0, \
		"log lines waiting to be written before further ones are dropped and counted")

/* The same for providers.NAME.… */
#define CONFIG_PROVIDER_SETTINGS(X) \
	X(dialect, ENUM, "dialect", "", ONE_OF("anthropic|openai|chat|responses|gemini"), TRUSTED | REDIRECTS, \
		"which API it speaks; `openai` is Chat Completions (`chat`), and Responses (`responses`) where its flavor has both") \
	X(flavor, STRING, "flavor", "", ANY, TRUSTED | REDIRECTS, \
		"whose manners it has (see docs/providers.md); empty: those of its name") \
	X(base_url, STRING, "base_url", "", ANY, FILLED | TRUSTED | REDIRECTS, \
		"where its API lives, without `/v1`") \
	X(api_key, SECRET, "api_key", "", ANY, TRUSTED | EITHER, \
		"key sent upstream; empty: the client's own is forwarded") \
	X(api_key_env, STRING, "api_key_env", "", ANY, TRUSTED | EITHER, \
		"environment variable that holds the key") \
	X(api_key_file, STRING, "api_key_file", "", ANY, TRUSTED | EITHER | FILE_NAME, \
		"file whose first line is the key") \
	X(keys, STRING_MAP, "keys", "", ANY, TRUSTED | EITHER | MASKED, \
		"several keys, by names for people: `{\"NAME\": \"env:VARIABLE weight=2\"}`, `file:PATH`, or the key itself; conversations keep the one they have, new ones are spread by weight") \
	X(unsupported, ENUM, "unsupported", "error", ONE_OF("error|placeholder"), 0, \
		"what becomes of images and documents in a translated request for a model that takes none: the request is refused, or a line of text stands for them") \
	X(headers, STRING_MAP, "headers", "", ANY, TRUSTED | MASKED, \
		"headers set on every request to it") \
	X(connect_ms, SECONDS, "timeouts.connect_s", "10", RANGE(0.05, 600), 0, \
		"time to connect, TLS included") \
	X(first_byte_ms, SECONDS, "timeouts.first_byte_s", "600", RANGE(0.05, 86400), 0, \
		"time from the request until the reply begins") \
	X(idle_ms, SECONDS, "timeouts.idle_s", "300", RANGE(0.05, 86400), 0, \
		"silence within a reply") \
	X(total_ms, SECONDS, "timeouts.total_s", "3600", RANGE(0, 604800), 0, \
		"the whole exchange; 0: no limit") \
	X(http2, BOOL, "http2", "false", ANY, 0, \
		"speak HTTP/2 to it") \
	X(ca_file, STRING, "ca_file", "", ANY, TRUSTED | REDIRECTS | FILE_NAME, \
		"certificates to trust instead of the system's") \
	X(proxy, STRING, "proxy", "", ANY, TRUSTED | REDIRECTS | MASKED, \
		"HTTP proxy to reach it through; empty: HTTPS_PROXY, HTTP_PROXY and NO_PROXY")
/* clang-format on */

#endif
