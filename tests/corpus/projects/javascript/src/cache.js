// The most recently used values, and each for a limited time.

export class Cache {
  #entries = new Map(); // oldest use first
  #max;
  #ttl;
  #now;

  constructor({ max = 100, ttl = Infinity, now = () => performance.now() } = {}) {
    if (!Number.isInteger(max) || max < 1) {
      throw new RangeError('max must be a whole number above 0');
    }
    this.#max = max;
    this.#ttl = ttl;
    this.#now = now;
  }

  get size() {
    return this.#entries.size;
  }

  get(key) {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      return undefined;
    }
    this.#entries.delete(key);
    if (entry.until <= this.#now()) {
      return undefined;
    }
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key, value) {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.#now() + this.#ttl });
    if (this.#entries.size > this.#max) {
      this.#entries.delete(this.#entries.keys().next().value);
    }
    return this;
  }

  /** The value, made by 'make' when it is not there. A failure is not kept. */
  async fetch(key, make) {
    const known = this.get(key);
    if (known !== undefined) {
      return known;
    }
    const value = await make(key);
    this.set(key, value);
    return value;
  }
}
