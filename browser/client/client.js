// @ts-check
import { Connection } from "./connection.js";
import { HeldInbox } from "./held-inbox.js";
import { HttpFallback } from "./http-fallback.js";
import { HttpError, InboxHttp } from "./http.js";
import { SharedConnection } from "./shared-connection.js";
import { StatusKeeper } from "./status-keeper.js";

/** @typedef {import("./types.js").Marked} Marked */

const NO_EPOCH = "none"; // no real epoch, so the server answers with a reset

/**
 * @typedef {object} ClientOptions
 * @property {string} socket the WebSocket's address
 * @property {string} api the HTTP API's address, with its last slash
 * @property {Record<string, string>} [csrf] the CSRF token, by the header that it goes in
 * @property {string} [user] whose page it is, as `hello` names them: nobody else's inbox is taken,
 *   and no request is made as another user. Without it, the inbox is that of the socket's user
 * @property {{ language?: string, zone?: string }} [locale] in which texts are told; without a
 *   language, in the person's own
 * @property {import("./types.js").SocketConstructor} WebSocket
 * @property {typeof fetch} fetch
 * @property {import("./types.js").Clock} clock
 * @property {() => number} random
 * @property {string} [tab] a name for this tab that no other has: its marks are named after it
 * @property {Omit<import("./shared-connection.js").Share, "tab" | "catchUp">} [share] one socket for
 *   all tabs; without it, each has its own
 */

/**
 * A user's inbox, kept in sync with the server's. No DOM: views listen to the events
 * `notification` (a new row), `counts`, `change` (the rows), `state` (the connection), `latency`
 * (milliseconds), `refused` (a mark or an undo does not hold, or not for all:
 * `changed` is how many notifications it has changed, null where that is unknown), `figures` and `preferences` (what the
 * person wants has changed).
 */
export class NotifyClient extends EventTarget {
  #clock;
  #connection;
  #makeConnection;
  #http;
  #locale;
  /** The locale of the rows that are held. */
  #localeOfRows;
  #inbox;
  #fallback;
  /** @type {string | null} */
  #user;
  #keeper;
  #syncing = false;
  #cursorIsVoid = false;
  #counts = { unseen: 0, unread: 0, badge: 0 };
  /** The last ping of our own that measures. */
  #measuring = { id: 0, left: 0 };

