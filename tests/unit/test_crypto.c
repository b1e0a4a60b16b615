/* crypto: published vectors, keys of every kind, and texts that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/crypto.h"

/* Keys made for this test and used nowhere; without their first and last line. */
static const char rsa_pkcs1[] =
    "MIIEowIBAAKCAQEAqnHav5dusHB0zlKURBs6OhFHlFFSFAP6JH4Yypmy6bFEXG/g\n"
    "nLj8/oh+QuhOp5pSrrsiCUYCCqCjhaNpz4Gx+ShLnrsV3W+m9v4TNgy6os/BG4RI\n"
    "pDpYT04Ao54+jVfz3LeFJW7k7vMA/p0r2klaj8BFKWWHo+Rp2a8TIO//GDo/lUzL\n"
    "1//ZaNiC33KlwrdEH+zgFNn5B5Q+ZmUFKserjNelGreoezdJoB7mmrsGNBTWfOLR\n"
    "wjaLDgwrU9bMfTAh7l8K6Q/yOIJBL41iBGpIsdISTzdnextxkqKlIdiaoVjDMoi6\n"
    "aNjOaxWLGyJkqwnZom7GzyoJD7oo/ApHShctcwIDAQABAoIBADDV3Vi+0UKxfe4t\n"
    "v/iBmp3PnKQ05qEAgLfa/0xxXE9T8KPRlFgjMq3VOuP9vqeL8nvI91gT3HriCug7\n"
    "6ZHAdddPQddxgDLJjlu/cY6vd/w1LX2uWcfgRbQ3Q7ydlwuVczQ+yuHuU57ZNmQ9\n"
    "cTaihNWiP868HfCJ/gAWhxMNYJg2hDCFgZ8AzIGzr8moYtuFm4gSKrVmLnCYLBIu\n"
    "Ud6UaCx/2g/pOh7UuQ0D7TK06COCFBreyPfgBufjU7arRakyuQhM1nPGBH8uOgg8\n"
    "ey6zsgNxMubzsSLHfbTdv5almGgdbVI0BhB6n8AOv4qSYfJ6sZXh83Tn2lpf9kls\n"
    "Kob+nzECgYEA4nl2+58pRaqkuK1rQBdcU5NyNr9/cSIoLSY4Q7S2DW1CPuAs7XO5\n"
    "XGK9QSoCV2EOO5hg/j6HwN9Gm/rcrtMpYTgMLne5KVKLKMfRdmfv99KhJUFnOEXX\n"
    "0FhBYWhkBkRVTXSYbnn/Uwi5tsbMvvrDk/rhunyPo129uLtQ7XW300MCgYEAwKpo\n"
    "9L7gHQ7Vg/OnbNCBrZRQy+Zb/ChTgvDrPXGzz15GsXetOrRmGqRxZYu9w3Bn9YxV\n"
    "w/agIU7F1op5GV685Bqh+o6obKALKSQA4r2Bl9oYnq/+fuN0opDpTjB/ys/gbFHN\n"
    "F3jNfsGIdq86o6p4umqKka3aiCFFTnUVYGmL4hECgYEAlergF4rxsDtY1SN/Rqrw\n"
    "JCcLyTAU9dgtjk2pmzAp/1NfMe4F753Wi1CVhWiAqkUGPe8N7d+Iz+U9gY2bvmLs\n"
    "Fn4amjwIp1EL64/ymZYOJRgaMmZMJNUfGr0BcrC+3eMoMKDJMwCxQs8Y2ORaruWi\n"
    "x/egq2k/UF6Cc6IT3U06xa8CgYA5+o4/KLm0xOQII2i83DpKDBoMYjRIO7J18x43\n"
    "jWH5A3vup/8fbW5Ukiv1zQm8KLWANU0R/cPOgjATEfTDZ7kcQ89+4TNaDQeOx+Dk\n"
    "WvcGxYEnL/s8ICLXURiEiR/L3qbAshUv/RCKFp+EZ9MTsZdHMgylLlZXJPwAUkeu\n"
    "jdSkoQKBgD/BRhX2ZOiX3Ev3v4Z89u+h7BGNLHloX2xPS3hnPxeiwLpAbJh7JJwf\n"
    "K5QafIvh5knihqu7LYPZGpKi6wMbA/k15VEdPqIzI43Ji9hNe497X/IOvF7S9QnP\n"
    "GjMI2x+u1+BdFKO5vi4RRxo53t0PflxTyXVFYY5Ln2sFJiUdoJ1h\n";

