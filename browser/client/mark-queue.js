// @ts-check
/** @typedef {import("./types.js").Command} Command */
/** @typedef {import("./apply-marks.js").Undone} Undone */

const OUTSTANDING = 20;

/**
 * Marks and undos that the server has not confirmed, or whose effect has not arrived yet. Until then
 * each is applied on the screen: `done` may overtake the `inbox` frame that shows its effect.
 */
export class MarkQueue {
  /** @type {Map<string, { frame: Command, undone?: Undone | undefined, tried: boolean, sent: boolean, done: number | null }>} */
  #entries = new Map();
  #made = 0;
  #prefix;

  /** @param {string} [prefix] of refs */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  /**
   * @template {import("./types.js").NewCommand} Frame
   * @param {Frame} mark
   * @param {Undone} [undone] of an undo: what it does on the screen
   * @returns {Frame & { ref: string }}
   */
  add(mark, undone) {
    this.#made += 1;
    const frame = { ...mark, ref: `${this.#prefix}m${this.#made}` };
    this.#entries.set(frame.ref, { frame: /** @type {any} */ (frame), undone, tried: false, sent: false, done: null });
    return frame;
  }

  /** @param {Command} frame of an earlier page, which may have sent it */
  resume(frame) {
    this.#entries.set(frame.ref, { frame, tried: true, sent: false, done: null });
  }

  /** @param {string} ref */
  has(ref) {
    return this.#entries.has(ref);
  }

  /**
   * @param {string} ref
   * @returns {boolean} whether the mark was here and cannot have reached the server: it is gone
   */
  drop(ref) {
    return this.#entries.get(ref)?.tried === false && this.#entries.delete(ref);
  }

  /** All that are in force, oldest first. */
  get inForce() {
    const entries = [...this.#entries.values()];
    const undone = new Set(entries.map(({ frame }) => frame.type === "undo" && frame.mark));
    return entries.flatMap(({ frame, undone: undo }) => (frame.type === "undo" ? (undo ?? []) : undone.has(frame.ref) ? [] : frame));
  }

  /** All that the server has not confirmed. */
  get unconfirmed() {
    return [...this.#entries.values()].filter((entry) => entry.done === null).map((entry) => entry.frame);
  }

  /** The same, to be sent now by other means than the socket. */
  attempted() {
    for (const entry of this.#entries.values()) entry.tried = true;
    return this.unconfirmed;
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
      entry.tried ||= entry.sent;
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
   * @returns {Command | null} what was refused, if it was one of these
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
