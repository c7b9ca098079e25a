// @ts-check
/** @typedef {import("./types.js").Command} Command */

const OUTSTANDING = 20;

/**
 * Marks that the server has not confirmed, or whose effect has not arrived yet. Until then each is
 * applied on the screen: `done` may overtake the `inbox` frame that shows its effect.
 */
export class MarkQueue {
  /** @type {Map<string, { frame: Command, sent: boolean, done: number | null }>} */
  #entries = new Map();
  #made = 0;
  #prefix;

  /** @param {string} [prefix] of refs */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  /**
   * @param {import("./types.js").NewCommand} mark
   * @returns {Command}
   */
  add(mark) {
    this.#made += 1;
    /** @type {Command} */
    const frame = { type: "mark", ref: `${this.#prefix}m${this.#made}`, ...mark };
    this.#entries.set(frame.ref, { frame, sent: false, done: null });
    return frame;
  }

  /** All that are in force, oldest first. */
  get inForce() {
    return [...this.#entries.values()].map((entry) => entry.frame);
  }

  /** All that the server has not confirmed. */
  get unconfirmed() {
    return [...this.#entries.values()].filter((entry) => entry.done === null).map((entry) => entry.frame);
  }

  /**
   * Send what may be sent now: at most 20 are outstanding.
   *
   * @param {(frame: Command) => boolean} send false where it could not be sent
   */
  flush(send) {
    const waiting = [...this.#entries.values()].filter((entry) => entry.done === null);
    for (const entry of waiting.slice(0, OUTSTANDING)) {
      if (!entry.sent) entry.sent = send(entry.frame);
    }
  }

  /** The socket is gone: what has no `done` is to be sent again. */
  resend() {
    for (const entry of this.#entries.values()) entry.sent = false;
  }

  /**
   * @param {string} ref
   * @param {number} version the inbox's version that has its effect
   */
  done(ref, version) {
    const entry = this.#entries.get(ref);
    if (entry) entry.done = version;
  }

  /**
   * @param {string | null} ref
   * @returns {Command | null} the mark that was refused, if it was one
   */
  refuse(ref) {
    const entry = ref === null ? undefined : this.#entries.get(ref);
    if (!entry) return null;
    this.#entries.delete(entry.frame.ref);
    return entry.frame;
  }

  /**
   * Drop marks whose effect the inbox now shows, and those for another epoch.
   *
   * @param {string | null} epoch
   * @param {number} version
   */
  settle(epoch, version) {
    for (const [ref, { frame, done }] of this.#entries) {
      const shown = done !== null && done <= version;
      const void_ = frame.epoch !== undefined && frame.epoch !== epoch;
      if (shown || void_) this.#entries.delete(ref);
    }
  }

  /** The epoch changed: versions of the old one say nothing about what is held now. */
  forgetConfirmed() {
    for (const [ref, { done }] of this.#entries) if (done !== null) this.#entries.delete(ref);
  }

  clear() {
    this.#entries.clear();
  }
}
