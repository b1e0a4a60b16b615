#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/text.h"
#include "conf/redact.h"
#include "git/diff.h"
#include "git/tree.h"
#include "line/scan.h"

/* Code points that steer a reader; line ends and form feeds are ordinary. */
static size_t
count_hidden(struct str s)
{
	size_t n = 0;
	int32_t c;

	if (str_has(s, '\0'))
		return 0;	/* binary */
	while (s.n > 0) {
		c = utf8_next(&s);
		n += c > 0 && c != '\r' && c != '\f' && text_hidden(c);
	}
	return n;
}

static struct err *
hidden_in(struct repo *r, const struct oid *blob, size_t *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SCAN_FILE_MAX);

	if (oid_is_zero(blob)) {
		*out = 0;
		return NULL;
	}
	TRY(blob_read(r, blob, &text));
	*out = count_hidden(buf_str(&text));
	return NULL;
}

static struct err *
scan_file(struct repo *r, struct redactor *redact, const struct diff_file *f, struct strs *hidden)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SCAN_FILE_MAX);
	size_t now, before;

	if (defence_on(DEFENCE_OUTPUT_SCAN) && redact_found(redact, str_of(f->path)))
		return err_new(ERR_SECRET, "the name of a changed file holds a secret");
	if (f->status == 'D' || f->new_mode == MODE_GITLINK)
		return NULL;
	TRY(err_wrap(blob_read(r, &f->new_oid, &text), "'%s'", f->path));
	if (defence_on(DEFENCE_OUTPUT_SCAN) && redact_found(redact, buf_str(&text)))
		return err_hint(err_new(ERR_SECRET, "the change writes a secret into '%s'", f->path),
		    "nothing was delivered; look at how the agent came by it");
	now = count_hidden(buf_str(&text));
	if (now == 0 || !defence_on(DEFENCE_HIDDEN))
		return NULL;
	TRY(hidden_in(r, f->old_mode == MODE_GITLINK ? &oid_zero : &f->old_oid, &before));
	if (now > before)
		strs_add(hidden, f->path);
	return NULL;
}

struct err *
scan_change(struct repo *r, struct redactor *redact, const struct oid *from, const struct oid *to,
    struct strs *hidden)
{
	AUTO(diff_free) struct diff d = {0};
	size_t i;

	TRY(diff_trees(r, from, to, false, &d));
	for (i = 0; i < d.n; i++)
		TRY(scan_file(r, redact, &d.v[i], hidden));
	return NULL;
}
