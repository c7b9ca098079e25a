// @ts-check
import { HttpError } from "./http.js";
import { Poller } from "./poller.js";

const CHANGES_IN_ONE_POLL = 20;

/**
 * @typedef {object} FallbackOptions
 * @property {import("./types.js").Clock} clock
 * @property {import("./http.js").InboxHttp} http
 * @property {() => import("./types.js").Command[]} unconfirmed
 * @property {() => { epoch: string, since: number } | null} cursor
 * @property {(frame: import("./types.js").InboxFrame) => void} apply
 * @property {(frame: { ref: string, version: number }) => void} done
 * @property {(frame: { ref: string, code: string, message: string }) => void} refused
 * @property {(isReached: boolean) => void} reached whether the server has answered
 * @property {() => void} signedOut
 */

/** The socket's work by HTTP, while no socket can be had: marks out, changes in. */
export class HttpFallback {
  #options;
  #poller;
  #active = false;
  /** One request after the other: an undo must not overtake its mark. */
  #sending = Promise.resolve();

  /** @param {FallbackOptions} options */
  constructor(options) {
    this.#options = options;
    const poll = () => this.#tolerate(this.#sendMarks().finally(() => this.#pullChanges())); // marks may be retried for a long time
    this.#poller = new Poller({ clock: options.clock, poll });
  }

  start() {
    this.#active = true;
    this.#poller.start();
  }

  stop() {
    this.#active = false;
    this.#poller.stop();
  }

  /** A mark was made: it need not wait for the next poll. */
  mark() {
    if (this.#active) void this.#tolerate(this.#sendMarks());
  }

  #sendMarks() {
    this.#sending = this.#sending.catch(() => undefined).then(() => this.#sendAll());
    return this.#sending;
  }

  async #sendAll() {
    const { http, unconfirmed, done, refused } = this.#options;
    for (let [frame] = unconfirmed(); frame && this.#active; [frame] = unconfirmed()) {
      try {
        done({ ...(await http.mark(frame)), ref: frame.ref });
      } catch (error) {
        if (!(error instanceof HttpError) || !error.refused) throw error;
        refused({ ref: frame.ref, code: "invalid", message: error.message });
      }
    }
  }

  async #pullChanges() {
    const { http, cursor, apply } = this.#options;
    for (let round = 0; round < CHANGES_IN_ONE_POLL && this.#active; round += 1) {
      const held = cursor();
      const frame = await http.changes(held ?? {});
      if (!this.#active) return;
      apply(frame);
      if (frame.reset || frame.to <= (held?.since ?? 0)) return;
    }
  }

  /**
   * Network failures are retried by the next poll.
   *
   * @param {Promise<void>} request
   */
  async #tolerate(request) {
    const { reached } = this.#options;
    try {
      await request;
      reached(true);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      reached(error.status !== 0 && error.status < 500);
      if (error.status === 401 && this.#active) this.#options.signedOut();
    }
  }
}
