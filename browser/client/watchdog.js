// @ts-check
const ANSWER_DEADLINE_MS = 5_000;

/**
 * Detects a silent server: after `silence` it sends a `ping`, and 5 s later it gives up. It compares
 * clock readings, since browsers throttle timers in hidden tabs and stop them in frozen ones.
 */
export class Watchdog {
  #clock;
  #ask;
  #giveUp;
  #silence = 0;
  #heard = 0;
  /** @type {number | null} */
  #asked = null;
  /** @type {unknown} */
  #timer = null;

  /**
   * @param {object} options
   * @param {import("./types.js").Clock} options.clock
   * @param {() => void} options.ask
   * @param {() => void} options.giveUp
   */
  constructor({ clock, ask, giveUp }) {
    this.#clock = clock;
    this.#ask = ask;
    this.#giveUp = giveUp;
  }

  /** @param {number} silence milliseconds of silence that are allowed */
  watch(silence) {
    this.#silence = silence;
    this.heard();
    this.#arm();
  }

  /** Something came from the server. The running timer finds out by itself. */
  heard() {
    this.#heard = this.#clock.elapsed();
    if (this.#asked === null) return;
    this.#asked = null;
    this.#arm();
  }

  /** Look now, on a wake-up. */
  look() {
    if (this.#timer === null) return;
    const now = this.#clock.elapsed();
    if (this.#asked !== null) {
      if (now - this.#asked >= ANSWER_DEADLINE_MS) return this.#end();
    } else if (now - this.#heard >= this.#silence) {
      return this.ask();
    }
    this.#arm();
  }

  /** Ask without waiting for the silence: the network has just changed. */
  ask() {
    if (this.#timer === null || this.#asked !== null) return;
    this.#asked = this.#clock.elapsed();
    this.#ask();
    this.#arm();
  }

  stop() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#asked = null;
  }

  #end() {
    this.stop();
    this.#giveUp();
  }

  #arm() {
    this.#clock.clearTimeout(this.#timer);
    const due = this.#asked === null ? this.#heard + this.#silence : this.#asked + ANSWER_DEADLINE_MS;
    this.#timer = this.#clock.setTimeout(() => this.look(), Math.max(0, due - this.#clock.elapsed()));
  }
}
