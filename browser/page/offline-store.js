// @ts-check
import { isKeptUser } from "./kept-user.js";
import { pageConfig } from "./page-config.js";

const DATABASE = "notify"; // kept-user.js deletes it by this name
const SAVED_EVERY_MS = 500;
const MOST_ROWS = 200;
const IN_ORDER = new Intl.Collator("en", { numeric: true }); // "m9" before "m10"

/**
 * @typedef {import("../client/client.js").NotifyClient} Client
 * @typedef {{ user: string, locale: string, at: number, page: import("../client/types.js").Page }} Kept `at`: milliseconds since 1970
 * @typedef {{ user: string, mark: import("../client/types.js").Command }} KeptMark
 */

/** @type {WeakMap<Client, Promise<number | null>>} */
const kept = new WeakMap();

/**
 * Stores the last inbox in this browser for reading offline, and unconfirmed marks for sending when
 * the network is back. One store per page, however many elements ask for it.
 *
 * @param {Client} client
 * @returns {Promise<number | null>} when what was kept was current, milliseconds since 1970; null
 *   where there was none, or the browser stores nothing
 */
export function keepOffline(client) {
  const known = kept.get(client);
  if (known) return known;
  const store = new OfflineStore(client);
  const begun = store.begin().catch(() => null); // a private window, or a full disk
  kept.set(client, begun);
  return begun;
}

class OfflineStore {
  #client;
  #user = pageConfig().user;
  /** The keys in the database of marks that are in this page's hands. */
  #mine = /** @type {Set<string>} */ (new Set());
  #timer = 0;

  /** @param {Client} client */
  constructor(client) {
    this.#client = client;
  }

  async begin() {
    const at = await this.#restore();
    this.#client.addEventListener("change", () => {
      this.#timer ||= window.setTimeout(() => this.#save(), SAVED_EVERY_MS);
    });
    addEventListener("pagehide", () => this.#save());
    this.#save();
    return at;
  }

  /** Of the rows that are held: another tab may have changed the language of this one. */
  get #locale() {
    const { language, zone } = this.#client.locale;
    return `${language} ${zone}`;
  }

  async #restore() {
    const database = await opened();
    const { last, marks } = await read(database);
    database.close();
    const isOurs = last?.user === this.#user && last.locale === this.#locale;
    if (isOurs) this.#client.seed(last.page);
    const mine = marks.filter(({ user }) => user === this.#user).map(({ mark }) => mark);
    this.#mine = new Set(mine.map(({ ref }) => ref));
    this.#client.resume(mine.sort((one, other) => IN_ORDER.compare(one.ref, other.ref)));
    return isOurs ? last.at : null;
  }

  #save() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    // A tab left open by the previous user must not write into the next user's copy.
    if (!isKeptUser(this.#user)) return;
    if (this.#client.status.state === "signed-out") return;
    void this.#write().catch(() => undefined); // the next change tries again
  }

  async #write() {
    const { snapshot } = this.#client;
    if (!snapshot) return;
    const unconfirmed = this.#client.unconfirmed.filter(({ type }) => type !== "opened"); // the next page opens the bell anew
    const database = await opened();
    const transaction = database.transaction(["inbox", "marks"], "readwrite");
    const [inbox, marks] = [transaction.objectStore("inbox"), transaction.objectStore("marks")];
    for (const ref of this.#mine) marks.delete(ref);
    this.#mine = new Set(unconfirmed.map(({ ref }) => ref));
    for (const mark of unconfirmed) marks.put({ user: this.#user, mark }, mark.ref);
    const last = inbox.get("last");
    last.onsuccess = () => {
      if (isNewer(last.result, this.#record(snapshot))) inbox.put(this.#record(snapshot), "last");
    };
    transaction.oncomplete = transaction.onabort = () => database.close();
  }

  /**
   * @param {import("../client/types.js").InboxFrame} snapshot
   * @returns {Kept}
   */
  #record({ epoch, to, unseen, unread, badge, notifications, next = null }) {
    const rows = notifications.slice(0, MOST_ROWS);
    const edge = rows.length < notifications.length ? (rows.at(-1)?.arrived ?? null) : next;
    const page = { epoch, version: to, unseen, unread, badge, notifications: rows, next: edge };
    return { user: this.#user, locale: this.#locale, at: this.#asOf(), page };
  }

  /** Until when what is held was kept current. */
  #asOf() {
    const { state, since } = this.#client.status;
    return state === "live" || state === "polling" ? Date.now() : since;
  }
}

/**
 * Whether this tab is not behind, which must not overwrite what another tab has stored.
 *
 * @param {Kept | undefined} last
 * @param {Kept} ours
 */
function isNewer(last, { user, locale, page }) {
  if (last?.user !== user || last.locale !== locale || last.page.epoch !== page.epoch) return true;
  return page.version >= last.page.version;
}

/** @returns {Promise<IDBDatabase>} to be closed at once after use: an open one holds up its deletion */
function opened() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("inbox");
    request.result.createObjectStore("marks");
  };
  return answered(request);
}

/**
 * @param {IDBDatabase} database
 * @returns {Promise<{ last: Kept | undefined, marks: KeptMark[] }>}
 */
async function read(database) {
  const transaction = database.transaction(["inbox", "marks"]);
  const marks = transaction.objectStore("marks");
  const [last, all] = await Promise.all([
    answered(transaction.objectStore("inbox").get("last")),
    answered(marks.getAll()),
  ]);
  return { last, marks: all };
}

/**
 * @template Result
 * @param {IDBRequest<Result>} request
 * @returns {Promise<Result>}
 */
function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
