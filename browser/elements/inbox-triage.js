// @ts-check
import { clone, part, write } from "../page/dom.js";
import { setShown } from "../page/keep-focus.js";
import { messages } from "../page/messages.js";
import { triageMessages } from "../page/triage-messages.js";
import { RowSelection } from "./row-selection.js";

/** @typedef {import("../client/types.js").Row} Row */

/** Selecting rows of an inbox, the bar that says how many and acts on all, and archiving what is read. */
export class InboxTriage {
  #element;
  #rows;
  #marks;
  #heir;
  #selection = new RowSelection();
  /** @type {WeakMap<Element, HTMLInputElement>} by row */
  #boxes = new WeakMap();

  /**
   * @param {import("./client-element.js").ClientElement} element
   * @param {object} parts
   * @param {import("./row-list.js").RowList} parts.rows
   * @param {import("./inbox-marks.js").InboxMarks} parts.marks
   * @param {() => void} parts.heir moves the focus to where it goes on once the bar is gone
   */
  constructor(element, { rows, marks, heir }) {
    this.#element = element;
    this.#rows = rows;
    this.#marks = marks;
    this.#heir = heir;
    element.listen(this.#find(".rows"), ["click"], (event) => this.#pressed(event));
    element.listen(this.#find(".triage-read"), ["click"], () => this.toggleRead());
    element.listen(this.#find(".triage-archive"), ["click"], () => this.archive());
    element.listen(this.#find(".triage-clear"), ["click"], () => this.clear());
    element.listen(this.#find(".archive-read"), ["click"], (event) => {
      event.preventDefault(); // it belongs to a form that works without JavaScript
      marks.archiveRead();
    });
    this.#drawBar([]); // a copy of the page may have kept one
  }

  /** The row that has the focus; false where none has it. */
  toggle() {
    const row = this.#rows.focused?.row;
    if (row) this.#selection.toggle(row.id);
    this.draw();
    return row !== undefined;
  }

  /**
   * Takes the focus to the next row (1) or the previous one (-1), and the selection with it.
   *
   * @param {1 | -1} step
   * @returns {boolean} false where no row has the focus
   */
  extend(step) {
    const from = this.#rows.focused?.row;
    if (!from) return false;
    this.#rows.move(step);
    this.#selection.extend(from.id, this.#rows.focused?.row.id ?? from.id);
    this.draw();
    return true;
  }

  /** @returns {boolean} whether anything was selected, as of the next three */
  clear() {
    const had = this.#selection.clear();
    if (had) this.draw();
    return had;
  }

  archive() {
    return this.#act((rows) => this.#marks.archive(...rows));
  }

  /** Archived rows stay read, and selected. */
  toggleRead() {
    return areArchived(this.#selected) || this.#act((rows) => this.#marks.toggleRead(...rows));
  }

  /** After the rows. */
  draw() {
    const elements = /** @type {HTMLElement[]} */ ([...this.#find(".rows").children]);
    this.#selection.follow(elements.map(({ dataset }) => Number(dataset.id)));
    for (const element of elements) {
      const isSelected = this.#selection.has(Number(element.dataset.id));
      this.#boxOf(element).checked = isSelected;
      if (element.hasAttribute("data-selected") === isSelected) continue;
      element.toggleAttribute("data-selected", isSelected);
      if (isSelected) element.setAttribute("aria-describedby", "selected");
      else element.removeAttribute("aria-describedby");
    }
    this.#drawBar(this.#selected);
  }

  /**
   * Not where other rows are looked at than it would archive.
   *
   * @param {import("../client/inbox-view.js").InboxView} view
   */
  drawArchiveRead({ isFiltered, query }) {
    const { hasMore, notifications } = this.#element.client;
    const hasRead = hasMore || notifications.some(({ read }) => read);
    setShown(this.#find(".archive-read"), hasRead && !isFiltered && query.tab !== "archived", this.#heir);
  }

  /** @param {Row[]} rows */
  #drawBar(rows) {
    const isArchive = areArchived(rows);
    this.#find(".triage").toggleAttribute("data-shown", rows.length > 0);
    write(this.#find(".triage-text"), rows.length ? triageMessages.selected(rows.length) : "");
    setShown(this.#find(".triage-buttons"), rows.length > 0, this.#heir);
    if (rows.length === 0) return;
    setShown(this.#find(".triage-read"), !isArchive, this.#heir); // archived rows stay read
    write(this.#find(".triage-read"), rows.every(({ read }) => read) ? triageMessages.unread : triageMessages.read);
    write(this.#find(".triage-archive"), isArchive ? messages.unarchive : messages.archive);
  }

  /** As they are now, which may be later than they were drawn. */
  get #selected() {
    return this.#selection.size ? this.#element.client.rows.filter(({ id }) => this.#selection.has(id)) : [];
  }

  /** @param {(rows: Row[]) => void} deed */
  #act(deed) {
    const rows = this.#selected;
    if (!this.clear()) return false;
    deed(rows);
    return true;
  }

  /** @param {MouseEvent} event */
  #pressed({ target, shiftKey }) {
    const row = this.#rows.at(target);
    if (!row || this.#boxes.get(row.element) !== target) return;
    if (shiftKey) this.#selection.toggleTo(row.row.id);
    else this.#selection.toggle(row.row.id);
    this.draw();
  }

  /** @param {HTMLElement} row */
  #boxOf(row) {
    const held = this.#boxes.get(row);
    if (held) return held;
    const made = part(clone(/** @type {ShadowRoot} */ (this.#element.shadowRoot), "select"), "label");
    const box = /** @type {HTMLInputElement} */ (part(made, "input"));
    box.setAttribute("aria-labelledby", `select-row row-${row.dataset.id}`);
    box.tabIndex = row.tabIndex;
    row.prepend(made);
    this.#boxes.set(row, box);
    return box;
  }

  /** @param {string} selector */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.#element.find(selector));
  }
}

/** @param {Row[]} rows */
function areArchived(rows) {
  return rows.length > 0 && rows.every(({ archived }) => archived);
}
