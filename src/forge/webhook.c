#include "forge/webhook.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/secrets.h"
#include "wire/crypto.h"
#include "wire/pick.h"

#define WORD_MAX 128	/* bytes of an event's name or a delivery's id */
#define SIGNATURES_MAX 8	/* in one webhook-signature */

struct hook_keys {
	struct secrets values;
};

/* In the order in which they are looked for. */
static const struct {
	enum hook_from from;
	const char *event, *id, *signature, *prefix;
} schemes[] = {
	{HOOK_FORGEJO, "x-forgejo-event", "x-forgejo-delivery", "x-forgejo-signature", ""},
	{HOOK_GITEA, "x-gitea-event", "x-gitea-delivery", "x-gitea-signature", ""},
	{HOOK_GITHUB, "x-github-event", "x-github-delivery", "x-hub-signature-256", "sha256="},
	{HOOK_GITLAB, "x-gitlab-event", "webhook-id", NULL, NULL},
	{HOOK_LINEAR, "linear-event", "linear-delivery", "linear-signature", ""},
};

static const char *const names[] = {"github", "gitlab", "gitea", "forgejo", "linear"};

const char *
hook_from_name(enum hook_from from)
{
	return names[from];
}

bool
hook_from_find(const char *name, enum hook_from *out)
{
	size_t i;

	for (i = 0; i < NITEMS(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*out = (enum hook_from)i;
			return true;
		}
	}
	return false;
}

struct hook_keys *
hook_keys_new(void)
{
	return mem_alloc(sizeof(struct hook_keys));
}

void
hook_keys_free(struct hook_keys *k)
{
	if (k != NULL)
		secrets_free(&k->values);
	free(k);
}

void
hook_keys_free_p(struct hook_keys **k)
{
	hook_keys_free(*k);
}

static void
buf_wipe(struct buf *b)
{
	mem_wipe(b->p, b->n);
	buf_free(b);
}

/* The bytes of a key as Standard Webhooks writes it; false for any other key. */
static bool
standard_key(struct str value, struct buf *out)
{
	return str_starts(value, "whsec_") && base64_read(str_skip(value, 6), out) && out->n > 0;
}

struct err *
hook_keys_add(struct hook_keys *k, const char *variable)
{
	AUTO(buf_wipe) struct buf raw = BUF_INIT(SECRET_MAX);
	const struct secret *s;
	bool found = false;

	TRY(secrets_env(&k->values, variable, &found));
	s = found ? secrets_get(&k->values, variable) : NULL;
	if (s == NULL)
		return err_hint(err_new(ERR_CONFIG, "'%s' is not set, so no webhook can be believed", variable),
		    "set it to the secret that the webhook has at the forge");
	if (s->n < SECRET_MIN)
		return err_hint(err_new(ERR_CONFIG, "the value of '%s' is too short to prove anything", variable),
		    "give the webhook a secret of at least %d bytes, by 'openssl rand -hex 32' for one", SECRET_MIN);
	if (str_starts(str_mk(s->value, s->n), "whsec_") && !standard_key(str_mk(s->value, s->n), &raw))
		return err_hint(err_new(ERR_CONFIG, "the value of '%s' is no base64 behind 'whsec_'", variable),
		    "copy the signing token again, whole");
	return NULL;
}

/* Does any key make this MAC of the data? Every key is tried, so that time tells nothing. */
static struct err *
any_signs(const struct hook_keys *keys, bool standard, struct str data, const uint8_t mac[CRYPTO_SHA256],
    bool *out)
{
	uint8_t ours[CRYPTO_SHA256];
	bool found = false;
	size_t i;

	for (i = 0; i < keys->values.n; i++) {
		AUTO(buf_wipe) struct buf raw = BUF_INIT(SECRET_MAX);
		struct str key = str_mk(keys->values.v[i].value, keys->values.v[i].n);

		if (standard != standard_key(key, &raw))
			continue;
		TRY(crypto_hmac_sha256(standard ? buf_str(&raw) : key, data, ours));
		found |= crypto_same(ours, mac, sizeof(ours));
	}
	*out = found;
	return NULL;
}

static struct err *
refuse(enum hook_from from, const char *why)
{
	return err_hint(err_new(ERR_AUTH, "a webhook of %s %s", names[from], why),
	    "give the webhook at the forge the secret that this server has");
}

