// @ts-check
import { HttpError } from "../client/http.js";
import { InboxView } from "../client/inbox-view.js";

const AGAIN_MS = 10_000;

/** Loads what a view shows, page by page; what failed is tried again by itself. */
export class ViewLoader {
  #element;
  #drawSoon;
  #view;
  #timer = 0;
  /** Whether a request for the shown view is under way, and whether the last one has failed. */
  isLoading = false;
  hasFailed = false;

  /**
   * @param {import("./client-element.js").ClientElement} element
   * @param {import("../client/types.js").Query} query
   * @param {() => void} drawSoon
   */
  constructor(element, query, drawSoon) {
    this.#element = element;
    this.#drawSoon = drawSoon;
    this.#view = new InboxView(element.client, query);
    const again = () => void (this.hasFailed && this.#retry());
    element.listen(element.client, ["state"], () => element.client.status.state === "live" && again());
    element.listen(window, ["online"], again);
    element.connected.signal.addEventListener("abort", () => this.#view.leave());
  }

  get view() {
    return this.#view;
  }

  /** @param {import("../client/types.js").Query} query another tab or filter */
  show(query) {
    this.#view.leave();
    this.#view = new InboxView(this.#element.client, query);
    this.isLoading = this.hasFailed = false;
    clearTimeout(this.#timer);
  }

  /** Asks for the first page where it is not here. */
  loadFirst() {
    if (this.#view.isVoid) void this.#trying((view) => view.load());
  }

  /** The next page, where all that was here is archived and there is more: what is left is not on a button. */
  loadRest() {
    const { hasMore, isFiltered } = this.#view;
    if (hasMore && !isFiltered && !this.hasFailed && this.#element.client.unconfirmed.length === 0) void this.loadMore();
  }

  /** The next page; or the first once more, where it has failed. */
  async loadMore() {
    if (!this.isLoading) await this.#trying((view) => view.loadMore());
  }

  /** @param {(view: InboxView) => Promise<void>} request */
  async #trying(request) {
    const view = this.#view;
    this.isLoading = true;
    this.#drawSoon();
    const failed = await request(view).catch((error) => error);
    if (view !== this.#view) return;
    this.isLoading = false;
    this.hasFailed = Boolean(failed);
    this.#drawSoon();
    if (failed && !(failed instanceof HttpError)) throw failed;
    clearTimeout(this.#timer);
    if (failed) this.#timer = this.#element.later(() => this.#retry(), AGAIN_MS);
  }

  #retry() {
    if (navigator.onLine && this.hasFailed && document.visibilityState === "visible") void this.loadMore();
  }
}
