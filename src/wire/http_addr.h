/*
 * http_addr.h - which addresses a request may connect to, and what an URL
 * says about its host; for http.c.
 *
 * Refused always: link-local addresses (RFC 3927, RFC 4291 2.5.6), where
 * clouds serve credentials, the metadata addresses of AWS (fd00:ec2::254) and
 * Alibaba (100.100.100.200), and unspecified ones (0.0.0.0 and ::, which
 * reach the loopback in disguise); also when an IPv6 address carries the
 * IPv4 one inside (::ffff:0:0/96, 64:ff9b::/96).
 */
#ifndef WIRE_HTTP_ADDR_H
#define WIRE_HTTP_ADDR_H

#include "base/def.h"
#include "base/str.h"

struct sockaddr;

/* Why the address is refused, or NULL. Static. */
const char *addr_refused(const struct sockaddr *sa, bool loopback_only);

/*
 * Why it is not a public one, or NULL: of IPv4 what the IANA's registry of
 * special addresses (RFC 6890) has not, nor multicast and what is reserved
 * above it; of IPv6 what is in 2000::/3 and carries no IPv4 address inside.
 */
const char *addr_private(const struct sockaddr *sa);

/* The URL for a message: without query and fragment. Borrowed from url. */
struct str url_shown(const char *url);

#endif
