// @ts-check
import { ClientElement } from "./client-element.js";
import { HttpError } from "../client/http.js";
import { inboxMessages } from "../page/inbox-messages.js";

const PATIENCE_MS = 10_000;

/** "Send me a test": how long a notice takes from the press of the button to this page. */
export class NotifyTest extends ClientElement {
  /** @type {Map<number, number>} when each notice arrived here, by id: it may overtake its answer */
  #arrivals = new Map();

  ready() {
    const button = this.querySelector("button");
    if (button) this.listen(button, ["click"], () => void this.#send(button));
    this.listen(this.client, ["notification"], ({ detail }) => {
      this.#arrivals.set(detail.id, performance.now());
    });
  }

  /** @param {HTMLButtonElement} button */
  async #send(button) {
    button.disabled = true;
    this.#say(inboxMessages.sending);
    const started = performance.now();
    const { id, wait } = await this.#post();
    const arrived = id === null ? null : await this.#arrival(id);
    if (id === null) this.#say(wait ? inboxMessages.tooManyTests(wait) : inboxMessages.notSent);
    else this.#say(arrived === null ? inboxMessages.notArrived : inboxMessages.arrived(arrived - started));
    button.disabled = false;
  }

  /** @returns {Promise<{ id: number | null, wait: number }>} the notice's id; or a wait in seconds, 0 where none is said */
  async #post() {
    try {
      return { ...(await this.client.post(this.dataset.url ?? "")), wait: 0 };
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return { id: null, wait: error.status === 429 ? (error.retryAfter ?? 0) : 0 }; // shown on the page
    }
  }

  /**
   * @param {number} id
   * @returns {Promise<number | null>}
   */
  async #arrival(id) {
    const signal = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), this.connected.signal]);
    while (!this.#arrivals.has(id) && !signal.aborted) await this.#next(signal);
    return this.#arrivals.get(id) ?? null;
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  #next(signal) {
    return new Promise((resolve) => {
      this.client.addEventListener("notification", () => resolve(), { once: true, signal });
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** @param {string} text */
  #say(text) {
    const output = this.querySelector("output");
    if (output) output.textContent = text;
  }
}
