// @ts-check
import { messages } from "../page/messages.js";

/** @typedef {import("../client/types.js").Row} Row */

/**
 * Keeps the list still while it is being read, or rows are selected: arrivals are held behind a
 * pill, "3 new", unless the top of the list is on the screen and not hovered.
 */
export class NewRows {
  #list;
  #pill;
  #isScrolled;
  /** What arrived above it waits. */
  #newest = Infinity;

  /**
   * @param {object} options
   * @param {HTMLElement} options.list
   * @param {HTMLElement} options.pill
   * @param {() => void} options.shown called when it was pressed
   * @param {() => boolean} [options.isScrolled] whether the list's top has left the screen
   */
  constructor({ list, pill, shown, isScrolled = () => isAbove(list) }) {
    this.#list = list;
    this.#pill = pill;
    this.#isScrolled = isScrolled;
    pill.addEventListener("click", () => {
      this.release();
      shown();
    });
  }

  /** Let in all that is there at the next `admitted`. */
  release() {
    this.#newest = Infinity;
  }

  /**
   * @param {Row[]} rows newest first
   * @returns {Row[]} those to be shown now
   */
  admitted(rows) {
    if (!this.#isBeingRead) this.#newest = Infinity;
    const shown = rows.filter((row) => row.arrived <= this.#newest);
    const waiting = rows.length - shown.length;
    this.#pill.hidden = waiting === 0;
    if (waiting) this.#pill.textContent = messages.fresh(waiting);
    if (this.#newest === Infinity) this.#newest = rows[0]?.arrived ?? Infinity;
    return shown;
  }

  get #isBeingRead() {
    if (!this.#list.firstElementChild) return false;
    // Cheap checks first: these need no layout.
    if (this.#list.matches(":hover") || this.#pill.matches(":hover") || this.#list.querySelector(":focus-visible, [data-selected]") !== null) return true;
    return this.#isScrolled();
  }
}

/** @param {HTMLElement} list */
function isAbove(list) {
  return scrollY > innerHeight / 4 || (list.firstElementChild?.getBoundingClientRect().bottom ?? 0) < 0;
}
