// Cookies that the client cannot change: 'value.signature', HMAC with SHA-256.

import { createHmac, timingSafeEqual } from 'node:crypto';

const MIN_SECRET = 16;

function mac(value, secret) {
  if (secret.length < MIN_SECRET) {
    throw new RangeError(`a secret has at least ${MIN_SECRET} characters`);
  }
  return createHmac('sha256', secret).update(value).digest();
}

export function sign(value, secret) {
  return `${value}.${mac(value, secret).toString('base64url')}`;
}

/** The value, or null when nobody with one of the secrets has signed it. */
export function unsign(text, secrets) {
  const dot = text.lastIndexOf('.');
  if (dot === -1) {
    return null;
  }
  const value = text.slice(0, dot);
  const got = Buffer.from(text.slice(dot + 1), 'base64url');
  for (const secret of secrets) {
    const want = mac(value, secret);
    if (got.length === want.length && timingSafeEqual(got, want)) {
      return value;
    }
  }
  return null;
}