static struct err *
check_hex(const struct hook_keys *keys, enum hook_from from, const char *given, const char *prefix,
    struct str body)
{
	uint8_t mac[CRYPTO_SHA256];
	bool fine;

	if (given == NULL || given[0] == '\0' || strcmp(given, prefix) == 0)
		return refuse(from, "has no signature");
	if (!str_starts(str_of(given), prefix) ||
	    !hex_read(str_skip(str_of(given), strlen(prefix)), mac, sizeof(mac)))
		return refuse(from, "has a signature of another form");
	TRY(any_signs(keys, false, body, mac, &fine));
	return fine ? NULL : refuse(from, "has a signature by no key of ours");
}

static struct err *
check_fresh(enum hook_from from, int64_t signed_at, int64_t now)
{
	if (signed_at >= now - HOOK_WINDOW && signed_at <= now + HOOK_WINDOW)
		return NULL;
	return err_hint(err_new(ERR_AUTH, "a webhook of %s was signed %" PRId64 " s ago", names[from], now - signed_at),
	    "set this machine's clock, if it is not somebody who sends an old one again");
}

/* The key itself comes along; digests are compared, so that not even its length is told. */
static struct err *
check_token(const struct hook_keys *keys, const char *given)
{
	uint8_t theirs[CRYPTO_SHA256], ours[CRYPTO_SHA256];
	bool fine = false;
	size_t i;

	if (given == NULL || given[0] == '\0')
		return refuse(HOOK_GITLAB, "has no token");
	TRY(crypto_sha256(str_of(given), theirs));
	for (i = 0; i < keys->values.n; i++) {
		TRY(crypto_sha256(str_mk(keys->values.v[i].value, keys->values.v[i].n), ours));
		fine |= crypto_same(ours, theirs, sizeof(ours)) &&
		    !str_starts(str_of(keys->values.v[i].value), "whsec_");
	}
	return fine ? NULL : refuse(HOOK_GITLAB, "has another token");
}

/* https://www.standardwebhooks.com, as GitLab signs: 'given' is "v1,BASE64 v1,BASE64". */
static struct err *
check_standard(const struct hook_keys *keys, hook_header_fn *header, void *arg, struct str given,
    struct str body, int64_t now)
{
	const char *id = header(arg, "webhook-id"), *when = header(arg, "webhook-timestamp");
	AUTO(buf_free) struct buf data = BUF_INIT(HOOK_BODY_MAX + KIB);
	int64_t signed_at;
	struct str one;
	int left = SIGNATURES_MAX;
	bool fine = false;

	if (id == NULL || when == NULL || !str_int(str_of(when), 0, INT64_MAX / 2, &signed_at))
		return refuse(HOOK_GITLAB, "is signed without an id and a time");
	buf_addf(&data, "%s.%s.", id, when);
	buf_addstr(&data, body);
	TRY(buf_check(&data, "a webhook"));
	while (!fine && left-- > 0 && str_next(&given, ' ', &one)) {
		AUTO(buf_free) struct buf mac = BUF_INIT(CRYPTO_SHA256);

		if (str_starts(one, "v1,") && base64_read(str_skip(one, 3), &mac) && mac.n == CRYPTO_SHA256)
			TRY(any_signs(keys, true, buf_str(&data), (const uint8_t *)mac.p, &fine));
	}
	return fine ? check_fresh(HOOK_GITLAB, signed_at, now) : refuse(HOOK_GITLAB, "has a signature by no key of ours");
}

static bool
has_standard_key(const struct hook_keys *keys)
{
	size_t i;

	for (i = 0; i < keys->values.n; i++)
		if (str_starts(str_of(keys->values.v[i].value), "whsec_"))
			return true;
	return false;
}

static struct err *
check_gitlab(const struct hook_keys *keys, hook_header_fn *header, void *arg, struct str body, int64_t now)
{
	const char *signature = header(arg, "webhook-signature");

	if (signature != NULL && has_standard_key(keys))
		return check_standard(keys, header, arg, str_of(signature), body, now);
	return check_token(keys, header(arg, "x-gitlab-token"));
}

