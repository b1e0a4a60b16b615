/*
 * Whatever surrounds it and wherever the stream is cut, the secret does not
 * come out, and bytes without it come out as they were.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/redact.h"
#include "conf/secrets.h"

#define VALUE "s3cr3t-v/lue+x"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says where the rest is cut, and where the value is put. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_free) struct buf text = BUF_INIT(MIB), out = BUF_INIT(4 * MIB);
	AUTO(secrets_free) struct secrets s = {0};
	AUTO(redact_free_p) struct redactor *r = NULL;
	size_t at;

	if (size == 0 || size > KIB)
		return 0;
	secrets_add(&s, "KEY", STR(VALUE));
	r = redact_new(&s);
	at = data[0] % size;
	buf_add(&text, data, at);
	buf_adds(&text, VALUE);
	buf_add(&text, data + at, size - at);
	redact_feed(r, str_take(buf_str(&text), data[0]), &out);
	redact_feed(r, str_skip(buf_str(&text), data[0]), &out);
	redact_finish(r, &out);
	if (str_find(buf_str(&out), STR(VALUE)) >= 0 || redact_count(r) == 0)
		abort();
	return 0;
}
