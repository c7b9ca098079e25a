// @ts-check
import { ABNORMAL, backoff, NOT_SIGNED_IN, reactionTo } from "./reconnecting.js";
import { queryString } from "./query-string.js";
import { Watchdog } from "./watchdog.js";

const HELLO_DEADLINE_MS = 15_000;
const NEVER_SAID_MS = 60_000;
const GOOD_LIFE_MS = 10_000;
const AT_ONCE_MS = 1_000;

/**
 * @typedef {object} ConnectionOptions
 * @property {string} url
 * @property {import("./types.js").SocketConstructor} WebSocket
 * @property {import("./types.js").Clock} clock
 * @property {() => number} random
 * @property {() => { epoch: string, since: number } | null} cursor
 * @property {{ language?: string, zone?: string }} locale
 * @property {string | null} user whose socket it must be; null: anybody's
 * @property {() => Promise<boolean>} isSignedIn asked after 4401, and after another user's `hello`;
 *   rejects if there is no answer
 * @property {(frame: any) => void} onFrame
 * @property {(state: "connecting" | "live" | "waiting" | "stopped" | "signed-out", detail: { failures: number, code?: number, reason?: string }) => void} onState
 */

/** Keeps one socket open: opens, watches, and comes back as the close code says. Knows no inbox. */
export class Connection {
  #options;
  #watchdog;
  /** @type {import("./types.js").SocketLike | null} */
  #socket = null;
  /** @type {{ code: number, reason: string, retry_after: number | null } | null} */
  #bye = null;
  /** @type {number | null} when `hello` came */
  #live = null;
  /** @type {{ handle: unknown, mayBeShortened: boolean } | null} */
  #wait = null;
  #failures = 0;
  #pings = 0;
  #running = false;

  /** @param {ConnectionOptions} options */
  constructor(options) {
    this.#options = options;
    this.#watchdog = new Watchdog({
      clock: options.clock,
      ask: () => this.ping(),
      giveUp: () => this.#closed(ABNORMAL),
    });
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#failures = 0;
    this.#open();
  }

  /** @param {boolean} [isReplaced] by another: a socket that is opening may open before it is closed, else browsers complain */
  stop(isReplaced = false) {
    this.#running = false;
    this.#cancelWait();
    this.#drop(isReplaced);
  }

  /**
   * @param {object} frame
   * @returns {boolean} whether it was given to an open socket
   */
  send(frame) {
    if (!this.#socket || this.#live === null || this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** @returns {number | null} the id of the ping, null where there is no open socket */
  ping() {
    this.#pings += 1;
    return this.send({ type: "ping", id: this.#pings }) ? this.#pings : null;
  }

  /** @param {import("./types.js").WakeReason} reason */
  wake(reason) {
    const networkChanged = reason === "online" || reason === "offline" || reason === "pageshow";
    if (networkChanged) this.#watchdog.ask();
    else this.#watchdog.look();
    if (reason === "offline" || !this.#wait?.mayBeShortened) return;
    this.#reconnectIn(backoff(0, this.#options.random), false);
  }

  #open() {
    this.#bye = null;
    this.#live = null;
    this.#options.onState("connecting", { failures: this.#failures });
    try {
      this.#listen(new this.#options.WebSocket(this.#address(), ["notify.v1"]));
      this.#watchdog.watch(HELLO_DEADLINE_MS);
    } catch {
      this.#closed(ABNORMAL); // for example, the browser forbids the URL
    }
  }

  #address() {
    const { url, cursor, locale } = this.#options;
    return url + queryString({ ...cursor(), ...locale });
  }

  /** @param {import("./types.js").SocketLike} socket */
  #listen(socket) {
    this.#socket = socket;
    socket.onmessage = (/** @type {{ data: unknown }} */ event) => this.#received(event.data);
    socket.onclose = (/** @type {{ code: number }} */ event) => this.#closed(event.code);
  }

  /** @param {unknown} text */
  #received(text) {
    this.#watchdog.heard();
    const frame = parsed(text);
    if (frame?.type === "hello") {
      if (frame.user !== (this.#options.user ?? frame.user)) return this.#closed(NOT_SIGNED_IN);
      this.#hello(frame);
    }
    if (frame?.type === "bye") this.#bye = frame;
    if (frame) this.#options.onFrame(frame);
  }

  /** @param {{ ping_interval: number | null, ping_timeout: number | null }} frame */
  #hello({ ping_interval, ping_timeout }) {
    this.#live = this.#options.clock.elapsed();
    this.#watchdog.watch(milliseconds(ping_interval) + milliseconds(ping_timeout));
    this.#options.onState("live", { failures: this.#failures });
  }

  /** @param {number} closeCode what the transport says; the server's own word, `bye`, goes before it */
  #closed(closeCode) {
    const lived = this.#live !== null && this.#options.clock.elapsed() - this.#live >= GOOD_LIFE_MS;
    const before = lived ? 0 : this.#failures;
    this.#failures = lived ? 0 : before + 1;
    this.#drop();
    const code = this.#bye?.code ?? closeCode;
    const reaction = reactionTo(code);
    if (reaction === "stop") return this.#stopped(code);
    if (reaction === "ask") return void this.#askWhetherSignedIn(before);
    const { random } = this.#options;
    this.#comeBack(reaction === "at-once" ? random() * AT_ONCE_MS : backoff(before, random));
  }

  /** @param {number} delay milliseconds, unless the server named its own */
  #comeBack(delay) {
    const told = this.#bye?.retry_after ?? null;
    this.#reconnectIn(told === null ? delay : told * 1000, told === null);
    this.#options.onState("waiting", { failures: this.#failures });
  }

  /** @param {number} before how many failed before this one */
  async #askWhetherSignedIn(before) {
    const signedIn = await this.#options.isSignedIn().catch(() => true);
    if (!this.#running || this.#socket || this.#wait) return;
    if (signedIn) return this.#comeBack(backoff(before, this.#options.random));
    this.#running = false;
    this.#options.onState("signed-out", { failures: this.#failures });
  }

  /** @param {number} code */
  #stopped(code) {
    this.#running = false;
    this.#options.onState("stopped", { failures: this.#failures, code, reason: this.#bye?.reason ?? "" });
  }

  /**
   * @param {number} delay milliseconds
   * @param {boolean} mayBeShortened by a wake-up; not where the server named the time
   */
  #reconnectIn(delay, mayBeShortened) {
    this.#cancelWait();
    const open = () => {
      this.#wait = null;
      this.#open();
    };
    this.#wait = { handle: this.#options.clock.setTimeout(open, delay), mayBeShortened };
  }

  #cancelWait() {
    if (this.#wait) this.#options.clock.clearTimeout(this.#wait.handle);
    this.#wait = null;
  }

  /** Let go of the socket without waiting for a close handshake that a dead network never brings. */
  #drop(mayOpen = false) {
    this.#watchdog.stop();
    const socket = this.#socket;
    this.#socket = null;
    this.#live = null;
    if (!socket) return;
    socket.onmessage = socket.onclose = socket.onerror = null;
    if (mayOpen && socket.readyState === 0) socket.onopen = () => socket.close(1000);
    else if (socket.readyState < 2) socket.close(1000);
  }
}

/** @param {number | null} seconds null: the server has no such limit */
function milliseconds(seconds) {
  return seconds === null ? NEVER_SAID_MS : seconds * 1000;
}

/** @param {unknown} text */
function parsed(text) {
  try {
    const frame = JSON.parse(String(text));
    return frame && typeof frame === "object" ? frame : null;
  } catch {
    return null; // not one of our frames; it still counts as a sign of life
  }
}
