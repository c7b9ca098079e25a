// @ts-check
import { Connection } from "./connection.js";
import { LeaderWatch } from "./leader-watch.js";

/**
 * @typedef {import("./connection.js").ConnectionOptions} ConnectionOptions
 * @typedef {{ epoch: string, since: number } | null} Cursor
 *
 * @typedef {object} Share What a browser gives its tabs to share with.
 * @property {Pick<LockManager, "request">} locks
 * @property {new (name: string) => Pick<BroadcastChannel, "postMessage" | "close" | "onmessage">} Channel
 * @property {string} tab a name for this tab that no other has
 * @property {() => boolean} isVisible whether this tab is the one that is looked at
 * @property {(cursor: Cursor) => import("./types.js").InboxFrame | null} catchUp what happened
 *   since, as far as this tab knows; null where there is nothing newer
 */

/**
 * One socket for all of a user's tabs in a browser, with the interface of a Connection. The names of
 * lock and channel contain user and locale, so tabs left open by another user, and those in another
 * language, form their own group. The tab
 * that holds the lock leads: it has the socket and relays frames. The browser releases the lock of a
 * tab that is closed or has crashed, and the next tab leads. A visible tab steals the lock of a
 * frozen one, whose socket is closed when it wakes. Frames apply in any tab: each says from which
 * version it starts, so a follower that missed one asks the leader for the rest, and a duplicate
 * changes nothing.
 */
export class SharedConnection {
  #options;
  #share;
  #name;
  /** @type {InstanceType<Share["Channel"]> | null} */
  #channel = null;
  /** @type {Connection | null} while this tab leads */
  #own = null;
  #waiting = new AbortController();
  /** @type {() => void} */
  #release = () => undefined;
  #watch;
  /** When the present leader began to lead: what one of before still says counts no more. */
  #term = 0;
  /** @type {{ state: any, detail: any } | null} what the leader last said of its connection */
  #state = null;
  #hello = null;
  #pings = 0;
  /** @type {Map<string, Set<string>>} while this tab leads: the tabs that watch a topic */
  #watching = new Map();

