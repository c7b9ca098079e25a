// @ts-check
const LOOK_EVERY_MS = 350;
const PATIENCE_MS = 1_000;

/**
 * Detects that the leading tab has gone silent: frozen by the browser, or hung. Only a visible tab
 * asks, as hidden tabs have slow timers; answering needs no timer.
 */
export class LeaderWatch {
  #options;
  /** @type {unknown} */
  #timer = null;
  /** @type {number | null} since when the leader owes us an answer */
  #asked = null;
  #looked = 0;

  /**
   * @param {object} options
   * @param {import("./types.js").Clock} options.clock
   * @param {() => boolean} options.isVisible
   * @param {() => void} options.ask
   * @param {() => void} options.lost called once; `look` begins anew
   */
  constructor(options) {
    this.#options = options;
  }

  /** The leader said something. */
  heard() {
    this.#asked = null;
  }

  /** Begin, or go on after this tab was hidden. */
  look() {
    const { clock, isVisible, ask, lost } = this.#options;
    const now = clock.elapsed();
    // This tab was late itself: the answer may be queued behind this call.
    if (now - this.#looked > 2 * LOOK_EVERY_MS) this.#asked = null;
    this.#looked = now;
    this.stop();
    if (!isVisible()) return this.heard();
    if (this.#asked !== null && now - this.#asked >= PATIENCE_MS) {
      this.heard();
      return lost();
    }
    if (this.#asked === null) {
      this.#asked = now;
      ask();
    }
    this.#timer = clock.setTimeout(() => this.look(), LOOK_EVERY_MS);
  }

  stop() {
    this.#options.clock.clearTimeout(this.#timer);
  }
}
