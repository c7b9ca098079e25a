// @ts-check
import { queryString } from "./query-string.js";

/** @typedef {import("./types.js").Command} Command */

const JSON_TYPE = "application/json";

/** An answer that is not a success. `status` 0: there was none, the network failed. */
export class HttpError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {number | null} [retryAfter] seconds, where the server has named them
   * @param {string} [code] of the API's own errors
   */
  constructor(status, message, retryAfter = null, code = "") {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.retryAfter = retryAfter;
    this.code = code;
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
  locale;
  #user;
  #otherUser;

  /**
   * @param {object} options
   * @param {string} options.api where the API is, with its last slash
   * @param {Record<string, string>} options.csrf the page's CSRF token, by the header that it goes in
   * @param {typeof fetch} options.fetch
   * @param {{ language?: string, zone?: string }} options.locale in which texts are told
   * @param {string | null} options.user whose page it is: the server refuses a request as another's
   * @param {() => void} options.otherUser it has refused one
   */
  constructor({ api, csrf, fetch, locale, user, otherUser }) {
    this.#api = api;
    this.#csrf = csrf;
    this.#fetch = fetch;
    this.locale = locale;
    this.#user = user;
    this.#otherUser = otherUser;
  }

  /**
   * @param {Partial<import("./types.js").Query> & { before?: number, limit?: number }} query
   * @param {AbortSignal | null} [signal]
   * @returns {Promise<import("./types.js").Page>}
   */
  page(query, signal = null) {
    return this.#request(`${this.#api}inbox/${queryString({ ...query, ...this.locale })}`, { signal });
  }

  /**
   * @param {{ epoch?: string, since?: number }} cursor
   * @returns {Promise<import("./types.js").InboxFrame>}
   */
  changes(cursor) {
    return this.#request(`${this.#api}inbox/changes/${queryString({ ...cursor, ...this.locale })}`);
  }

  /**
   * @param {import("./types.js").Command} frame
   * @param {{ keepalive?: boolean }} [options] keepalive: let it outlive the page
   * @returns {Promise<{ ref: string, version: number }>}
   */
  mark(frame, { keepalive = false } = {}) {
    const language = queryString({ language: frame.type === "mark" ? this.locale.language : undefined });
    return this.post(`${this.#api}inbox/${frame.type}/${language}`, { body: JSON.stringify(frame), keepalive });
  }

  /**
   * What is asked of the API beside the inbox.
   *
   * @param {string} path below the API's address
   * @param {string} method
   * @param {unknown} [body] as JSON
   * @returns {Promise<any>}
   */
  ask(path, method, body) {
    const url = this.#api + path;
    return method === "GET" ? this.#request(url) : this.post(url, { method, body: JSON.stringify(body) });
  }

  /**
   * A sign-in in another tab rotates the CSRF token, so this fetches a new one.
   *
   * @param {string} url
   * @param {RequestInit} [init]
   * @returns {Promise<any>}
   */
  async post(url, init = {}) {
    const send = () => this.#request(url, { method: "POST", ...init, headers: this.#csrf });
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof HttpError) || error.code !== "csrf") throw error;
      this.#csrf = (await this.#request(`${this.#api}config/`)).csrf;
      return await send();
    }
  }

  /**
   * `X-Notify-User` is a precondition: the server refuses requests as another user (412). The API never
   * redirects and always answers JSON. Anything else comes from a middleware or a proxy that requires
   * a sign-in, and counts as 401.
   *
   * @param {string} url
   * @param {RequestInit} [init]
   * @returns {Promise<any>}
   */
  async #request(url, init = {}) {
    const headers = { Accept: JSON_TYPE, "Content-Type": JSON_TYPE, ...(this.#user && { "X-Notify-User": this.#user }), ...init.headers };
    try {
      const response = await this.#fetch(url, { ...init, headers, redirect: "manual" }); // sends cookies to its own origin
      const { ok, status } = response; // 0 for a redirect
      const said = response.headers.get("Content-Type")?.startsWith(JSON_TYPE) ? await response.json() : null;
      if (ok && (said !== null || status === 204)) return said;
      const code = said === null && status === 403 ? "csrf" : said?.error?.code; // Django's CSRF failure is an HTML page
      if (status === 412 && code === "user") this.#otherUser();
      throw new HttpError((!ok && status) || 401, url, Number(response.headers.get("Retry-After")) || null, code);
    } catch (error) {
      if (error instanceof HttpError) throw error;
      throw new HttpError(0, String(error));
    }
  }
}
