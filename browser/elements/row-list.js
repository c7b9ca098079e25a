// @ts-check
import { RowView } from "./row-view.js";

/** @typedef {import("../client/types.js").Row} Row */

/** The rows in a list element: moves, adds and removes only what changed, and keeps the focus. */
export class RowList {
  #list;
  #templates;
  #intents;
  #watcher;
  /** @type {Map<number, RowView>} */
  #views = new Map();
  #newest = Infinity;
  /** @type {RowView | null} the one row that Tab leads to */
  #stop = null;
  /** How many there are, as it was last said. */
  #total = NaN;

  /**
   * @param {object} options
   * @param {HTMLElement} options.list an element with role `feed`; rows from the server stay in it
   * @param {ShadowRoot} options.templates
   * @param {import("./row-view.js").RowIntents} options.intents
   * @param {import("./seen-watcher.js").SeenWatcher} [options.watcher]
   */
  constructor({ list, templates, intents, watcher }) {
    this.#list = list;
    this.#templates = templates;
    this.#intents = intents;
    this.#watcher = watcher;
    list.addEventListener("focusin", ({ target }) => this.#tabStopAt(this.at(target)));
  }

  /** The row that has the focus, or null. */
  get focused() {
    return this.at(this.#templates.activeElement);
  }

  /**
   * The row that this is part of, or null.
   *
   * @param {EventTarget | null} target
   */
  at(target) {
    const row = target instanceof Element ? target.closest("article") : null;
    return (row && this.#views.get(Number(row.dataset.id))) ?? null;
  }

  /**
   * Moves the focus to the next row (1) or the previous one (-1), or to the first or last (±Infinity);
   * from outside, to the row that had it last, or the first.
   *
   * @param {number} step
   * @returns {boolean} false where there is no row
   */
  move(step) {
    const from = this.focused?.element;
    const { firstElementChild, lastElementChild } = this.#list;
    let to = from ? (step > 0 ? from.nextElementSibling : from.previousElementSibling) : this.#stop?.element;
    if (!Number.isFinite(step)) to = step > 0 ? lastElementChild : firstElementChild;
    if (to instanceof HTMLElement) to.focus();
    return firstElementChild !== null;
  }

  /**
   * @param {Row[]} rows newest first
   * @param {boolean} isLoaded whether a row that comes after these is news
   * @param {boolean} [isAll] whether there are no others to load
   */
  draw(rows, isLoaded, isAll = false) {
    let hasMoved = this.#removeAllBut(new Set(rows.map(({ id }) => id)));
    /** @type {Element | null} */
    let place = this.#list.firstElementChild;
    for (const row of rows) {
      const { element } = this.#viewOf(row);
      if (element === place) {
        place = place.nextElementSibling;
        continue;
      }
      this.#list.insertBefore(element, place);
      hasMoved = true;
    }
    while (place) {
      hasMoved = true;
      const next = /** @type {Element} */ (place).nextElementSibling;
      place.remove(); // rendered by the server, and removed since
      place = next;
    }
    const total = isAll ? rows.length : -1;
    if (hasMoved || total !== this.#total) this.#number(total);
    this.#newest = isLoaded ? (rows[0]?.arrived ?? 0) : Infinity;
  }

  drawTimes() {
    for (const view of this.#views.values()) view.drawTime();
  }

  /** @param {Row} row */
  #viewOf(row) {
    const held = this.#views.get(row.id);
    if (held) {
      held.update(row);
      return held;
    }
    const drawn = /** @type {HTMLElement | null} */ (this.#list.querySelector(`[data-id="${row.id}"]`));
    const view = new RowView(row, this.#templates, this.#intents, drawn);
    view.element.classList.toggle("fresh", row.arrived > this.#newest);
    this.#views.set(row.id, view);
    this.#watcher?.watch(view.element, row.id);
    return view;
  }

  /**
   * Sets each row's position, as the ARIA feed pattern requires.
   *
   * @param {number} total -1: unknown
   */
  #number(total) {
    this.#total = total;
    let position = 0;
    for (const element of this.#list.children) {
      position += 1;
      if (element.ariaPosInSet !== String(position)) element.ariaPosInSet = String(position);
      if (element.ariaSetSize !== String(total)) element.ariaSetSize = String(total);
    }
    if (!this.#stop) this.#tabStopAt(this.at(this.#list.firstElementChild));
  }

  /** @param {RowView | null} view the one that Tab leads to from now on */
  #tabStopAt(view) {
    if (!view || view === this.#stop) return;
    if (this.#stop) this.#stop.isTabStop = false;
    view.isTabStop = true;
    this.#stop = view;
  }

  /**
   * @param {Set<number>} ids
   * @returns {boolean} whether there were others
   */
  #removeAllBut(ids) {
    const before = this.#views.size;
    for (const [id, view] of this.#views) {
      if (ids.has(id)) continue;
      const { element } = view;
      if (view === this.#stop) this.#stop = null;
      const neighbour = this.#neighbourOfFocus(element, ids);
      this.#watcher?.forget(element);
      this.#views.delete(id);
      element.remove();
      neighbour?.element.focus();
    }
    return this.#views.size < before;
  }

  /**
   * Where the focus goes when its row is removed: to the next row, else the previous one.
   *
   * @param {HTMLElement} element
   * @param {Set<number>} staying
   */
  #neighbourOfFocus(element, staying) {
    if (!element.contains(this.#templates.activeElement)) return null;
    const rows = [...this.#views.values()];
    rows.sort((one, other) => other.row.arrived - one.row.arrived);
    const at = rows.findIndex((view) => view.element === element);
    const others = [...rows.slice(at + 1), ...rows.slice(0, at).reverse()];
    return others.find((view) => staying.has(view.row.id)) ?? null;
  }
}
