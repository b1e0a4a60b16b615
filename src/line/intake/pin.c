#include "line/intake/pin.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/text.h"
#include "forge/forge.h"
#include "wire/crypto.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
add_lines(struct str text, struct buf *out)
{
	struct str line;
	size_t blank = 0;

	while (str_next(&text, '\n', &line)) {
		while (line.n > 0 && is_blank(line.p[line.n - 1]))
			line.n--;
		if (line.n == 0) {
			blank++;
			continue;
		}
		for (; blank > 0; blank--)
			buf_addc(out, '\n');
		buf_addstr(out, line);
		buf_addc(out, '\n');
	}
}

struct err *
pin_text(const char *title, const char *body, struct pin *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(2 * FORGE_TEXT_MAX), hex = BUF_INIT(PIN_LEN);
	uint8_t digest[CRYPTO_SHA256];

	add_lines(str_of(title), &text);
	/* No title can end like this, so that nothing moves between the two. */
	buf_addc(&text, '\0');
	add_lines(str_of(body), &text);
	TRY(buf_check(&text, "the issue's text"));
	TRY(crypto_sha256(buf_str(&text), digest));
	hex_add(&hex, digest, sizeof(digest));
	memcpy(out->hex, buf_cstr(&hex), PIN_LEN + 1);
	return NULL;
}

bool
pin_named(const struct pin *p, struct str word)
{
	return word.n >= PIN_SHOWN && word.n <= PIN_LEN && strncasecmp(p->hex, word.p, word.n) == 0;
}

/* ---- what nobody sees ---- */

static bool
is_remark_text(struct str s)
{
	return s.n > 0 && strchr("\"'(", s.p[0]) != NULL;
}

/*
 * "[//]: # (remark)": defines a reference, which shows nothing.  One without
 * a remark is left alone, unless it leads nowhere; the remark may then follow
 * on the next line (*open).
 */
static bool
is_remark(struct str line, bool *open)
{
	bool was = *open;
	ptrdiff_t end;
	size_t n = 0;

	*open = false;
	if (was && is_remark_text(str_trim(line)))
		return true;
	for (n = 0; n < 3 && line.n > 0 && line.p[0] == ' '; n++)
		line = str_skip(line, 1);
	if (!str_starts(line, "[") || (end = str_find(line, STR("]:"))) < 0)
		return false;
	line = str_trim(str_skip(line, (size_t)end + 2));
	for (n = 0; n < line.n && !is_blank(line.p[n]); n++)
		;
	*open = n == line.n;
	if (is_remark_text(str_trim(str_skip(line, n))))
		return true;
	return *open && (str_is(line, "#") || str_is(line, "<>"));
}

/* Characters; each run of hidden ones counts once. */
static size_t
add_seen(struct str text, struct buf *out)
{
	bool inside = false;
	size_t n = 0;

	while (text.n > 0) {
		struct str before = text;
		int32_t c = utf8_next(&text);
		bool hidden = c < 0 || (text_hidden(c) && c != '\r') || (c >= 0xe0100 && c <= 0xe01ef);

		n += hidden && !inside;
		inside = hidden;
		if (!hidden && c != '\r')
			buf_add(out, before.p, before.n - text.n);
	}
	return n;
}

static size_t
add_without_comments(struct str text, struct buf *out)
{
	ptrdiff_t at, end;
	size_t n = 0;

	while ((at = str_find(text, STR("<!--"))) >= 0) {
		n++;
		buf_addstr(out, str_take(text, (size_t)at));
		text = str_skip(text, (size_t)at + 4);
		end = str_find(text, STR("-->"));
		/* "<!-->" and "<!--->" are whole ones. */
		if (str_starts(text, ">") || str_starts(text, "->"))
			text = str_skip(text, text.p[0] == '>' ? 1 : 2);
		else
			text = str_skip(text, end < 0 ? text.n : (size_t)end + 3);
	}
	buf_addstr(out, text);
	return n;
}

size_t
clean_text(struct str text, struct buf *out)
{
	AUTO(buf_free) struct buf seen = BUF_INIT(2 * FORGE_TEXT_MAX), rest = BUF_INIT(2 * FORGE_TEXT_MAX);
	struct str lines, line;
	bool open = false;
	size_t n;

	/* Characters first: what they hide inside of a mark would hide the mark. */
	n = add_seen(text, &seen);
	n += add_without_comments(buf_str(&seen), &rest);
	lines = buf_str(&rest);
	while (str_next(&lines, '\n', &line)) {
		if (is_remark(line, &open)) {
			n++;
			continue;
		}
		buf_addstr(out, line);
		buf_addc(out, '\n');
	}
	return n;
}

struct err *
issue_task(const char *issue, unsigned turn, struct id *out)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	AUTO(buf_free) struct buf text = BUF_INIT(8 * KIB);
	uint8_t digest[CRYPTO_SHA256];
	size_t i;

	buf_addf(&text, "git-factory issue %u ", turn);
	/* Forges take either case for one project. */
	for (; *issue != '\0'; issue++)
		buf_addc(&text, (char)tolower((unsigned char)*issue));
	TRY(buf_check(&text, "the issue's name"));
	TRY(crypto_sha256(buf_str(&text), digest));
	for (i = 0; i < ID_LEN; i++)
		out->s[i] = letters[digest[i] % 32];
	out->s[ID_LEN] = '\0';
	return NULL;
}
