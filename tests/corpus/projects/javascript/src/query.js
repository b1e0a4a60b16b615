// Query strings: 'a=1&b=2&b=3' to { a: '1', b: ['2', '3'] } and back.

export const MAX_PAIRS = 1000;

function decode(text) {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

export function parseQuery(text) {
  const out = Object.create(null);
  const query = text.startsWith('?') ? text.slice(1) : text;
  let pairs = 0;
  for (const pair of query.split('&')) {
    if (pair === '') {
      continue;
    }
    pairs += 1;
    if (pairs > MAX_PAIRS) {
      throw new RangeError('too many parameters');
    }
    const at = pair.indexOf('=');
    const key = decode(at === -1 ? pair : pair.slice(0, at));
    const value = at === -1 ? '' : decode(pair.slice(at + 1));
    if (key in out) {
      out[key] = Array.isArray(out[key]) ? [...out[key], value] : [out[key], value];
    } else {
      out[key] = value;
    }
  }
  return out;
}

export function stringifyQuery(params) {
  const pairs = [];
  for (const [key, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      pairs.push(`${encodeURIComponent(key)}=${encodeURIComponent(one)}`);
    }
  }
  return pairs.join('&');
}