  /** @param {ClientOptions} options */
  constructor({ socket, api, csrf = {}, user, locale = {}, WebSocket, fetch, clock, random, tab = "", share }) {
    super();
    this.#clock = clock;
    this.#inbox = new HeldInbox(() => clock.now(), tab && `${tab}-`);
    this.#user = user ?? null;
    this.#locale = this.#localeOfRows = locale;
    this.#http = new InboxHttp({ api, csrf, fetch, locale, user: this.#user, otherUser: () => this.#isOtherUsers() });
    this.#fallback = this.#makeFallback(clock);
    this.#keeper = new StatusKeeper({
      clock,
      changed: (status) => this.#emit("state", status),
      fallback: this.#fallback,
    });
    /** @type {Omit<import("./connection.js").ConnectionOptions, "locale">} */
    const options = {
      url: socket,
      user: this.#user,
      WebSocket,
      clock,
      random,
      cursor: () => this.#cursor(),
      isSignedIn: () => this.#isSignedIn(),
      onFrame: (frame) => this.#received(frame),
      onState: (state, detail) => this.#keeper.connectionIs(state, detail),
    };
    const catchUp = (/** @type {any} */ cursor) => (this.#isInLocale ? this.#inbox.catchUp(cursor) : null);
    this.#makeConnection = () => {
      const own = { ...options, locale: this.#locale };
      return share ? new SharedConnection(own, { ...share, tab, catchUp }) : new Connection(own);
    };
    this.#connection = this.#makeConnection();
  }

  get user() { return this.#user; }
  get epoch() { return this.#inbox.epoch; }
  get version() { return this.#inbox.version; }
  get unseen() { return this.#inbox.unseen; }
  get unread() { return this.#inbox.unread; }
  /** The bell's number: the unseen that have arrived since it was opened. */
  get badge() { return this.#inbox.badge; }
  get status() { return this.#keeper.status; }
  /** That of the rows: which language and zone their texts are in. */
  get locale() { return this.#localeOfRows; }
  /** The window, newest first, without the archived and the recalled. */
  get notifications() { return this.#inbox.shown; }
  /** Every row that is held, in no order, as far as they are known: also the archived. */
  get rows() { return this.#inbox.rows; }
  /** How often all was replaced: what was asked for before is void. */
  get resets() { return this.#inbox.resets; }
  /** Whether anything is known yet. */
  get isLoaded() { return this.#inbox.epoch !== null; }
  /** Whether there are older rows to load. */
  get hasMore() { return Boolean(this.#inbox.edge); }

  /** All that the server has said, as one frame; null where nothing is known yet. */
  get snapshot() { return this.#inbox.catchUp(null); }
  /** The marks that the server has not confirmed. */
  get unconfirmed() { return this.#inbox.marks.unconfirmed; }

  /**
   * Start from the rows in the page, or from the offline copy; what is already known and not older
   * stays.
   *
   * @param {import("./types.js").Page} page
   */
  seed({ version, ...page }) {
    const { epoch } = page;
    if (this.isLoaded && !(epoch === this.epoch && version > this.version)) return;
    this.#inbox.apply({ type: "inbox", from: 0, to: version, reset: true, ...page });
    this.#changed();
  }

  start() { this.#connection.start(); }

  /**
   * Tell all texts in this language from now on. The rows that are held are replaced by the same in it.
   *
   * @param {string} language
   */
  speak(language) {
    if (language === this.#locale.language) return;
    this.#locale = { ...this.#locale, language };
    this.#http.locale = this.#locale;
    const isEnded = ["idle", "stopped", "signed-out", "other-user"].includes(this.status.state);
    this.#connection.stop(true);
    if (!isEnded) this.#keeper.stopped();
    this.#connection = this.#makeConnection();
    if (!isEnded) this.start();
  }

  /** Nothing that is held may be shown any more. */
  forget() {
    this.#inbox.forget();
    this.#changed();
  }

  stop() {
    this.#connection.stop();
    this.#keeper.stopped();
  }

  /**
   * The page was hidden, frozen or offline and is back: check the connection at once.
   *
   * @param {import("./types.js").WakeReason} reason
   */
  wake(reason) { this.#connection.wake(reason); }

  /** Somebody may have signed in or out in another tab: ask. */
  async check() {
    if (!(await this.#isSignedIn().catch(() => true))) this.#end("signed-out");
  }

  /**
   * Mark these notifications. Shown at once; undone if the server refuses.
   *
   * @param {import("./types.js").MarkAs} as
   * @param {number[]} ids
   * @returns {Marked[]} for `undo`
   */
  mark(as, ids) {
    const made = [];
    for (let start = 0; start < ids.length; start += 500) {
      made.push(this.#mark({ as, ids: ids.slice(start, start + 500) }));
    }
    return made;
  }

  /**
   * These stood on the screen.
   *
   * @param {Set<number>} ids
   */
  see(ids) {
    this.mark("seen", this.notifications.flatMap(({ id, seen }) => (seen === null && ids.has(id) ? id : [])));
  }

  /**
   * Mark everything that has arrived by now, loaded or not.
   *
   * @param {"seen" | "read" | "archived"} as
   * @param {"through" | "through_read"} [which] `through_read`, with `archived`: only what is read
   * @returns {Marked[]} for `undo`
   */
  markAll(as, which = "through") {
    const { epoch, version } = this.#inbox;
    return epoch === null ? [] : [this.#mark({ as, epoch, [which]: version })];
  }

  /**
   * Take marks back, where nothing has changed a notification since.
   *
   * @param {Marked[]} marked
   */
  undo(marked) {
    for (const one of marked) this.#inbox.undo(one);
    this.#marked();
  }

  /** The bell was opened: what has arrived by now is off its number, seen or not. */
  opened() {
    if (this.#inbox.badge === 0) return;
    this.#inbox.opened();
    this.#marked();
  }

  /**
   * Send these again: an earlier page got no confirmation of them.
   *
   * @param {import("./types.js").Command[]} commands
   */
  resume(commands) {
    for (const command of commands) this.#inbox.resume(command);
    if (commands.length) this.#marked();
  }

  /** The page goes away: let what is not confirmed outlive it. A mark may safely arrive twice. */
  flush() {
    for (const frame of this.#inbox.marks.unconfirmed) {
      this.#http.mark(frame, { keepalive: true }).catch(() => undefined); // the page is going away
    }
  }

  /**
   * Load the next older rows.
   *
   * @throws {HttpError}
   */
  async loadMore() {
    const { edge, resets } = this.#inbox;
    if (!edge) return;
    this.#inbox.addPage(await this.#http.page({ before: edge }), resets);
    this.#changed();
  }

  /**
   * One page of a query's results. Its rows are held, and kept current, from then on.
   *
   * @param {import("./types.js").Query & { before?: number }} query
   * @param {AbortSignal | null} [signal]
   * @returns {Promise<import("./types.js").Page | null>} null where all was replaced meanwhile
   * @throws {HttpError}
   */
  async find(query, signal = null) {
    const { resets } = this.#inbox;
    const page = await this.#http.page(query, signal);
    if (!this.#inbox.learn(page, resets)) return null;
    this.#changed();
    return page;
  }

  /**
   * POST to a URL of this site that answers as the API does.
   *
   * @param {string} url
   * @returns {Promise<any>}
   * @throws {HttpError}
   */
  post(url) { return this.#http.post(url); }

  /**
   * Ask the API: `ask("preferences/")`, `ask("mutes/", "POST", { target: "actor:7" })`.
   *
   * @param {string} path
   * @param {"GET" | "POST" | "PUT" | "DELETE"} [method]
   * @param {unknown} [body]
   * @returns {Promise<any>} null where there is nothing to say
   * @throws {HttpError}
   */
  ask(path, method = "GET", body) { return this.#http.ask(path, method, body); }

  /** Measure the round trip; the answer is a `latency` event. */
  measureLatency() {
    const id = this.#connection.ping();
    if (id !== null) this.#measuring = { id, left: this.#clock.elapsed() };
  }

  /** @param {object} frame such as `watch`; false where there is no open socket */
  send(frame) { return this.#connection.send(frame); }

  /** @param {import("./types.js").Clock} clock */
  #makeFallback(clock) {
    return new HttpFallback({
      clock,
      http: this.#http,
      unconfirmed: () => this.#inbox.marks.unconfirmed,
      cursor: () => this.#cursor(),
      apply: (frame) => this.#apply(frame),
      done: (frame) => this.#done(frame),
      refused: (frame) => this.#refused(frame),
      reached: (isReached) => this.#keeper.reached(isReached),
      signedOut: () => this.#end("signed-out"),
    });
  }

  /** Somebody else is signed in: what is held is not theirs, and what was marked is not to be sent. */
  #isOtherUsers() {
    this.#end("other-user");
    this.#inbox.forget();
    this.#changed();
  }

  /** @param {"signed-out" | "other-user"} state */
  #end(state) {
    this.#connection.stop();
    this.#keeper.connectionIs(state, { failures: 0 });
  }

  /** @param {any} frame */
  #received(frame) {
    switch (frame.type) {
      case "hello": return this.#hello(frame);
      case "inbox": return this.#apply(frame);
      case "ping": return this.#pinged(frame);
      case "pong": return this.#ponged(frame.id);
      case "done": return this.#done(frame);
      case "error": return this.#refused(frame);
      case "figures": return this.#emit("figures", frame);
      case "preferences": return this.#emit("preferences", frame);
    }
  }

  /** @param {any} frame */
  #hello(frame) {
    if (this.#user !== null && this.#user !== frame.user) {
      this.#inbox.forget();
      this.#changed();
    }
    this.#user = frame.user;
    if (this.#inbox.agree(frame)) this.#changed();
    this.#syncing = this.#cursorIsVoid = false;
    if (this.#inbox.asksAgain()) this.#syncFrom(null); // this process may have the kind
    this.#inbox.marks.resend();
    this.#flushMarks();
  }

  /** @param {import("./types.js").InboxFrame} frame */
  #apply(frame) {
    const { outcome, fresh } = this.#inbox.apply(frame);
    if (outcome === "gap") return this.#sync();
    if (frame.to >= this.#inbox.version) this.#syncing = false;
    if (outcome === "ignored") return;
    this.#cursorIsVoid = false;
    if (frame.reset) this.#localeOfRows = this.#locale;
    this.#changed();
    for (const row of fresh) this.#emit("notification", row);
  }

  #sync() {
    if (this.#syncing) return;
    this.#syncFrom(this.#isInLocale ? this.#inbox.epoch : null);
  }

  /** @param {string | null} epoch null for a reset */
  #syncFrom(epoch) {
    this.#syncing = this.#connection.send({ type: "sync", epoch: epoch ?? NO_EPOCH, since: this.#inbox.version });
  }

  /** @param {{ id: number, epoch: string, version: number }} frame */
  #pinged({ id, epoch, version }) {
    const held = this.#inbox;
    this.#connection.send({ type: "pong", id, epoch: held.epoch ?? NO_EPOCH, version: held.version });
    if (epoch !== held.epoch || version > held.version || !this.#isInLocale) this.#sync();
  }

  /** @param {number} id */
  #ponged(id) {
    if (id === this.#measuring.id) this.#emit("latency", this.#clock.elapsed() - this.#measuring.left);
  }

  /** @param {Omit<import("./types.js").MarkFrame, "type" | "ref">} mark */
  #mark(mark) {
    const marked = this.#inbox.mark(mark);
    this.#marked();
    return marked;
  }

  #marked() {
    this.#changed();
    this.#flushMarks();
    this.#fallback.mark();
  }

  #flushMarks() {
    this.#inbox.marks.flush((frame) => this.#connection.send(frame));
  }

  /** @param {{ ref: string, version: number }} frame */
  #done({ ref, version }) {
    this.#inbox.done(ref, version);
    this.#changed();
    this.#flushMarks();
  }

  /** @param {{ ref?: string | null, code: string, message: string, changed?: number }} frame */
  #refused({ ref = null, code, message, changed }) {
    if (ref === null) this.#syncing = false; // it may be the `sync`; the next ping asks again
    const refused = this.#inbox.refuse(ref);
    if (!refused) return;
    const { frame: mark, again } = refused;
    this.#changed();
    if (mark.type !== "opened") this.#emit("refused", { mark, code, message, changed: again ? null : changed ?? 0 });
    this.#flushMarks();
  }

  #changed() {
    const { unseen, unread, badge } = this.#inbox;
    const held = this.#counts;
    if (unseen !== held.unseen || unread !== held.unread || badge !== held.badge) {
      this.#counts = { unseen, unread, badge };
      this.#emit("counts", this.#counts);
    }
    this.#emit("change", null);
  }

  #cursor() {
    const { epoch, version } = this.#inbox;
    return epoch === null || this.#cursorIsVoid || !this.#isInLocale ? null : { epoch, since: version };
  }

  get #isInLocale() { return this.#localeOfRows === this.#locale; }

  /** After 4401. An inbox of another epoch may be another user's: no cursor then. */
  async #isSignedIn() {
    try {
      const page = await this.#http.page({ limit: 1 });
      this.#cursorIsVoid = page.epoch !== this.#inbox.epoch;
      return true;
    } catch (error) {
      if (error instanceof HttpError && error.notAllowed) return false;
      throw error;
    }
  }

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
