// @ts-check
import { write } from "../page/dom.js";
import { inboxMessages } from "../page/inbox-messages.js";
import { setShown } from "../page/keep-focus.js";

/** What an inbox says in place of rows, below them, and about a search. */
export class InboxStates {
  #element;
  #heirs;

  /**
   * @param {import("./client-element.js").ClientElement} element
   * @param {{ rows: () => void, search: () => void }} heirs where the focus goes on that was in what has gone
   */
  constructor(element, heirs) {
    this.#element = element;
    this.#heirs = heirs;
  }

  /**
   * @param {import("./view-loader.js").ViewLoader} loader
   * @param {number} count of rows
   */
  drawEnd({ view, hasFailed, isLoading }, count) {
    const { isLoaded, hasMore, isFiltered, query } = view;
    const nothing = isLoaded && count === 0 && !hasMore;
    const isArchive = query.tab === "archived";
    this.#find(".empty").hidden = !nothing || isFiltered;
    this.#write(".empty .lead", isArchive ? inboxMessages.noneArchived : inboxMessages.caughtUp);
    this.#write(".empty .hint", isArchive ? inboxMessages.archivedHint : inboxMessages.caughtUpHint);
    setShown(this.#find(".nothing"), nothing && isFiltered, this.#heirs.search);
    this.#write(".nothing .hint", inboxMessages.searched[query.tab]());
    setShown(this.#find(".more"), hasMore || (hasFailed && count > 0), this.#heirs.rows);
    this.#find(".load-more").ariaDisabled = isLoading ? "true" : null; // and not `disabled`: the focus stays
    this.#write(".more-text", isLoading && isLoaded ? inboxMessages.loading : hasFailed ? inboxMessages.moreFailed : "");
  }

  /**
   * What came of a search; to screen readers also why there is nothing.
   *
   * @param {import("./view-loader.js").ViewLoader} loader
   * @param {number} count of rows
   * @param {boolean} failed whether that is said in the list's place
   */
  drawResults({ view, hasFailed }, count, failed) {
    const isWritten = failed || (count === 0 && view.isLoaded);
    this.#find(".results").toggleAttribute("data-quiet", isWritten);
    this.#write(".results", failed ? this.#why() : view.isFiltered ? this.#found(view, count, hasFailed) : "");
  }

  /**
   * @param {import("../client/inbox-view.js").InboxView} view
   * @param {number} count
   * @param {boolean} hasFailed
   */
  #found({ isLoaded, hasMore }, count, hasFailed) {
    if (isLoaded) return inboxMessages.results(count, hasMore);
    return hasFailed ? inboxMessages.heldResults(count, this.#element.client.rows.length) : inboxMessages.searching;
  }

  #why() {
    return `${this.#find(".failed .lead").textContent}. ${this.#find(".failed-text").textContent}`;
  }

  /** @param {string} selector */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.#element.find(selector));
  }

  /**
   * @param {string} selector
   * @param {string} text
   */
  #write(selector, text) {
    write(this.#find(selector), text);
  }
}
