// @ts-check
/**
 * Local and session storage that never throws. Where the browser stores nothing for this page (site
 * data blocked, a sandboxed frame, a full disk), it is empty.
 */
class BrowserStorage {
  #storage;

  /** @param {() => Storage} storage reading the property throws, where it is blocked */
  constructor(storage) {
    this.#storage = storage;
  }

  /** @param {string} key */
  get(key) {
    return this.#tried((storage) => storage.getItem(key));
  }

  /**
   * @param {string} key
   * @param {string | null} value null: it goes
   * @returns {boolean} whether it is kept now
   */
  set(key, value) {
    this.#tried((storage) => (value === null ? storage.removeItem(key) : storage.setItem(key, value)));
    return this.get(key) === value;
  }

  /**
   * @template Result
   * @param {(storage: Storage) => Result} use
   * @returns {Result | null}
   */
  #tried(use) {
    try {
      return use(this.#storage());
    } catch {
      return null;
    }
  }
}

/** Of the site, in all tabs. */
export const ofSite = new BrowserStorage(() => localStorage);
/** Of this tab. */
export const ofTab = new BrowserStorage(() => sessionStorage);
