// What a browser gives a page, for the modules that take it from there.
import { afterEach } from "node:test";

/** @type {Map<string, PropertyDescriptor | undefined>} */
const before = new Map();

/** Until the test ends, `globalThis[name]` is what `get` returns, or it throws as `get` does. */
export function give(name, get) {
  if (!before.has(name)) before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, name, { get, configurable: true });
}

afterEach(() => {
  for (const [name, was] of before) {
    delete globalThis[name];
    if (was) Object.defineProperty(globalThis, name, was);
  }
  before.clear();
});

export const denied = () => { throw new DOMException("denied", "SecurityError"); };

/** A local or session storage. */
export class Memory {
  #texts = new Map();
  getItem(key) { return this.#texts.get(key) ?? null; }
  setItem(key, value) { this.#texts.set(key, String(value)); }
  removeItem(key) { this.#texts.delete(key); }
}