static struct err *
take_time(void *arg, const struct pick_value *v)
{
	if (v->kind == PICK_INT || (v->kind == PICK_REAL && v->real >= 0 && v->real < 1e15))
		*(int64_t *)arg = (int64_t)v->real / 1000;
	return NULL;
}

/* Linear's time is a member of the signed body, in milliseconds. */
static struct err *
check_linear_time(struct str body, int64_t now)
{
	static const struct pick place = {"webhookTimestamp", 0};
	int64_t signed_at = INT64_MIN / 2;
	struct picker *p = pick_open("the webhook's body", &place, 1, take_time, &signed_at);
	struct err *e = pick_feed(p, body);

	if (e == NULL)
		e = pick_end(p);
	pick_close(p);
	if (e != NULL)
		return e;
	return signed_at < 0 ? refuse(HOOK_LINEAR, "does not say when it was signed") :
	    check_fresh(HOOK_LINEAR, signed_at, now);
}

/* ERR_SYNTAX unless it is short and prints; it may become a file's name, so no '/' and no leading '.'. */
static struct err *
check_word(const char *what, const char *word)
{
	size_t i, n = strlen(word);
	bool fine = n > 0 && n <= WORD_MAX && word[0] != '.' && word[0] != ' ';

	for (i = 0; fine && i < n; i++)
		fine = word[i] >= ' ' && word[i] < 127 && word[i] != '/';
	return fine ? NULL : err_new(ERR_SYNTAX, "the %s of a webhook is no short printable word", what);
}

static struct err *
delivery_id(enum hook_from from, hook_header_fn *header, void *arg, const char *name, struct str body, char **out)
{
	/* The first is what GitLab signs; an older one has one of the others. */
	const char *const more[] = {"idempotency-key", "x-gitlab-webhook-uuid", "x-gitlab-event-uuid"};
	AUTO(buf_free) struct buf hex = BUF_INIT(KIB);
	uint8_t digest[CRYPTO_SHA256];
	const char *id = header(arg, name);
	size_t i;

	for (i = 0; from == HOOK_GITLAB && i < NITEMS(more) && id == NULL; i++)
		id = header(arg, more[i]);
	if (id == NULL) {
		TRY(crypto_sha256(body, digest));
		hex_add(&hex, digest, sizeof(digest));
		id = buf_cstr(&hex);
	}
	TRY(check_word("delivery id", id));
	*out = mem_strdup(id);
	return NULL;
}

/* The first whose event is named; NITEMS(schemes) for none. */
static size_t
scheme_of(hook_header_fn *header, void *arg)
{
	size_t i = 0;

	while (i < NITEMS(schemes) && header(arg, schemes[i].event) == NULL)
		i++;
	return i;
}

bool
webhook_claims(hook_header_fn *header, void *arg, enum hook_from *out)
{
	size_t i = scheme_of(header, arg);

	if (i == NITEMS(schemes))
		return false;
	*out = schemes[i].from;
	return true;
}

struct err *
webhook_check(const struct hook_keys *keys, hook_header_fn *header, void *arg, struct str body,
    int64_t now, struct hook_delivery *out)
{
	size_t i = scheme_of(header, arg);
	const char *event;
	enum hook_from from;
	char *id = NULL;

	if (i == NITEMS(schemes))
		return err_new(ERR_SYNTAX, "a request that is no webhook of any forge: no header names the event");
	event = header(arg, schemes[i].event);
	from = schemes[i].from;
	if (body.n > HOOK_BODY_MAX)
		return err_new(ERR_LIMIT, "a webhook of %s is larger than %zu bytes", names[from], HOOK_BODY_MAX);
	if (from == HOOK_GITLAB)
		TRY(check_gitlab(keys, header, arg, body, now));
	else
		TRY(check_hex(keys, from, header(arg, schemes[i].signature), schemes[i].prefix, body));
	if (from == HOOK_LINEAR)
		TRY(check_linear_time(body, now));
	TRY(check_word("event", event));
	TRY(delivery_id(from, header, arg, schemes[i].id, body, &id));
	*out = (struct hook_delivery){.from = from, .event = mem_strdup(event), .id = id};
	return NULL;
}

void
hook_delivery_free(struct hook_delivery *d)
{
	free(d->event);
	free(d->id);
	*d = (struct hook_delivery){0};
}
