#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/lang.h"
#include "gate/builtin/rule.h"
#include "gate/builtin/source.h"
#include "gate/glob.h"

enum check {
	CHECK_NONE,	/* its form says it */
	CHECK_CRC,	/* the last six characters sum up the others (GitHub, npm) */
	CHECK_BODY,	/* the key itself must follow */
	CHECK_MAYBE,	/* could be harmless: flagged */
	CHECK_TOKEN,	/* flagged; its claims say whether it is made up */
	CHECK_NAMED,	/* the variable's name says so, the value must look random */
	CHECK_ENV	/* the same in a file of settings */
};

struct secret {
	const char *name;
	enum check check;
	int bits;
	const char *pattern;
};

static const struct secret table[] = {
#define SECRET(name, check, bits, pattern) {name, check, bits, pattern},
#include "gate/builtin/secrets.tbl.h"
#undef SECRET
};

/* ---- the value ---- */

/* Entropy of its bytes, in hundredths of a bit. */
static int
entropy(struct str s)
{
	size_t count[256] = {0}, i;
	double bits = 0;

	for (i = 0; i < s.n; i++)
		count[(unsigned char)s.p[i]]++;
	for (i = 0; i < NITEMS(count); i++)
		if (count[i] != 0)
			bits -= (double)count[i] / (double)s.n * log2((double)count[i] / (double)s.n);
	return (int)(bits * 100);
}

static bool
has_icase(struct str s, const char *word)
{
	size_t n = strlen(word), i;

	for (i = 0; i + n <= s.n; i++)
		if (strncasecmp(s.p + i, word, n) == 0)
			return true;
	return false;
}

/* What documents and tests write in the place of a key. */
static bool
is_placeholder(struct str s)
{
	static const char *const words[] = {"example", "sample", "dummy", "placeholder", "changeme", "change-me",
	    "change_me", "your", "xxxx", "redacted", "fake", "mock", "notreal", "not-real", "not_a_", "insert",
	    "replace", "123456789", "abcdefgh", "0000000", "1111111", "deadbeef", "foobar", "****", "....", "test-",
	    "test_", "testing", "todo", "secret-", "password", "-token", "hunter2"};
	size_t i;

	for (i = 0; i < NITEMS(words); i++)
		if (has_icase(s, words[i]))
			return true;
	return false;
}

/* Letters and digits in an order that no word has. */
static bool
looks_random(struct str s)
{
	size_t i, digits = 0, lower = 0, upper = 0, other = 0, turns = 0;
	int kind, last = -1;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		kind = isdigit(c) ? 0 : islower(c) ? 1 : isupper(c) ? 2 : 3;
		digits += kind == 0;
		lower += kind == 1;
		upper += kind == 2;
		other += kind == 3;
		turns += kind != last;
		last = kind;
		if (c >= 0x80 || strchr(" ,;()[]", c) != NULL)
			return false;
	}
	/* A path, an address, a name with dots or dashes is no key. */
	if (other * 4 > s.n || digits < 2 || lower + upper < 3)
		return false;
	return turns * 4 >= s.n;
}

