#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "face/check.h"
#include "face/part.h"
#include "line/check.h"

#define SUMMARY_MAX MIB	/* of one step */
#define MESSAGE_MAX 1000

static const char *const commands[] = {
	[LEVEL_NOTE] = "notice",
	[LEVEL_WARNING] = "warning",
	[LEVEL_ERROR] = "error",
};

/*
 * As @actions/core escapes data, and with 'property' what stands between
 * "::error" and "::": no text ends its line or the command.
 */
static void
add_escaped(struct buf *out, struct str s, bool property)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	size_t i;

	part_plain(&b, text_cut(s, MESSAGE_MAX));
	for (i = 0; i < b.n; i++) {
		unsigned char c = (unsigned char)b.p[i];

		if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
			buf_addf(out, "%%%02X", c);
		else
			buf_addc(out, (char)c);
	}
}

static void
add_title(struct buf *out, const struct verdict *v, const struct finding *f)
{
	AUTO(buf_free) struct buf title = BUF_INIT(BUF_TEXT);

	if (f != NULL)
		part_rule(v, f, &title);
	else
		buf_addf(&title, "%s: %s", v->gate, verdict_word(v->kind));
	buf_adds(out, "title=");
	add_escaped(out, buf_str(&title), true);
}

static void
add_finding(struct buf *out, const struct verdict *v, const struct finding *f)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

	part_text(f, &text);
	buf_addf(out, "::%s ", commands[part_level(v, f)]);
	if (f->file[0] != '\0') {
		buf_adds(out, "file=");
		add_escaped(out, str_of(f->file), true);
		if (f->line > 0)
			buf_addf(out, ",line=%lld", (long long)f->line);
		buf_addc(out, ',');
	}
	add_title(out, v, f);
	buf_adds(out, "::");
	add_escaped(out, buf_str(&text), false);
	buf_addc(out, '\n');
}

/* A gate that says no without a finding, or does not work. */
static bool
speaks_itself(const struct verdict *v)
{
	size_t i;

	if (v->kind == VERDICT_PASS)
		return false;
	for (i = 0; i < v->findings.n; i++)
		if (finding_blocks(v->findings.v[i].kind))
			return false;
	return true;
}

static void
add_verdict(struct buf *out, const struct verdict *v)
{
	buf_addf(out, "::%s ", commands[verdict_blocks(v) ? LEVEL_ERROR : LEVEL_WARNING]);
	add_title(out, v, NULL);
	buf_adds(out, "::");
	add_escaped(out, str_of(v->summary), false);
	buf_addc(out, '\n');
}

/* Those of one level, at most 'max' of them; how many there are. */
static size_t
add_level(struct buf *out, const struct check *c, enum part_level level, size_t max)
{
	size_t i, k, n = 0;

	for (i = 0; i < c->verdicts.n; i++) {
		const struct verdict *v = &c->verdicts.v[i];

		if (speaks_itself(v) && (verdict_blocks(v) ? LEVEL_ERROR : LEVEL_WARNING) == level && n++ < max)
			add_verdict(out, v);
		for (k = 0; k < v->findings.n; k++)
			if (v->findings.v[k].kind != FINDING_OLD &&
			    part_level(v, &v->findings.v[k]) == level && n++ < max)
				add_finding(out, v, &v->findings.v[k]);
	}
	return n;
}

struct err *
check_github(const struct check *c, struct buf *out)
{
	AUTO(buf_free) struct buf none = BUF_INIT(BUF_TEXT);
	int level;
	size_t n;

	for (level = LEVEL_ERROR; level >= LEVEL_NOTE; level--) {
		n = add_level(&none, c, (enum part_level)level, 0);
		if (n <= CHECK_ANNOTATIONS_MAX) {
			add_level(out, c, (enum part_level)level, n);
			continue;
		}
		add_level(out, c, (enum part_level)level, CHECK_ANNOTATIONS_MAX - 1);
		buf_addf(out, "::%s title=git factory gate::and %zu more; the table in the log has them\n",
		    commands[level], n - (CHECK_ANNOTATIONS_MAX - 1));
	}
	return buf_check(out, "the annotations");
}

struct err *
check_summary(const struct check *c)
{
	AUTO(buf_free) struct buf text = BUF_INIT(CHECK_MARKDOWN_MAX);
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	AUTO(fd_close_p) int fd = -1;
	struct stat st;

	if (path == NULL || path[0] == '\0')
		return NULL;
	TRY(check_markdown(c, &text));
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_sys("cannot append to the step summary '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_DENIED, "the step summary '%s' is no regular file", path);
	if ((size_t)st.st_size + text.n > SUMMARY_MAX)
		return NULL;
	return file_write_all(fd, text.p, text.n);
}
