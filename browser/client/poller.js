// @ts-check
const EVERY_MS = 30_000;

/** Calls `poll` at once and then every 30 s, never twice at the same time. */
export class Poller {
  #clock;
  #poll;
  /** @type {unknown} */
  #timer = null;
  #running = false;

  /**
   * @param {object} options
   * @param {import("./types.js").Clock} options.clock
   * @param {() => Promise<void>} options.poll
   */
  constructor({ clock, poll }) {
    this.#clock = clock;
    this.#poll = poll;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    void this.#round();
  }

  stop() {
    this.#running = false;
    this.#clock.clearTimeout(this.#timer);
  }

  async #round() {
    await this.#poll();
    if (!this.#running) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => void this.#round(), EVERY_MS);
  }
}