/* CRC32 of the part between prefix and sum, in base 62, is the sum. */
static bool
crc_fits(struct str s)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	ptrdiff_t prefix = str_chr(s, '_');
	struct str body, sum;
	uint32_t crc = 0xffffffff;
	size_t i;
	int k;

	if (prefix < 0 || s.n < (size_t)prefix + 8)
		return false;
	body = str_skip(s, (size_t)prefix + 1);
	sum = str_skip(body, body.n - 6);
	body = str_take(body, body.n - 6);
	for (i = 0; i < body.n; i++) {
		crc ^= (unsigned char)body.p[i];
		for (k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	crc = ~crc;
	for (i = 6; i-- > 0; crc /= 62)
		if (sum.p[i] != digits[crc % 62])
			return false;
	return true;
}

static int
sextet(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? 0 : (int)(at - digits);
}

/* Do the claims, the middle of the three parts, name what only samples name? */
static bool
claims_a_sample(struct str token)
{
	static const char *const words[] = {"john doe", "jane doe", "\"joe\"", "alice", "\"bob\"", "\"test\""};
	AUTO(buf_free) struct buf claims = BUF_INIT(2 * KIB);
	struct str part = {0};
	unsigned bits = 0;
	size_t i;

	if (!str_next(&token, '.', &part) || !str_next(&token, '.', &part))
		return false;
	for (i = 0; i < part.n; i++) {
		bits = bits << 6 | (unsigned)sextet(part.p[i]);
		if (i % 4 != 0)
			buf_addc(&claims, (char)(bits >> (6 - i % 4 * 2)));
	}
	for (i = 0; i < NITEMS(words); i++)
		if (has_icase(buf_str(&claims), words[i]))
			return true;
	return is_placeholder(buf_str(&claims));
}

/* ---- judging ---- */

/* Base64 in the lines that follow: a header alone is talk about keys. */
static bool
has_body(const struct source *s, struct str match)
{
	struct str rest = str_skip(s->view[VIEW_RAW], (size_t)(match.p - s->view[VIEW_RAW].p) + match.n);
	size_t i, n = 0;

	rest = str_take(rest, 400);
	for (i = 0; i < rest.n; i++) {
		n = isalnum((unsigned char)rest.p[i]) || rest.p[i] == '+' || rest.p[i] == '/' ? n + 1 : 0;
		if (n >= 40)
			return true;
	}
	return false;
}

/* What has the form of a key, or its sum, is looked at wherever it is; passwords of tests are made up. */
static enum finding_kind
kind_in_tests(const struct secret *secret, const struct source *s, struct str match, bool sure)
{
	bool ask;

	switch (secret->check) {
	case CHECK_NONE:
	case CHECK_BODY:
		ask = true;
		break;
	case CHECK_TOKEN:
		ask = !claims_a_sample(match);
		break;
	case CHECK_MAYBE:
		ask = s->docs && looks_random(match);
		break;
	default:
		ask = sure;
		break;
	}
	return ask ? FINDING_FLAGGED : FINDING_NOTE;
}

static bool
decide(void *arg, const struct rule *rule, const struct source *s, struct str match, enum finding_kind *kind)
{
	const struct secret *secret = &table[rule - *(const struct rule *const *)arg];
	bool sure = false;

	if (secret->check == CHECK_BODY) {
		if (!has_body(s, match))
			return false;
	} else if (is_placeholder(match) || entropy(match) < secret->bits) {
		return false;
	}
	if (secret->check == CHECK_NAMED && !looks_random(match))
		return false;
	if (secret->check == CHECK_ENV && (!looks_random(match) || !lang_is(s->lang, "ini shell docker yaml toml")))
		return false;
	if (secret->check == CHECK_CRC)
		sure = crc_fits(match);
	if (s->test || s->docs)
		*kind = kind_in_tests(secret, s, match, sure);
	else if (secret->check == CHECK_MAYBE || secret->check == CHECK_TOKEN || (secret->check == CHECK_CRC && !sure))
		*kind = FINDING_FLAGGED;
	return true;
}

/* Files that hold nothing but secrets. */
static void
judge_names(struct inspect *in)
{
	static const char *const kinds[] = {".env", ".env.local", ".env.production", ".env.prod", ".env.staging",
	    "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx",
	    ".netrc", ".pgpass", ".git-credentials", ".htpasswd", "credentials.json", "service-account*.json",
	    "*.mobileprovision", "terraform.tfstate"};
	size_t i, k;

	for (i = 0; i < change_count(in->change); i++) {
		const struct change_file *f = change_at(in->change, i);

		if (f->status == 'D' || strcmp(f->from, f->path) == 0 || !inspect_sees(in, f->path))
			continue;
		for (k = 0; k < NITEMS(kinds); k++)
			if (glob_path(kinds[k], f->path, 0))
				inspect_find(in, FINDING_FLAGGED, "secret-file", f->path, 0,
				    "files of this name hold secrets: does it belong here?");
	}
}

struct err *
secrets_judge(struct inspect *in)
{
	static struct regex *kept[NITEMS(table)];
	AUTO(mem_free_p) struct rule *v = mem_calloc(NITEMS(table), sizeof(*v));
	AUTO(rules_free) struct rules r = {.v = v, .n = NITEMS(table), .kept = kept, .decide = decide, .arg = &v};
	size_t i;

	in->stern = true;
	for (i = 0; i < NITEMS(table); i++)
		v[i] = (struct rule){.name = table[i].name, .view = VIEW_RAW, .kind = FINDING_BLOCKS,
		    .pattern = table[i].pattern, .text = "looks like a secret: take it out, and replace it where it was made"};
	judge_names(in);
	return rules_judge(in, &r);
}