  /**
   * @param {ConnectionOptions} options
   * @param {Share} share
   */
  constructor(options, share) {
    this.#options = options;
    this.#share = share;
    const { language = "", zone = "" } = options.locale;
    this.#name = `notify 3 ${options.url} ${options.user ?? ""} ${language} ${zone}`;
    this.#watch = new LeaderWatch({
      clock: options.clock,
      isVisible: share.isVisible,
      ask: () => this.#say({ ask: true }),
      lost: () => this.#queueUp({ steal: true }),
    });
  }

  get isLeader() { return this.#own !== null; }

  start() {
    if (this.#own) return this.#own.start();
    if (this.#channel) return this.#say({ start: true });
    this.#channel = new this.#share.Channel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#heard(data);
    this.#options.onState("connecting", { failures: 0 });
    this.#follow();
  }

  /** @param {boolean} [isReplaced] */
  stop(isReplaced) {
    if (this.#channel && !this.#own) this.#say({ leave: true });
    this.#waiting.abort();
    this.#watch.stop();
    this.#own?.stop(isReplaced);
    this.#own = null;
    this.#release();
    this.#channel?.close();
    this.#channel = this.#state = this.#hello = null;
  }

  /**
   * @param {any} frame
   * @returns {boolean} whether it was given to an open socket, or to the tab that has one
   */
  send(frame) {
    if (this.#own) return this.#pass(this.#own, this.#share.tab, frame);
    if (this.#state?.state !== "live") return false;
    if (frame.type !== "pong") this.#say({ send: frame }); // the leader answers pings for all tabs
    return true;
  }

  /** @returns {number | null} the id of the ping, null where there is no open socket */
  ping() {
    if (this.#own) return this.#own.ping();
    this.#pings += 1;
    const id = 2 ** 32 + Math.floor(this.#options.random() * 2 ** 20) * 2 ** 20 + this.#pings;
    return this.send({ type: "ping", id }) ? id : null;
  }

  /** @param {import("./types.js").WakeReason} reason */
  wake(reason) {
    if (this.#own) return this.#own.wake(reason);
    this.#say({ wake: reason });
    if (this.#channel) this.#watch.look();
  }

  #follow() {
    this.#queueUp({});
    this.#say({ join: this.#options.cursor() });
    this.#watch.look();
  }

  /**
   * Leads once the lock is free, or at once.
   *
   * @param {{ steal?: boolean }} how
   */
  #queueUp(how) {
    this.#waiting.abort();
    this.#waiting = new AbortController();
    const { signal } = this.#waiting;
    const options = how.steal ? how : { signal };
    this.#share.locks.request(this.#name, options, () => this.#lead(signal)).catch((error) => {
      if (error.name === "AbortError") return this.#stolen(signal);
      return this.#lead(signal); // no Web Locks for this page, as where site data is blocked
    });
  }

  /** @param {AbortSignal} signal of the request that has lost its lock; aborted where we gave it up */
  #stolen(signal) {
    if (signal.aborted) return;
    this.#own?.stop();
    this.#own = this.#state = this.#hello = null;
    this.#follow();
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<void>} ends when this tab leads no longer
   */
  #lead(signal) {
    if (signal.aborted) return Promise.resolve();
    this.#watch.stop();
    this.#watching.clear();
    this.#term = Math.max(this.#options.clock.now(), this.#term + 1); // the system clock may be set back
    this.#own = new Connection({
      ...this.#options,
      onFrame: (frame) => {
        if (frame.type === "hello") this.#hello = frame;
        this.#tell({ frame });
        this.#options.onFrame(frame);
      },
      onState: (state, detail) => {
        this.#state = { state, detail };
        this.#tell(this.#state);
        this.#options.onState(state, detail);
      },
    });
    this.#own.start();
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** @param {any} message */
  #heard(message) {
    if (message.to !== undefined && message.to !== this.#share.tab) return;
    if (this.#own) return this.#asked(this.#own, message);
    if (!(message.term >= this.#term)) return; // from another follower, or a former leader
    this.#term = message.term;
    this.#watch.heard();
    if (message.frame) this.#options.onFrame(message.frame);
    else if (message.state) {
      this.#state = message;
      this.#options.onState(message.state, message.detail);
    }
  }

  /**
   * Handles a follower's request.
   *
   * @param {Connection} own
   * @param {any} message
   */
  #asked(own, { from, ask, join, send, start, wake, leave }) {
    if (ask) this.#tell({ to: from });
    else if (join !== undefined) this.#welcome(from, join);
    else if (send?.type === "sync") this.#catchUp(from, send);
    else if (send) this.#pass(own, from, send);
    else if (start) own.start();
    else if (wake) own.wake(wake);
    else if (leave) for (const topic of this.#watching.keys()) this.#pass(own, from, { type: "unwatch", topic });
  }

  /**
   * Sends a frame of a tab, but for the end of a watch while another tab watches the same.
   *
   * @param {Connection} own
   * @param {string} tab
   * @param {any} frame
   * @returns {boolean} whether there is an open socket
   */
  #pass(own, tab, frame) {
    const { type, topic } = frame;
    const tabs = this.#watching.get(topic) ?? new Set();
    if (type === "watch") this.#watching.set(topic, tabs.add(tab));
    if (type !== "unwatch") return own.send(frame);
    tabs.delete(tab);
    if (tabs.size > 0) return this.#state?.state === "live";
    this.#watching.delete(topic);
    return own.send(frame);
  }

  /**
   * @param {string} to
   * @param {Cursor} cursor
   */
  #welcome(to, cursor) {
    this.#tell({ to, ...this.#state }); // first, as a connection says it: at the hello, marks are sent
    if (this.#state?.state === "live" && this.#hello) this.#tell({ to, frame: this.#hello });
    if (this.#hello) this.#catchUp(to, cursor);
  }

  /**
   * @param {string} to
   * @param {Cursor} cursor
   */
  #catchUp(to, cursor) {
    const frame = this.#share.catchUp(cursor);
    if (frame) this.#tell({ to, frame });
  }

  /** @param {object} message as a leader */
  #tell(message) {
    this.#say({ term: this.#term, ...message });
  }

  /** @param {object} message */
  #say(message) {
    this.#channel?.postMessage({ from: this.#share.tab, ...message });
  }
}
