// @ts-check
import { HttpError } from "./http.js";

const AGAIN_AFTER_S = 1.5; // where the server gives no Retry-After

/**
 * @typedef {import("./types.js").Row} Row
 * @typedef {import("./types.js").Query} Query
 */

/**
 * What is shown: the inbox, or the results of a query. Results are loaded page by page over HTTP, and
 * then kept current like every row that the client holds.
 */
export class InboxView {
  #client;
  #shown = new AbortController();
  /** Null until its first page is here. */
  #edge = /** @type {number | null} */ (null);
  #resets = -1;
  #loading = false;
  /** What the server found: it may compare letters otherwise than we do. */
  #found = new Set();
  /** Unread when it was first shown: in its tab, it stays where it is while it is being read. */
  #kept = new Set();

  /**
   * @param {import("./client.js").NotifyClient} client
   * @param {Query} query
   */
  constructor(client, query) {
    this.#client = client;
    this.query = query;
  }

  get isFiltered() {
    return Boolean(this.query.category || this.query.level || this.query.q);
  }

  get #isWindow() {
    return this.query.tab === "all" && !this.isFiltered;
  }

  get isLoaded() {
    return this.#client.isLoaded && (this.#isWindow || this.#edge !== null);
  }

  get hasMore() {
    return this.#isWindow ? this.#client.hasMore : Boolean(this.#edge);
  }

  /** Whether its first page is to be asked for (again): all was replaced. */
  get isVoid() {
    return this.#client.isLoaded && !this.#isWindow && !this.#loading && this.#resets !== this.#client.resets;
  }

  /** @returns {Row[]} newest first; until its first page is here, what of the held ones matches */
  get rows() {
    if (this.#isWindow) return this.#client.notifications;
    const edge = this.#edge ?? 0;
    const rows = this.#client.rows.filter((row) => row.arrived >= edge && this.#shows(row));
    for (const { id } of rows) this.#kept.add(id);
    return rows.sort((one, other) => other.arrived - one.arrived);
  }

  /** Another is looked at: nothing more is asked for it. */
  leave() {
    this.#shown.abort();
  }

  /** @throws {import("./http.js").HttpError} */
  async load() {
    if (this.#isWindow) return;
    this.#resets = this.#client.resets;
    try {
      await this.#page({});
    } catch (error) {
      this.#edge = null; // it belonged to the replaced list
      throw error;
    }
  }

  /** @throws {import("./http.js").HttpError} */
  async loadMore() {
    if (this.#isWindow) return this.#client.loadMore();
    if (this.#loading) return;
    if (this.#edge === null) return this.load();
    if (this.#edge) await this.#page({ before: this.#edge });
  }

  /** @param {{ before?: number }} where */
  async #page(where) {
    this.#loading = true;
    try {
      const page = await this.#find({ ...this.query, ...where });
      if (!page) return;
      for (const { id } of page.notifications) this.#found.add(id);
      this.#edge = page.next ?? 0;
    } finally {
      this.#loading = false;
    }
  }

  /**
   * Retries where the server puts it off, as while earlier searches are still running.
   *
   * @param {Query & { before?: number }} query
   * @returns {Promise<import("./types.js").Page | null>} null where it came too late
   */
  async #find(query) {
    const { signal } = this.#shown;
    while (!signal.aborted) {
      try {
        return await this.#client.find(query, signal);
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof HttpError) || error.status !== 429) throw error;
        await pause(error.retryAfter ?? AGAIN_AFTER_S, signal);
      }
    }
    return null;
  }

  /** @param {Row} row */
  #shows(row) {
    if (row.recalled) return false;
    const { tab, category, level, q } = this.query;
    if (tab === "archived" ? !row.archived : row.archived) return false;
    if (tab === "unread" && row.read && !this.#kept.has(row.id)) return false;
    if (this.#found.has(row.id)) return true;
    if ((category && row.category !== category) || (level && row.level !== level)) return false;
    return `${row.title}\n${row.body}`.toLowerCase().includes(q.toLowerCase());
  }
}

/**
 * @param {number} seconds
 * @param {AbortSignal} signal ends it early
 * @returns {Promise<void>}
 */
function pause(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()));
  });
}
