#include "forge/person.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "forge/answer.h"
#include "forge/ask.h"
#include "forge/kept.h"
#include "forge/token.h"
#include "wire/crypto.h"

#define SELF_S (24 * 60 * 60)	/* that a login is believed */

struct err *
person_in(const struct node *map, const char *key, person_read *read, struct forge_user *out)
{
	AUTO(forge_user_free) struct forge_user u = {0};
	const struct node *n = node_get(map, key);

	if (n == NULL || n->kind == NODE_NULL)
		u = (struct forge_user){.login = mem_strdup(""), .id = mem_strdup("")};
	else
		TRY(read(n, &u));
	forge_user_free(out);
	*out = u;
	u = (struct forge_user){0};
	return NULL;
}

struct err *
person_self(struct forge *f, person_read *read, struct forge_user *out)
{
	AUTO(forge_user_free) struct forge_user u = {0};
	AUTO(ask_free) struct ask a = {0};
	struct err *e;

	ask_open(&a, f, NULL, "the user of the token");
	ask_path(&a, "/user");
	e = ask_send(&a);
	/* Gitea and Forgejo: whoever lacks this one is told of all, as nothing more can be asked. */
	if (err_is(e, ERR_AUTH) && strstr(err_msg(e), "required scope") != NULL)
		return err_hint(e, "give the token the scopes read:user, write:repository and write:issue");
	TRY(e);
	TRY(read(a.reply.body, &u));
	forge_user_free(out);
	*out = u;
	u = (struct forge_user){0};
	return NULL;
}

/* ---- between processes ---- */

/* What it is kept by: another token is another question.  An App's token is new each hour. */
static struct err *
self_name(const struct forge *f, struct buf *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * KIB);
	const struct token *t = f->token;
	uint8_t digest[CRYPTO_SHA256];
	struct err *e;

	buf_addf(&text, "%s\n%s\n%s", f->place.api, t->from, t->kind == TOKEN_APP ? "" : t->value);
	e = buf_check(&text, "the token");
	if (e == NULL)
		e = crypto_sha256(buf_str(&text), digest);
	explicit_bzero(text.p, text.n);
	TRY(e);
	buf_adds(out, "self:");
	hex_add(out, digest, sizeof(digest));
	return NULL;
}

static struct err *
read_self(struct arena *mem, int64_t now, struct str text, struct forge_user *out)
{
	AUTO(forge_user_free) struct forge_user u = {0};
	struct node *n;
	int64_t when;

	TRY(json_parse(mem, "the token's user", text, &n));
	TRY(answer_int(n, "when", &when));
	if (when > now || now - when >= SELF_S)
		return err_new(ERR_STALE, "too old");
	TRY(answer_str(n, "login", FORGE_LINE_MAX, &u.login));
	TRY(answer_str(n, "id", FORGE_LINE_MAX, &u.id));
	TRY(answer_bool(n, "bot", &u.bot));
	*out = u;
	u = (struct forge_user){0};
	return NULL;
}

static bool
self_kept(const struct forge *f, const char *name, struct forge_user *out)
{
	AUTO(kept_free) struct kept k = {0};
	struct arena mem = {0};
	struct err *e;
	bool fine;

	if (!kept_read(f->dir, name, &k))
		return false;
	e = read_self(&mem, rest_wall_s(f->rest), buf_str(&k.body), out);
	arena_free(&mem);
	fine = e == NULL;
	err_ignore(e);
	return fine;
}

static void
keep_self(const struct forge *f, const char *name, const struct forge_user *u)
{
	AUTO(buf_free) struct buf text = BUF_INIT(4 * FORGE_LINE_MAX);
	struct jw w;

	jw_init(&w, &text, false);
	jw_obj(&w);
	jw_kstr(&w, "login", u->login);
	jw_kstr(&w, "id", u->id);
	jw_kbool(&w, "bot", u->bot);
	jw_kint(&w, "when", rest_wall_s(f->rest));
	jw_end(&w);
	kept_write(f->dir, name, "", "", buf_str(&text));
}

struct err *
forge_self(struct forge *f, struct forge_user *out)
{
	AUTO(buf_free) struct buf name = BUF_INIT(KIB);

	if (f->dir == NULL)
		return f->api->whoami(f, out);
	TRY(self_name(f, &name));
	if (self_kept(f, buf_cstr(&name), out))
		return NULL;
	TRY(f->api->whoami(f, out));
	keep_self(f, buf_cstr(&name), out);
	return NULL;
}
