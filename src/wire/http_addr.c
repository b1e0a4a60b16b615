#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/err.h"
#include "wire/http.h"
#include "wire/http_addr.h"

#define HOST_MAX 253

static bool
is_loopback4(uint32_t a)
{
	return a >> 24 == 127;
}

static const char *
refused4(uint32_t a, bool loopback_only)
{
	if (a >> 16 == (169u << 8 | 254))
		return "a link-local address";
	if (a == (100u << 24 | 100u << 16 | 100u << 8 | 200))
		return "a cloud's metadata address";
	if (a == 0)
		return "the unspecified address";
	if (loopback_only && !is_loopback4(a))
		return "not a loopback address";
	return NULL;
}

static const char *
refused6(const struct in6_addr *a, bool loopback_only)
{
	static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};
	static const unsigned char aws[16] = {0xfd, 0, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54};
	uint32_t v4;

	memcpy(&v4, &a->s6_addr[12], sizeof(v4));
	if (IN6_IS_ADDR_V4MAPPED(a) || memcmp(a->s6_addr, nat64, sizeof(nat64)) == 0)
		return refused4(ntohl(v4), loopback_only);
	if (IN6_IS_ADDR_LINKLOCAL(a))
		return "a link-local address";
	if (memcmp(a->s6_addr, aws, sizeof(aws)) == 0)
		return "a cloud's metadata address";
	if (IN6_IS_ADDR_UNSPECIFIED(a))
		return "the unspecified address";
	if (loopback_only && !IN6_IS_ADDR_LOOPBACK(a))
		return "not a loopback address";
	return NULL;
}

const char *
addr_refused(const struct sockaddr *sa, bool loopback_only)
{
	if (sa->sa_family == AF_INET)
		return refused4(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr),
		    loopback_only);
	if (sa->sa_family == AF_INET6)
		return refused6(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
		    loopback_only);
	return "neither an IPv4 nor an IPv6 address";
}

static const char *
private4(uint32_t a)
{
	static const struct {
		uint32_t net;
		int bits;
	} special[] = {{0x00000000, 8}, {0x0a000000, 8}, {0x64400000, 10}, {0x7f000000, 8}, {0xa9fe0000, 16},
	    {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
	    {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3}};
	size_t i;

	for (i = 0; i < NITEMS(special); i++)
		if ((a ^ special[i].net) >> (32 - special[i].bits) == 0)
			return "not a public address";
	return refused4(a, false);
}

static const char *
private6(const struct in6_addr *a)
{
	const unsigned char *b = a->s6_addr;

	/* 2001::/23 holds Teredo and its like, 2001:db8::/32 and 3fff::/20 are for documents, 2002::/16 is 6to4. */
	if (b[0] >> 5 != 1 || (b[0] == 0x20 && b[1] == 0x02) || (b[0] == 0x3f && b[1] == 0xff && b[2] < 0x10) ||
	    (b[0] == 0x20 && b[1] == 0x01 && (b[2] < 2 || (b[2] == 0x0d && b[3] == 0xb8))))
		return "not a public address";
	return NULL;
}

const char *
addr_private(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return private4(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr));
	if (sa->sa_family == AF_INET6)
		return private6(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
	return "neither an IPv4 nor an IPv6 address";
}

const char *
http_address_private(const char *numeric)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, numeric, &v4) == 1)
		return private4(ntohl(v4.s_addr));
	if (inet_pton(AF_INET6, numeric, &v6) == 1)
		return private6(&v6);
	return "not a numeric address";
}

const char *
http_address_refused(const char *numeric, bool loopback_only)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, numeric, &v4) == 1)
		return refused4(ntohl(v4.s_addr), loopback_only);
	if (inet_pton(AF_INET6, numeric, &v6) == 1)
		return refused6(&v6, loopback_only);
	return "not a numeric address";
}

struct str
url_shown(const char *url)
{
	return str_mk(url, strcspn(url, "?#"));
}

static bool
is_loopback_host(struct str host)
{
	char text[HOST_MAX + 1];
	struct in_addr v4;

	if (str_is(host, "[::1]"))
		return true;
	if (host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return strcasecmp(text, "localhost") == 0 ||
	    (inet_pton(AF_INET, text, &v4) == 1 && is_loopback4(ntohl(v4.s_addr)));
}

/* Split "host:port" or "[v6]:port"; the port may be missing. */
static bool
split_authority(struct str authority, struct str *host)
{
	ptrdiff_t at;
	int64_t port;

	if (str_starts(authority, "[")) {
		at = str_chr(authority, ']');
		if (at < 0)
			return false;
		at++;
	} else {
		at = str_chr(authority, ':');
		if (at < 0)
			at = (ptrdiff_t)authority.n;
	}
	*host = str_take(authority, (size_t)at);
	authority = str_skip(authority, (size_t)at);
	if (host->n == 0 || host->n > HOST_MAX)
		return false;
	return authority.n == 0 || (authority.p[0] == ':' &&
	    str_int(str_skip(authority, 1), 1, 65535, &port));
}

struct err *
http_url_check(const char *url, bool *loopback)
{
	struct str rest = str_of(url), host;
	const char *p;

	for (p = url; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || *p == '\\')
			return err_new(ERR_CONFIG, "an URL holds a character that must be escaped");
	if (strncasecmp(url, "http://", 7) == 0)
		rest = str_skip(rest, 7);
	else if (strncasecmp(url, "https://", 8) == 0)
		rest = str_skip(rest, 8);
	else
		return err_new(ERR_CONFIG, "'%.*s' is not an http or https URL", STR_ARG(url_shown(url)));
	rest = str_take(rest, strcspn(rest.p, "/?#"));
	if (str_has(rest, '@'))
		return err_new(ERR_CONFIG, "an URL may not hold a user's name or password");
	if (!split_authority(rest, &host))
		return err_new(ERR_CONFIG, "'%.*s' has no valid host and port", STR_ARG(url_shown(url)));
	if (loopback != NULL)
		*loopback = is_loopback_host(host);
	return NULL;
}
