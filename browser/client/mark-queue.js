// @ts-check
/** @typedef {import("./types.js").Command} Command */
/** @typedef {import("./apply-marks.js").Undone} Undone */

const OUTSTANDING = 20;

/**
 * Marks and undos that the server has not confirmed, or whose effect has not arrived yet. Until then
 * each is applied on the screen: `done` may overtake the `inbox` frame that shows its effect.
 */
export class MarkQueue {
  /** @type {Map<string, { frame: Command, undone?: Undone | undefined, sent: boolean, again?: boolean, done: number | null }>} */
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
    this.#entries.set(frame.ref, { frame: /** @type {any} */ (frame), undone, sent: false, done: null });
    return frame;
  }

  /** @param {Command} frame of an earlier page, which may have sent it */
  resume(frame) {
    this.#entries.set(frame.ref, { frame, sent: false, again: true, done: null });
  }

  /** @param {string} ref */
  has(ref) {
    return this.#entries.has(ref);
  }

  /** All that are in force, oldest first. */
  get inForce() {
    return this.#notUndone.flatMap(({ frame, undone }) => (frame.type === "undo" ? (undone ?? []) : frame));
  }

  /** All that the server has not confirmed. */
  get unconfirmed() {
    return this.#notUndone.filter((entry) => entry.done === null).map((entry) => entry.frame);
  }

  /**
   * Without the marks whose undo is here. Those are not sent again: if one has reached the server, its
   * undo takes it back; and sent after its undo, it would stand.
   */
  get #notUndone() {
    const entries = [...this.#entries.values()];
    const undone = new Set(entries.map(({ frame }) => frame.type === "undo" && frame.mark));
    return entries.filter(({ frame }) => !undone.has(frame.ref));
  }

  /**
   * Send what may be sent now: at most 20 are outstanding.
   *
   * @param {(frame: Command) => boolean} send false where it could not be sent
   */
  flush(send) {
    const waiting = this.#notUndone.filter((entry) => entry.done === null);
    for (const entry of waiting.slice(0, OUTSTANDING)) {
      if (!entry.sent) entry.sent = send(entry.frame);
    }
  }

  /** The socket is gone: what has no `done` is to be sent again. */
  resend() {
    for (const entry of this.#entries.values()) {
      entry.again ||= entry.sent;
      entry.sent = false;
    }
  }

  /**
   * @param {string} ref
   * @param {number} version the inbox's version that has its effect
   */
  done(ref, version) {
    const entry = this.#entries.get(ref);
    if (!entry) return;
    entry.done = version;
    if (entry.frame.type === "undo") this.#entries.delete(entry.frame.mark);
  }

  /**
   * @param {string | null} ref
   * @returns {{ frame: Command, again: boolean } | null} what was refused, if it was one of these,
   *   and whether it was sent before, too, with an answer that nobody heard
   */
  refuse(ref) {
    const entry = ref === null ? undefined : this.#entries.get(ref);
    if (!entry) return null;
    this.#entries.delete(entry.frame.ref);
    return { frame: entry.frame, again: Boolean(entry.again) };
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
