// Templates: '{{name}}' is escaped, '{{{name}}}' is not, '{{#name}}...{{/name}}'
// repeats for each element of an array, or shows once when it is true.

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const TAG = /\{\{\{(\w+)\}\}\}|\{\{([#/]?)(\w+)\}\}/g;

export function escape(value) {
  return String(value ?? '').replace(/[&<>"']/g, (c) => ENTITIES[c]);
}

/** A list of texts, { name, raw } and { section, body }. */
function parse(source) {
  const top = { section: null, body: [] };
  const open = [top];
  let at = 0;
  for (const match of source.matchAll(TAG)) {
    const [all, raw, sigil, name] = match;
    const body = open.at(-1).body;
    if (match.index > at) {
      body.push(source.slice(at, match.index));
    }
    at = match.index + all.length;
    if (raw !== undefined) {
      body.push({ name: raw, raw: true });
    } else if (sigil === '#') {
      const section = { section: name, body: [] };
      body.push(section);
      open.push(section);
    } else if (sigil === '/') {
      if (open.pop().section !== name || open.length === 0) {
        throw new SyntaxError(`'${all}' closes nothing`);
      }
    } else {
      body.push({ name, raw: false });
    }
  }
  if (open.length > 1) {
    throw new SyntaxError(`'{{#${open.at(-1).section}}}' is not closed`);
  }
  if (at < source.length) {
    top.body.push(source.slice(at));
  }
  return top.body;
}

function lookup(scopes, name) {
  for (let i = scopes.length - 1; i >= 0; i -= 1) {
    if (scopes[i] !== null && typeof scopes[i] === 'object' && Object.hasOwn(scopes[i], name)) {
      return scopes[i][name];
    }
  }
  return undefined;
}

function write(body, scopes, out) {
  for (const part of body) {
    if (typeof part === 'string') {
      out.push(part);
    } else if (part.section === undefined) {
      const value = lookup(scopes, part.name);
      out.push(part.raw ? String(value ?? '') : escape(value));
    } else {
      const value = lookup(scopes, part.section);
      const items = Array.isArray(value) ? value : value ? [value] : [];
      for (const item of items) {
        write(part.body, [...scopes, item], out);
      }
    }
  }
}

export function render(source, data) {
  const out = [];
  write(parse(source), [data], out);
  return out.join('');
}