/* The same in PKCS#8. */
static const char rsa_pkcs8[] =
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCqcdq/l26wcHTO\n"
    "UpREGzo6EUeUUVIUA/okfhjKmbLpsURcb+CcuPz+iH5C6E6nmlKuuyIJRgIKoKOF\n"
    "o2nPgbH5KEueuxXdb6b2/hM2DLqiz8EbhEikOlhPTgCjnj6NV/Pct4UlbuTu8wD+\n"
    "nSvaSVqPwEUpZYej5GnZrxMg7/8YOj+VTMvX/9lo2ILfcqXCt0Qf7OAU2fkHlD5m\n"
    "ZQUqx6uM16Uat6h7N0mgHuaauwY0FNZ84tHCNosODCtT1sx9MCHuXwrpD/I4gkEv\n"
    "jWIEakix0hJPN2d7G3GSoqUh2JqhWMMyiLpo2M5rFYsbImSrCdmibsbPKgkPuij8\n"
    "CkdKFy1zAgMBAAECggEAMNXdWL7RQrF97i2/+IGanc+cpDTmoQCAt9r/THFcT1Pw\n"
    "o9GUWCMyrdU64/2+p4vye8j3WBPceuIK6DvpkcB1109B13GAMsmOW79xjq93/DUt\n"
    "fa5Zx+BFtDdDvJ2XC5VzND7K4e5Tntk2ZD1xNqKE1aI/zrwd8In+ABaHEw1gmDaE\n"
    "MIWBnwDMgbOvyahi24WbiBIqtWYucJgsEi5R3pRoLH/aD+k6HtS5DQPtMrToI4IU\n"
    "Gt7I9+AG5+NTtqtFqTK5CEzWc8YEfy46CDx7LrOyA3Ey5vOxIsd9tN2/lqWYaB1t\n"
    "UjQGEHqfwA6/ipJh8nqxleHzdOfaWl/2SWwqhv6fMQKBgQDieXb7nylFqqS4rWtA\n"
    "F1xTk3I2v39xIigtJjhDtLYNbUI+4Cztc7lcYr1BKgJXYQ47mGD+PofA30ab+tyu\n"
    "0ylhOAwud7kpUosox9F2Z+/30qElQWc4RdfQWEFhaGQGRFVNdJhuef9TCLm2xsy+\n"
    "+sOT+uG6fI+jXb24u1DtdbfTQwKBgQDAqmj0vuAdDtWD86ds0IGtlFDL5lv8KFOC\n"
    "8Os9cbPPXkaxd606tGYapHFli73DcGf1jFXD9qAhTsXWinkZXrzkGqH6jqhsoAsp\n"
    "JADivYGX2hier/5+43SikOlOMH/Kz+BsUc0XeM1+wYh2rzqjqni6aoqRrdqIIUVO\n"
    "dRVgaYviEQKBgQCV6uAXivGwO1jVI39GqvAkJwvJMBT12C2OTambMCn/U18x7gXv\n"
    "ndaLUJWFaICqRQY97w3t34jP5T2BjZu+YuwWfhqaPAinUQvrj/KZlg4lGBoyZkwk\n"
    "1R8avQFysL7d4ygwoMkzALFCzxjY5Fqu5aLH96CraT9QXoJzohPdTTrFrwKBgDn6\n"
    "jj8oubTE5AgjaLzcOkoMGgxiNEg7snXzHjeNYfkDe+6n/x9tblSSK/XNCbwotYA1\n"
    "TRH9w86CMBMR9MNnuRxDz37hM1oNB47H4ORa9wbFgScv+zwgItdRGISJH8vepsCy\n"
    "FS/9EIoWn4Rn0xOxl0cyDKUuVlck/ABSR66N1KShAoGAP8FGFfZk6JfcS/e/hnz2\n"
    "76HsEY0seWhfbE9LeGc/F6LAukBsmHsknB8rlBp8i+HmSeKGq7stg9kakqLrAxsD\n"
    "+TXlUR0+ojMjjcmL2E17j3tf8g68XtL1Cc8aMwjbH67X4F0Uo7m+LhFHGjne3Q9+\n"
    "XFPJdUVhjkufawUmJR2gnWE=\n";

