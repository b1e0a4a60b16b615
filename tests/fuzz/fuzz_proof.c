/* Anyone who can push can write a note: what is read of one is written the same again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "git/sign.h"
#include "model/attest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
reads(struct str line, struct buf *again)
{
	AUTO(attest_free) struct attest a = {0};
	struct err *e = attest_read("fuzz", line, &a);

	if (e != NULL) {
		err_free(e);
		return false;
	}
	attest_write(&a, false, again);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = str_mk((const char *)data, size), signature;
	AUTO(buf_free) struct buf open = BUF_INIT(ATTEST_MAX), once = BUF_INIT(ATTEST_MAX), twice = BUF_INIT(ATTEST_MAX);

	if (sign_open(line, &open, &signature) && (signature.n > line.n || (open.n > line.n && !open.over)))
		abort();
	if (!reads(line, &once) || once.over)
		return 0;
	if (!reads(buf_str(&once), &twice) || str_cmp(buf_str(&once), buf_str(&twice)) != 0)
		abort();
	return 0;
}
