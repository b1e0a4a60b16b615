// Routes are kept in a tree, one level for each part of the path. A literal
// part wins over ':name', and that over '*rest'.

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

class Node {
  literals = new Map();
  param = null; // Node
  rest = null; // handlers by method
  handlers = new Map();
}

/** The decoded parts of a path, or null if it does not decode. */
function split(path) {
  const parts = path.split('/').filter((part) => part !== '');
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return null;
  }
}

function names(pattern) {
  return pattern
    .split('/')
    .filter((part) => part.startsWith(':') || part.startsWith('*'))
    .map((part) => part.slice(1));
}

export class Router {
  #root = new Node();

  add(method, pattern, handler) {
    if (!METHODS.has(method)) {
      throw new TypeError(`unknown method '${method}'`);
    }
    if (!pattern.startsWith('/')) {
      throw new TypeError(`'${pattern}' does not begin with '/'`);
    }
    const params = names(pattern);
    if (new Set(params).size !== params.length) {
      throw new TypeError(`a name occurs twice in '${pattern}'`);
    }
    const handlers = this.#place(pattern);
    if (handlers.has(method)) {
      throw new TypeError(`${method} ${pattern} is there already`);
    }
    handlers.set(method, { handler, params });
    return this;
  }

  #place(pattern) {
    let node = this.#root;
    const parts = pattern.split('/').filter((part) => part !== '');
    for (const [i, part] of parts.entries()) {
      if (part.startsWith('*')) {
        if (i !== parts.length - 1) {
          throw new TypeError(`'${part}' is not the last part of '${pattern}'`);
        }
        node.rest ??= new Map();
        return node.rest;
      }
      if (part.startsWith(':')) {
        node.param ??= new Node();
        node = node.param;
      } else {
        if (!node.literals.has(part)) {
          node.literals.set(part, new Node());
        }
        node = node.literals.get(part);
      }
    }
    return node.handlers;
  }

  /** { handler, params }, { allow: [methods] } for another method, or null. */
  match(method, path) {
    const parts = split(path);
    if (parts === null) {
      return null;
    }
    const found = find(this.#root, parts, 0, []);
    if (found === null) {
      return null;
    }
    const route = found.handlers.get(method) ?? (method === 'HEAD' ? found.handlers.get('GET') : undefined);
    if (route === undefined) {
      return { allow: [...found.handlers.keys()].sort() };
    }
    const params = Object.create(null);
    for (const [i, name] of route.params.entries()) {
      params[name] = found.values[i];
    }
    return { handler: route.handler, params };
  }
}

function find(node, parts, i, values) {
  if (i === parts.length) {
    return node.handlers.size > 0 ? { handlers: node.handlers, values } : null;
  }
  const literal = node.literals.get(parts[i]);
  if (literal !== undefined) {
    const found = find(literal, parts, i + 1, values);
    if (found !== null) {
      return found;
    }
  }
  if (node.param !== null) {
    const found = find(node.param, parts, i + 1, [...values, parts[i]]);
    if (found !== null) {
      return found;
    }
  }
  if (node.rest !== null) {
    return { handlers: node.rest, values: [...values, parts.slice(i).join('/')] };
  }
  return null;
}