static const char rsa_small[] =
    "MIICXgIBAAKBgQDV0rJjiO87Mmj/jhurl7T9nrqcAGCRER0InawzIfemx0uzxIKW\n"
    "fOgK8/luk/XppGuprTJrCe4qkN6pBeIViXko8/LGTeUyqJKfa81EEjiBeSCQmJDh\n"
    "uk4yaWnm5gMTNPlvAxWfvMLZc4rZqY0Zx13yuB82bP5SxGD9NmM3KJNpEQIDAQAB\n"
    "AoGBAKrO+oQ6wmj2lxv26LHFqeakYwv13S5ljlzwn7vlGZGYSSgdBfizZSZCyXIF\n"
    "Ln/rQbo0yj7pmuFUAxrgwT9VJ3wST3tkLEStc3jyi1fRI/PwjfhVzSTXOjDDitIy\n"
    "t+mkyN2KcFqqXpnU4J/vR/+sFhKKa/kSS9Fs7C7bgYnoalk1AkEA9ZERDfDNmhtJ\n"
    "PZRSJ16d3SQPAzm2BK1S7rG/UqVbjMWsNOIaUTHIT0qM1LC9TdybufcXDjbrDlAG\n"
    "YfXMzlATKwJBAN7oXfZUUf9DRamWfdbIv+pkI1O9isvbj7ZHt8kQ9EsF4yuMs8wT\n"
    "tD3E7KchhOEagKW0vkzD4EDBSN0tqLzpBrMCQQCpsKfvUTJSRn6y7dZjXC+MS8mP\n"
    "+gY8byT6ypsh2iBMQ6B/Hqr+5n67xBFTPBpkPojh1cv5x5tgVY5DjR4MhyrnAkAe\n"
    "nxdBXqYBBhHM0UKqPdu3bFg6CcDGbnwYk1OZCH42zDE/601LzK0nCyVjdERX1Bc2\n"
    "LFU0IHhvDN5gnAQhJ3XnAkEAt8b00mOIDXCXqQC2HN9zPksrp/kVpgKczW83BCVl\n"
    "t0HZqirnPoG9EUfQRzccXoKDaAVc1Bfh1fMXMDnNNVYx3w==\n";

static const char curve[] =
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxsPtRAWgPVPa5K6d\n"
    "rpaW2aejBhwSH/CJFJ/CWWxxPHKhRANCAATQXFxybcwpmszVnOFlbZobgqFE4JzL\n"
    "6T0KxIIsiRK5tio4UkEKTliD18LwopLyZXdGaUupb+aYFLVwH6hgmwp4\n";

/* Of "header.claims" by the first key, computed apart from any library. */
static const char rsa_signature[] =
    "bsSfpWwd2sV3y4mjKMwh-oNGpd3-it0FkRJ4LGdXTRXWFn5479DURQo4FNkm86RxzeN7xRNsHM7B"
    "fqt5QbYiUVRPkIXQV5umE08DrJn29hMXZh2YAYqDcV_6_BCojBQ9VO4FQMegs1pJCSV-ZXW7idSE"
    "zvNkG7nxRdHLMwzoTn4wA_Tq28gnWbE8B6L6pskFk-WAtOgpz-hBBBvf1orZZ_2Pbxsqg9XIGGdO"
    "M9V3ewFHRVY9dfYvHdC6nTk5HR17MDI_fxZlqmsVgROTPQSaeSmhpREHyo3drMi1sunHcokMK2ZU"
    "GYM2tq6ZyQy89ZQ7swmyksLtp4h6P_y9t6TLsA";

static void
check_hex(const uint8_t *digest, const char *want)
{
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);

	hex_add(&b, digest, CRYPTO_SHA256);
	assert_string_equal(buf_cstr(&b), want);
}

