// @ts-check
const DWELL_MS = 400;

/** Tells which rows are on the screen of a page that is visible, some at a time. */
export class SeenWatcher {
  #onSeen;
  /** @type {WeakMap<Element, number>} */
  #ids = new WeakMap();
  /** @type {Set<number>} */
  #onScreen = new Set();
  #timer = 0;
  #observer = new IntersectionObserver((entries) => this.#moved(entries), { threshold: 0.5 });

  /**
   * @param {(ids: Set<number>) => void} onSeen
   * @param {AbortSignal} signal ends it
   */
  constructor(onSeen, signal) {
    this.#onSeen = onSeen;
    document.addEventListener("visibilitychange", () => this.#soon(), { signal });
    signal.addEventListener("abort", () => {
      this.#observer.disconnect();
      clearTimeout(this.#timer);
      this.#onSeen = () => undefined; // the browser may keep the observer, which must not keep the element
    });
  }

  /**
   * @param {Element} element
   * @param {number} id
   */
  watch(element, id) {
    this.#ids.set(element, id);
    this.#observer.observe(element);
  }

  /** @param {Element} element */
  forget(element) {
    this.#observer.unobserve(element);
    const id = this.#ids.get(element);
    if (id !== undefined) this.#onScreen.delete(id);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #moved(entries) {
    for (const { target, isIntersecting } of entries) {
      const id = this.#ids.get(target);
      if (id === undefined) continue;
      if (isIntersecting) this.#onScreen.add(id);
      else this.#onScreen.delete(id);
    }
    this.#soon();
  }

  #soon() {
    if (this.#timer) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      if (document.visibilityState === "visible" && this.#onScreen.size) this.#onSeen(this.#onScreen);
    }, DWELL_MS);
  }
}
