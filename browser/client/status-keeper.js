// @ts-check
/** @typedef {import("./types.js").Status} Status */

const QUICK_FAILURES = 3;

/** What a connection's states mean for the person: when it is polling, when it is but the start. */
export class StatusKeeper {
  #clock;
  #changed;
  #fallback;
  /** @type {Status} */
  status;

  /**
   * @param {object} options
   * @param {import("./types.js").Clock} options.clock
   * @param {(status: Status) => void} options.changed
   * @param {{ start: () => void, stop: () => void }} options.fallback works while no socket can be had
   */
  constructor({ clock, changed, fallback }) {
    this.#clock = clock;
    this.#changed = changed;
    this.#fallback = fallback;
    this.status = { state: "idle", since: clock.now(), began: clock.elapsed() };
  }

  /**
   * @param {"connecting" | "live" | "waiting" | "stopped" | "signed-out" | "other-user"} state
   * @param {{ failures: number, code?: number, reason?: string }} detail
   */
  connectionIs(state, { failures, code, reason = "" }) {
    const trying = state === "connecting" || state === "waiting";
    if (trying && failures >= QUICK_FAILURES) {
      this.#set({ state: "polling" });
      return this.#fallback.start();
    }
    if (trying) return this.#set({ state: this.#isFirstTry ? "connecting" : "reconnecting" });
    this.#fallback.stop();
    this.#set(code === undefined ? { state } : { state, code, reason });
  }

  stopped() {
    this.#fallback.stop();
    this.#set({ state: "idle" });
  }

  get #isFirstTry() {
    return this.status.state === "idle" || this.status.state === "connecting";
  }

  /** @param {Omit<Status, "since" | "began">} status */
  #set(status) {
    if (status.state === this.status.state) return;
    this.status = { ...status, since: this.#clock.now(), began: this.#clock.elapsed() };
    this.#changed(this.status);
  }
}