/* FIPS 180-4. */
static void
test_sha256(void **state)
{
	uint8_t out[CRYPTO_SHA256];

	(void)state;
	assert_null(crypto_sha256(STR("abc"), out));
	check_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_null(crypto_sha256((struct str){0}, out));
	check_hex(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, cases 2 and 6, and GitHub's own vector. */
static void
test_hmac(void **state)
{
	uint8_t out[CRYPTO_SHA256];
	char key[131];
	struct err *e;

	(void)state;
	assert_null(crypto_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), out));
	check_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	assert_null(crypto_hmac_sha256(str_mk(key, sizeof(key)),
	    STR("Test Using Larger Than Block-Size Key - Hash Key First"), out));
	check_hex(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	assert_null(crypto_hmac_sha256(STR("It's a Secret to Everybody"), STR("Hello, World!"), out));
	check_hex(out, "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
	e = crypto_hmac_sha256((struct str){0}, STR("x"), out);
	assert_int_equal(err_code(e), ERR_CONFIG);
	err_free(e);
}

static struct err *
sign(const char *kind, const char *body, struct buf *out)
{
	AUTO(buf_free) struct buf pem = BUF_INIT(64 * KIB), raw = BUF_INIT(64 * KIB);

	buf_addf(&pem, "-----BEGIN %s-----\n%s-----END %s-----\n", kind, body, kind);
	TRY(crypto_rs256("app.pem", buf_str(&pem), STR("header.claims"), &raw));
	base64url_add(out, raw.p, raw.n);
	return NULL;
}

static void
check_refused(const char *kind, const char *body, const char *why)
{
	AUTO(buf_free) struct buf out = BUF_INIT(64 * KIB);
	struct err *e = sign(kind, body, &out);

	assert_int_equal(err_code(e), ERR_CONFIG);
	assert_non_null(strstr(err_msg(e), why));
	assert_int_equal(out.n, 0);
	err_free(e);
}

static void
test_rs256(void **state)
{
	AUTO(buf_free) struct buf one = BUF_INIT(64 * KIB), two = BUF_INIT(64 * KIB);

	(void)state;
	assert_null(sign("RSA PRIVATE KEY", rsa_pkcs1, &one));
	assert_string_equal(buf_cstr(&one), rsa_signature);
	assert_null(sign("PRIVATE KEY", rsa_pkcs8, &two));
	assert_string_equal(buf_cstr(&two), rsa_signature);
	check_refused("RSA PRIVATE KEY", rsa_small, "at least 2048 bits");
	check_refused("PRIVATE KEY", curve, "no RSA key");
	check_refused("PRIVATE KEY", rsa_pkcs1 + 20, "'app.pem' holds no private key");
	check_refused("RSA PRIVATE KEY", "", "'app.pem' holds no private key");
}

static void
test_same(void **state)
{
	(void)state;
	assert_true(crypto_same("abcd", "abcd", 4));
	assert_true(crypto_same("a", "b", 0));
	assert_false(crypto_same("abcd", "abce", 4));
	assert_false(crypto_same("\x80" "bcd", "\0bcd", 4));
}

static void
test_hex(void **state)
{
	uint8_t out[3] = {9, 9, 9};

	(void)state;
	assert_false(hex_read(STR("0aFf"), out, 3));
	assert_false(hex_read(STR("0aFf1"), out, 2));
	assert_false(hex_read(STR("0aFg10"), out, 3));
	assert_int_equal(out[0], 9);
	assert_true(hex_read(STR("0aFf10"), out, 3));
	assert_memory_equal(out, "\x0a\xff\x10", 3);
}

/* RFC 4648, section 10. */
static void
test_base64(void **state)
{
	static const char *const rows[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "+/8="}};
	static const char *const bad[] = {"Zg=", "Zg", "Zh==", "Zm9=", "=", "====", "Z===", "Zm9v\n", "Zm 9", "-_8="};
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(rows); i++) {
		buf_clear(&b);
		base64_add(&b, rows[i][0], strlen(rows[i][0]));
		assert_string_equal(buf_cstr(&b), rows[i][1]);
		buf_clear(&b);
		assert_true(base64_read(str_of(rows[i][1]), &b));
		assert_string_equal(buf_cstr(&b), rows[i][0]);
	}
	for (i = 0; i < NITEMS(bad); i++) {
		assert_false(base64_read(str_of(bad[i]), &b));
		assert_string_equal(buf_cstr(&b), "\xfb\xff");
	}
	buf_clear(&b);
	base64url_add(&b, "\xfb\xff", 2);
	assert_string_equal(buf_cstr(&b), "-_8");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sha256), cmocka_unit_test(test_hmac),
	    cmocka_unit_test(test_rs256), cmocka_unit_test(test_same), cmocka_unit_test(test_hex),
	    cmocka_unit_test(test_base64)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
