/*
 * Nobody without a key is believed, whatever the headers hold, and what comes
 * out of a body has the form that webhook.h promises.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every header that is there has this value. */
static const char *
header(void *arg, const char *name)
{
	const char *const *want = arg;

	return strstr(name, "event") != NULL && strcmp(name, want[1]) != 0 ? NULL : want[0];
}

static void
check_refused(const char *value, struct str body)
{
	static const char *const events[] = {"x-github-event", "x-gitlab-event", "x-gitea-event", "x-forgejo-event",
	    "linear-event"};
	struct hook_keys *keys = hook_keys_new();
	struct hook_delivery d;
	size_t i;

	setenv("FUZZ_HOOK", "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=", 1);
	err_ignore(hook_keys_add(keys, "FUZZ_HOOK"));
	setenv("FUZZ_HOOK_2", "a key that nobody guesses", 1);
	err_ignore(hook_keys_add(keys, "FUZZ_HOOK_2"));
	for (i = 0; i < NITEMS(events); i++) {
		const char *arg[] = {value, events[i]};
		struct err *e = webhook_check(keys, header, arg, body, 1700000000, &d);

		if (e == NULL)
			abort();
		err_free(e);
	}
	hook_keys_free(keys);
}

static void
check_parsed(enum hook_from from, const char *event, struct str body)
{
	struct hook_event h = {0};
	struct err *e = webhook_parse(from, event, body, &h);

	if (e != NULL) {
		err_free(e);
		return;
	}
	if (h.issue < 0 || h.pull < 0 || (h.what == HOOK_ISSUE && h.issue == 0) || (h.what == HOOK_PULL && h.pull == 0) ||
	    (h.what == HOOK_COMMENT && (h.issue == 0) == (h.pull == 0)) || (h.what == HOOK_PUSH && h.ref[0] == '\0') ||
	    (h.what == HOOK_CHECKS && h.head[0] == '\0'))
		abort();
	if (h.command[0] != '\0' && (strncmp(h.command, "/factory", 8) != 0 || strchr(h.command, '\n') != NULL))
		abort();
	hook_event_free(&h);
}

/* The first byte chooses the forge; up to the line's end comes the event, then the body. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_mk((const char *)data, size), line = {0};
	AUTO(mem_free_p) char *event = NULL;

	if (size < 2)
		return 0;
	rest = str_skip(rest, 1);
	(void)str_next(&rest, '\n', &line);
	event = str_dup(line);
	check_parsed((enum hook_from)(data[0] % 5), event, rest);
	check_refused(event, rest);
	return 0;
}
