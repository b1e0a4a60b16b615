export { Cache } from './cache.js';
export { escape, render } from './template.js';
export { parseQuery, stringifyQuery } from './query.js';
export { Router } from './router.js';
export { sign, unsign } from './signed.js';
export { send } from './static.js';
