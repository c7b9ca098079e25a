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
    this.status = { state: "idle", since: clock.now(), began: clock.elapsed(), liveUntil: null };
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

  /**
   * Without a socket: whether the server answers by HTTP.
   *
   * @param {boolean} isReached
   */
  reached(isReached) {
    const { status } = this;
    if (status.state !== "polling") return;
    this.status = { ...status, isReached, liveUntil: isReached ? this.#clock.now() : status.liveUntil };
    if (status.isReached !== isReached) this.#changed(this.status);
  }

  stopped() {
    this.#fallback.stop();
    this.#set({ state: "idle" });
  }

  get #isFirstTry() {
    return this.status.state === "idle" || this.status.state === "connecting";
  }

  /** @param {Omit<Status, "since" | "began" | "liveUntil">} status */
  #set(status) {
    const before = this.status;
    if (status.state === before.state) return;
    const since = this.#clock.now();
    const liveUntil = status.state === "live" || before.state === "live" ? since : before.liveUntil;
    this.status = { ...status, since, began: this.#clock.elapsed(), liveUntil };
    this.#changed(this.status);
  }
}
