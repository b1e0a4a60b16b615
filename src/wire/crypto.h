/*
 * crypto.h - digests and signatures, over libcrypto, opened at first use.
 *
 * ERR_COMMAND from each that can fail when there is no libcrypto.
 */
#ifndef WIRE_CRYPTO_H
#define WIRE_CRYPTO_H

#include "base/def.h"
#include "base/str.h"

struct buf;
struct err;

#define CRYPTO_SHA256 32	/* bytes of a digest */

struct err *crypto_sha256(struct str data, uint8_t out[CRYPTO_SHA256]) MUST_USE;

/* RFC 2104.  ERR_CONFIG for an empty key, which would sign for everyone. */
struct err *crypto_hmac_sha256(struct str key, struct str data, uint8_t out[CRYPTO_SHA256]) MUST_USE;

/*
 * RSASSA-PKCS1-v1_5 with SHA-256 (RS256 of RFC 7518), appended as bytes.  The
 * key is a private RSA key in PEM (PKCS#1 or PKCS#8) without a passphrase, of
 * at least 2048 bits; 'what' names it in messages.  ERR_CONFIG when it is not.
 */
struct err *crypto_rs256(const char *what, struct str pem, struct str data,
    struct buf *signature) MUST_USE;

/* Are they the same?  Takes as long wherever they differ. */
bool crypto_same(const void *a, const void *b, size_t n);

/* Lower case; and base64 (RFC 4648), with padding, or for URLs without it. */
void hex_add(struct buf *out, const void *p, size_t n);
void base64_add(struct buf *out, const void *p, size_t n);
void base64url_add(struct buf *out, const void *p, size_t n);

/* Exactly n bytes from 2n digits of either case; false for anything else, out then is as it was. */
bool hex_read(struct str text, void *out, size_t n);

/* Strict: padded, no white space, no stray bits.  false when malformed, out then is as it was. */
bool base64_read(struct str text, struct buf *out);

#endif
