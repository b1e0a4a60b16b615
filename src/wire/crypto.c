/* OpenSSL has a type of this name; base/err.h has the other one. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#undef ERR_STATE

#include "base/buf.h"
#include "base/err.h"
#include "base/lib.h"
#include "wire/crypto.h"

#define RSA_BITS_MIN 2048
#define RSA_BYTES_MAX 2048	/* of a signature: keys of 16384 bits */

#define CRYPTO_FNS(X)                                                                         \
	X(EVP_sha256) X(EVP_Digest) X(HMAC) X(BIO_new_mem_buf) X(BIO_free)                    \
	X(PEM_read_bio_PrivateKey) X(EVP_PKEY_get_base_id) X(EVP_PKEY_get_bits)               \
	X(EVP_PKEY_free) X(EVP_MD_CTX_new) X(EVP_MD_CTX_free) X(EVP_DigestSignInit)           \
	X(EVP_DigestSign) X(ERR_clear_error)

struct crypto_fns {
#define CRYPTO_FN(f) __typeof__(f) *f;
	CRYPTO_FNS(CRYPTO_FN)
#undef CRYPTO_FN
};

/* Filled at first use. */
static struct crypto_fns lib;

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char digits64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct err *
open_library(void)
{
	static const char *const names[] = {
#define CRYPTO_FN(f) #f,
		CRYPTO_FNS(CRYPTO_FN)
#undef CRYPTO_FN
	};

	return lib.HMAC != NULL ? NULL : lib_open(SO_CRYPTO, names, (void **)&lib, NITEMS(names));
}

struct err *
crypto_sha256(struct str data, uint8_t out[CRYPTO_SHA256])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	TRY(open_library());
	if (lib.EVP_Digest(data.p, data.n, digest, &n, lib.EVP_sha256(), NULL) != 1 || n != CRYPTO_SHA256)
		return err_new(ERR_COMMAND, "the library '%s' makes no SHA-256 digest", SO_CRYPTO);
	memcpy(out, digest, CRYPTO_SHA256);
	return NULL;
}

struct err *
crypto_hmac_sha256(struct str key, struct str data, uint8_t out[CRYPTO_SHA256])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (key.n == 0 || key.n > INT32_MAX)
		return err_new(ERR_CONFIG, "an empty key signs nothing");
	TRY(open_library());
	if (lib.HMAC(lib.EVP_sha256(), key.p, (int)key.n, (const uint8_t *)data.p, data.n, mac, &n) == NULL ||
	    n != CRYPTO_SHA256)
		return err_new(ERR_COMMAND, "the library '%s' makes no HMAC-SHA256", SO_CRYPTO);
	memcpy(out, mac, CRYPTO_SHA256);
	return NULL;
}

/* Without it libcrypto asks the terminal. */
static int
no_passphrase(char *buf UNUSED, int size UNUSED, int writing UNUSED, void *arg UNUSED)
{
	return -1;
}

static EVP_PKEY *
read_key(struct str pem)
{
	BIO *bio = pem.n > INT32_MAX ? NULL : lib.BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *key = bio == NULL ? NULL : lib.PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

	lib.BIO_free(bio);
	return key;
}

static bool
sign_with(EVP_PKEY *key, struct str data, uint8_t *out, size_t *n)
{
	EVP_MD_CTX *ctx = lib.EVP_MD_CTX_new();
	bool fine = ctx != NULL && lib.EVP_DigestSignInit(ctx, NULL, lib.EVP_sha256(), NULL, key) == 1 &&
	    lib.EVP_DigestSign(ctx, out, n, (const uint8_t *)data.p, data.n) == 1;

	lib.EVP_MD_CTX_free(ctx);
	return fine;
}

struct err *
crypto_rs256(const char *what, struct str pem, struct str data, struct buf *signature)
{
	uint8_t out[RSA_BYTES_MAX];
	size_t n = sizeof(out);
	struct err *e = NULL;
	EVP_PKEY *key;

	TRY(open_library());
	key = read_key(pem);
	if (key == NULL)
		e = err_hint(err_new(ERR_CONFIG, "'%s' holds no private key that can be read", what),
		    "it must be PEM and have no passphrase, as GitHub gives it out");
	else if (lib.EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || lib.EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
		e = err_new(ERR_CONFIG, "'%s' is no RSA key of at least %d bits", what, RSA_BITS_MIN);
	else if (!sign_with(key, data, out, &n))
		e = err_new(ERR_CONFIG, "the key '%s' does not sign", what);
	else
		buf_add(signature, out, n);
	lib.EVP_PKEY_free(key);
	/* What is left in libcrypto's queue would be taken for a fault of libcurl's next handshake. */
	lib.ERR_clear_error();
	return e;
}

bool
crypto_same(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t differ = 0;
	size_t i;

	for (i = 0; i < n; i++)
		differ |= x[i] ^ y[i];
	return differ == 0;
}

void
hex_add(struct buf *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;
	size_t i;

	for (i = 0; i < n; i++) {
		buf_addc(out, digits[b[i] >> 4]);
		buf_addc(out, digits[b[i] & 15]);
	}
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
hex_read(struct str text, void *out, size_t n)
{
	uint8_t *b = out;
	size_t i;

	if (text.n / 2 != n || text.n % 2 != 0)
		return false;
	for (i = 0; i < text.n; i++)
		if (hex_digit(text.p[i]) < 0)
			return false;
	for (i = 0; i < n; i++)
		b[i] = (uint8_t)(hex_digit(text.p[2 * i]) << 4 | hex_digit(text.p[2 * i + 1]));
	return true;
}

static void
add64(struct buf *out, const uint8_t *p, size_t n, const char *digits, bool pad)
{
	uint32_t group;
	size_t i, have, k;

	for (i = 0; i < n; i += 3) {
		have = n - i < 3 ? n - i : 3;
		for (group = 0, k = 0; k < 3; k++)
			group = group << 8 | (k < have ? p[i + k] : 0);
		for (k = 0; k < 4; k++) {
			if (k <= have)
				buf_addc(out, digits[group >> (18 - 6 * k) & 63]);
			else if (pad)
				buf_addc(out, '=');
		}
	}
}

void
base64_add(struct buf *out, const void *p, size_t n)
{
	add64(out, p, n, digits64, true);
}

void
base64url_add(struct buf *out, const void *p, size_t n)
{
	add64(out, p, n, digits64url, false);
}

bool
base64_read(struct str text, struct buf *out)
{
	size_t from = out->n, i, pad = 0;
	uint32_t group = 0;
	const char *d;

	while (pad < 2 && pad < text.n && text.p[text.n - 1 - pad] == '=')
		pad++;
	for (i = 0; text.n % 4 == 0 && i < text.n - pad; i++) {
		d = memchr(digits64, text.p[i], sizeof(digits64) - 1);
		if (d == NULL)
			break;
		group = group << 6 | (uint32_t)(d - digits64);
		if (i % 4 > 0)
			buf_addc(out, (char)(group >> (6 - 2 * (i % 4))));
	}
	if (text.n % 4 == 0 && i == text.n - pad && (group & ((1U << 2 * pad) - 1)) == 0 && !out->over)
		return true;
	buf_trunc(out, from);
	return false;
}
