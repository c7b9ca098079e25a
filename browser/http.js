// @ts-check
import { FOR_USER, OTHER_USER } from "./page-config.js";

/** @typedef {import("./types.js").MarkFrame} MarkFrame */

/** An answer that is not a success. `status` 0: there was none, the network failed. */
export class HttpError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {number | null} [retryAfter] seconds, where the server has named them
   */
  constructor(status, message, retryAfter = null) {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** The request itself was refused: trying it again would not help. */
  get refused() {
    return [400, 403, 404, 409, 413, 422].includes(this.status);
  }

  get notAllowed() {
    return this.status === 401 || this.status === 403;
  }
}

/** The same state over HTTP. */
export class InboxHttp {
  #api;
  #csrf;
  #fetch;
  #user;
  #otherUser;

  /**
   * @param {object} options
   * @param {string} options.api where the API is, with its last slash
   * @param {string} options.csrf the page's CSRF token
   * @param {typeof fetch} options.fetch
   * @param {string | null} options.user whose page it is: the server refuses a request as another's
   * @param {() => void} options.otherUser it has refused one
   */
  constructor({ api, csrf, fetch, user, otherUser }) {
    this.#api = api;
    this.#csrf = csrf;
    this.#fetch = fetch;
    this.#user = user;
    this.#otherUser = otherUser;
  }

  /**
   * @param {Partial<import("./types.js").Query> & { before?: number, limit?: number }} query
   * @param {AbortSignal | null} [signal]
   * @returns {Promise<import("./types.js").Page>}
   */
  page(query, signal = null) {
    return this.#request(`inbox/${queryString(query)}`, { signal });
  }

  /**
   * @param {{ epoch?: string, since?: number }} cursor
   * @returns {Promise<import("./types.js").InboxFrame>}
   */
  changes(cursor) {
    return this.#request(`inbox/changes/${queryString(cursor)}`);
  }

  /**
   * @param {MarkFrame} frame
   * @param {{ keepalive?: boolean }} [options] keepalive: let it outlive the page
   * @returns {Promise<{ ref: string, version: number }>}
   */
  mark(frame, { keepalive = false } = {}) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.#csrf };
    return this.#request("inbox/mark/", { method: "POST", body: JSON.stringify(frame), headers, keepalive });
  }

  /**
   * @param {string} path
   * @param {RequestInit} [init]
   * @returns {Promise<any>}
   */
  async #request(path, init = {}) {
    const headers = { Accept: "application/json", ...(this.#user && { [FOR_USER]: this.#user }), ...init.headers };
    try {
      const response = await this.#fetch(this.#api + path, { ...init, headers, credentials: "same-origin" });
      if (response.status === OTHER_USER) this.#otherUser();
      if (!response.ok) throw new HttpError(response.status, `${path}: ${response.status}`, Number(response.headers.get("Retry-After")) || null);
      return await response.json();
    } catch (error) {
      if (error instanceof HttpError) throw error;
      throw new HttpError(0, `${path}: ${error}`);
    }
  }
}

/** @param {Record<string, string | number | undefined>} query */
function queryString(query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text && `?${text}`;
}
