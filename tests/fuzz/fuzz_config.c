/*
 * A policy file may hold anything: it is read or refused, and what was read
 * can be listed, checked and judged.
 */
#include "base/err.h"
#include "conf/config.h"
#include "conf/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct err *
drop(void *ctx, const char *key, const char *value, enum config_origin origin)
{
	AUTO(buf_free) struct buf out = BUF_INIT(BUF_TEXT);

	(void)value;
	(void)origin;
	err_ignore(config_get(ctx, key, &out));
	return NULL;
}

/* Nobody knows what any model costs. */
static struct err *
no_price(const char *provider, const char *model, struct conf_price *out, bool *known)
{
	(void)provider;
	(void)model;
	(void)out;
	*known = false;
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(trust_items_free) struct trust_items items = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	AUTO(config_free) struct config c;
	struct err *e;

	config_init(&c);
	e = config_parse("f", str_mk((const char *)data, size), &c);
	if (e == NULL) {
		err_ignore(config_check(&c));
		err_ignore(config_each(&c, drop, &c));
		err_ignore(trust_items(&c, no_price, &items));
		trust_text(&items, &text);
	}
	err_free(e);
	return 0;
}
