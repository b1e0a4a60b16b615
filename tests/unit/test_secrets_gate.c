/* The built-in gate over keys and passwords.  Each is cut in two here, so that none is found in this file. */
#include "builtin_fixture.h"

#define G "secrets"
#define GITHUB "ghp_" "q7Rk2LxV9mTz4WcN8yHb3PdS6jFg1K"
#define SUM "3jBEe8"
/* A signed token, by its claims: {"sub":"4711","role":"admin"} and {"sub":"1","name":"John Doe"}. */
#define SIGNED(claims) "ey" "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." claims ".q8Zr2LxV9mTz4WcN7yHb3PdS6jFg1KdBjftJeZ4CVP"
#define OF_ADMIN SIGNED("ey" "JzdWIiOiI0NzExIiwicm9sZSI6ImFkbWluIn0")
#define OF_NOBODY SIGNED("ey" "JzdWIiOiIxIiwibmFtZSI6IkpvaG4gRG9lIn0")

static void
bad_changes_are_stopped(void **state)
{
	(void)state;
	finds(G, "a.py", "KEY = 'AK" "IAQ3EGVJ5ZT7WLX2NM'\n", "blocks aws-key a.py:1");
	finds(G, "b.sh", "export GH=" GITHUB SUM "\n", "blocks github-token b.sh:1");
	finds(G, "c.js", "const t = '" GITHUB "000000';\n", "flagged github-token c.js:1");
	finds(G, "d.yml", "slack: xo" "xb-482915730164-9051837264518-a8Kd0QzLw3Vn7Yp2Rt5Xb9Mc\n", "blocks slack-token d.yml:1");
	finds(G, "e.rb", "k = 'sk_li" "ve_9aK2mQ7xR4vT8nB3cZ6yL1wP'\n", "blocks stripe-key e.rb:1");
	finds(G, "f.pem", "-----BEGIN RSA PRIV" "ATE KEY-----\nMIIEowIBAAKCAQEAx3kq9Zb1mQ7xR4vT8nB3cZ6yL1wPa8Kd0QzLw3Vn7Yp2\n", "blocks private-key f.pem:1");
	finds(G, "g.py", "api_key = \"q8Zr2LxV9mTz4WcN7yHb3PdS\"\n", "blocks assigned g.py:1");
	finds(G, "h.cfg", "DB_PASSWORD=q8Zr2LxV9mTz4WcN\n", "blocks assigned h.cfg:1");
	finds(G, "i.py", "u = 'postgres://admin:s3cr9tP4ss@db.acme.io/x'\n", "flagged password-in-url i.py:1");
	finds(G, ".env", "PORT=80\n", "flagged secret-file .env");
	/* One that is a true key for its issuer is looked at in the tests too. */
	finds(G, "tests/test_x.py", "t = '" GITHUB SUM "'\n", "flagged github-token tests/test_x.py:1");
	finds(G, "tests/test_z.py", "t = 'sk_li" "ve_9aK2mQ7xR4vT8nB3cZ6yL1wP'\n", "flagged stripe-key tests/test_z.py:1");
	finds(G, "k.js", "const t = '" OF_NOBODY "';\n", "flagged signed-token k.js:1");
	finds(G, "test/k.test.js", "const t = '" OF_ADMIN "';\n", "flagged signed-token test/k.test.js:1");
	/* In the middle of a very long line. */
	sh("(head -c 500000 /dev/zero | tr '\\0' '; '; printf 'k=\"AK%%s\"' IAQ3EGVJ5ZT7WLX2NM; head -c 500000 /dev/zero | tr '\\0' ';') >min.js");
	finds(G, "j.txt", "x\n", "blocks aws-key min.js:1");
}

static void
good_changes_are_not(void **state)
{
	(void)state;
	finds(G, "a.md", "Set `AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE` and "
	    "`AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`.\n", "");
	finds(G, "b.py", "password = os.environ['DB_PASSWORD']\ntoken = get_token()\nsecret_key = settings.SECRET_KEY\n"
	    "API_KEY = '<your key here>'\npassword_hash_algorithm = 'pbkdf2_sha256_with_salt'\n"
	    "token_url = 'https://auth.acme.io/oauth2/token'\nsecret_name = 'projects/12/secrets/db-main'\n", "");
	finds(G, "tests/test_b.py", "password = 'q8Zr2LxV9mTz4WcN'\nkey = 'AKIAIOSFODNN7EXAMPLE'\n", "");
	finds(G, "test/b.test.js", "const t = '" OF_NOBODY "';\n", "");
	finds(G, ".env.example", "DB_PASSWORD=\nAPI_TOKEN=changeme\n", "");
	finds(G, "c.yml", "password: ${DB_PASSWORD}\ntoken: ${{ secrets.TOKEN }}\nkey: \"{{ vault.key }}\"\n", "");
	finds(G, "package-lock.json", "\"integrity\": \"sha512-q8Zr2LxV9mTz4WcN7yHb3PdSq8Zr2LxV9mTz4WcN7yHb3PdS==\"\n", "");
	finds(G, "d.c", "if (strstr(s, \"-----BEGIN PRIVATE KEY-----\") != NULL)\n\treturn 1;\n", "");
	finds(G, "e.py", "u = 'postgres://user:password@localhost/db'\nv = f'https://{user}:{password}@acme.io/'\n", "");
	finds(G, "f.js", "const commit = '3f786850e387550fdab836ed7e6dc881de23001b';\nconst id = 'token-refresh-interval';\n", "");
}

/* A hook of a person's own stops them too; other gates only tell there. */
static void
a_person_is_no_exception(void **state)
{
	AUTO(verdicts_free) struct verdicts vs = {0};

	(void)state;
	sh("printf 'k = \"AK%%s\"\\n' IAQ3EGVJ5ZT7WLX2NM >a.py; printf 'eval(x)\\n' >b.py");
	commit_all();
	judge_as("gates: none\n", true, &vs);
	assert_int_equal(verdict_of(&vs, G)->kind, VERDICT_FAIL);
	assert_int_equal(verdict_of(&vs, "constitution")->kind, VERDICT_PASS);
	/* And what is found is not repeated. */
	assert_null(strstr(verdict_of(&vs, G)->evidence, "Q3EGVJ5"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(bad_changes_are_stopped),
		TEST_REPO(good_changes_are_not),
		TEST_REPO(a_person_is_no_exception),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
