#include "forge/token_app.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "forge/answer.h"
#include "forge/rest.h"
#include "forge/token.h"
#include "wire/crypto.h"
#include "wire/json.h"

#define KEY_MAX (32 * KIB)
#define TOKEN_MAX (4 * KIB)
#define EARLY_S 300	/* renewed so long before its end */
#define BACK_S 60	/* the server's clock may be behind */
#define LIFE_S 540	/* of the JWT: GitHub allows ten minutes */

struct token_app {
	char *id, *key_file;
	char *project;
	struct rest_opts like;
	char *name, *api, *dir;	/* what 'like' borrows */
	struct clock system;
	int64_t ends;		/* unix seconds; 0: there is no token yet */
	struct strs permissions;
};

static void
wipe_p(struct buf *b)
{
	if (b->p != NULL)
		mem_wipe(b->p, b->n);
	buf_free(b);
}

struct err *
token_app_new(const char *id, const char *key_file, struct token *out)
{
	const char *home = getenv("HOME");
	AUTO(mem_free_p) char *path = strncmp(key_file, "~/", 2) == 0 && home != NULL ?
	    mem_printf("%s/%s", home, key_file + 2) : mem_strdup(key_file);
	struct token_app *a;
	struct stat st;
	int64_t number;

	if (!str_int(str_of(id), 1, INT64_MAX, &number))
		return err_hint(err_new(ERR_CONFIG, "forge.app.id is no number"), "it is on the App's settings page");
	if (stat(path, &st) != 0)
		return err_hint(err_wrap(err_recode(err_sys("cannot read '%s'", path), ERR_CONFIG), "forge.app.key"),
		    "generate a private key on the App's settings page");
	if ((st.st_mode & (S_IRGRP | S_IROTH | S_IWGRP | S_IWOTH)) != 0)
		return err_hint(err_new(ERR_CONFIG, "the App's key '%s' can be read by others", path), "chmod 600 it");
	a = mem_alloc(sizeof(*a));
	a->id = mem_strdup(id);
	a->key_file = STEAL(path);
	a->system = clock_system();
	out->kind = TOKEN_APP;
	out->app = a;
	out->from = mem_printf("the GitHub App %s", id);
	return NULL;
}

void
token_app_free(struct token_app *a)
{
	if (a == NULL)
		return;
	strs_free(&a->permissions);
	free(a->id);
	free(a->key_file);
	free(a->project);
	free(a->name);
	free(a->api);
	free(a->dir);
	free(a);
}

void
token_reach(struct token *t, const struct forge_place *p, const struct rest_opts *like)
{
	struct token_app *a = t->app;

	if (a == NULL)
		return;
	a->like = *like;
	a->like.name = a->name = mem_strdup(like->name);
	a->like.api = a->api = mem_strdup(like->api);
	a->like.dir = a->dir = mem_strdup(like->dir);
	a->project = mem_strdup(p->project);
}

const struct strs *
token_permissions(const struct token *t)
{
	return t->app == NULL || t->app->ends == 0 ? NULL : &t->app->permissions;
}

static void
add_part(struct buf *out, struct str json)
{
	base64url_add(out, json.p, json.n);
}

struct err *
token_jwt(const char *app_id, const char *key_file, int64_t now, struct buf *out)
{
	AUTO(wipe_p) struct buf pem = BUF_INIT(KEY_MAX);
	AUTO(buf_free) struct buf payload = BUF_INIT(KIB), text = BUF_INIT(4 * KIB), sign = BUF_INIT(4 * KIB);
	struct jw w;

	TRY(file_read(AT_FDCWD, key_file, &pem));
	add_part(&text, STR("{\"alg\":\"RS256\",\"typ\":\"JWT\"}"));
	jw_init(&w, &payload, false);
	jw_obj(&w);
	jw_kint(&w, "iat", now - BACK_S);
	jw_kint(&w, "exp", now + LIFE_S);
	jw_kstr(&w, "iss", app_id);
	jw_end(&w);
	buf_addc(&text, '.');
	add_part(&text, buf_str(&payload));
	TRY(crypto_rs256(key_file, buf_str(&pem), buf_str(&text), &sign));
	buf_addc(&text, '.');
	base64url_add(&text, sign.p, sign.n);
	buf_addstr(out, buf_str(&text));
	return buf_check(out, "the App's JSON Web Token");
}

static int64_t
now_of(const struct token_app *a)
{
	return clock_wall(a->like.clock != NULL ? a->like.clock : &a->system);
}

static struct err *
jwt_header(void *arg, struct buf *header)
{
	const struct token_app *a = arg;

	buf_adds(header, "Authorization: Bearer ");
	return token_jwt(a->id, a->key_file, now_of(a), header);
}

static struct err *
installation(const struct token_app *a, struct rest *r, char **id)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = mem_printf("/repos/%s/installation", a->project);
	struct rest_call c = {.what = "the App's installation", .path = path, .cached = true};
	struct err *e = rest_do(r, &c, &reply);

	if (err_is(e, ERR_NOT_FOUND))
		return err_hint(err_recode(e, ERR_AUTH), "install the App on '%s'", a->project);
	TRY(e);
	return rest_took(r, path, answer_id(reply.body, "id", id));
}

/* For this project alone, whatever else the App is installed on. */
static struct err *
access_token(struct token_app *a, struct rest *r, const char *id, struct token *t)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = mem_printf("/app/installations/%s/access_tokens", id);
	AUTO(buf_free) struct buf body = BUF_INIT(KIB);
	struct rest_call c = {.what = "a token of the App", .method = "POST", .path = path, .read = true};
	const struct node *p;
	int64_t ends;
	struct jw w;

	jw_init(&w, &body, false);
	jw_obj(&w);
	jw_key(&w, "repositories");
	jw_list(&w);
	jw_str(&w, strchr(a->project, '/') + 1);
	jw_end(&w);
	jw_end(&w);
	c.body = buf_str(&body);
	TRY(rest_do(r, &c, &reply));
	TRY(answer_time(reply.body, "expires_at", &ends));
	TRY(answer_str(reply.body, "token", TOKEN_MAX, &t->value));
	a->ends = ends == 0 ? now_of(a) + LIFE_S : ends;
	strs_free(&a->permissions);
	p = node_get(reply.body, "permissions");
	for (p = p == NULL ? NULL : p->child; p != NULL; p = p->next)
		if (node_str(p) != NULL)
			strs_addf(&a->permissions, "%s=%s", p->key.p, node_str(p));
	return NULL;
}

static struct err *
renew(struct token *t, struct rest *r)
{
	AUTO(mem_free_p) char *id = NULL;

	TRY(installation(t->app, r, &id));
	return access_token(t->app, r, id, t);
}

struct err *
token_app_renew(struct token *t)
{
	struct token_app *a = t->app;
	struct rest_opts o = a->like;
	struct rest *r;
	struct err *e;

	if (t->value != NULL && now_of(a) < a->ends - EARLY_S)
		return NULL;
	o.auth = jwt_header;
	o.auth_arg = a;
	r = rest_open(&o);
	e = renew(t, r);
	rest_close(r);
	return err_wrap(e, "cannot get a token as %s", t->from);
}
