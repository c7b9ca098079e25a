// @ts-check
import { categoryIcon, categoryLabel } from "../page/categories.js";
import { clone, part } from "../page/dom.js";
import { messages } from "../page/messages.js";
import { plainText } from "../page/plain-text.js";
import { fullTime, relativeTime } from "../page/relative-time.js";
import { safeUrl } from "../page/safe-url.js";
import { drawFace } from "./row-face.js";

/** @typedef {import("../client/types.js").Row} Row */

/**
 * @typedef {object} RowIntents What a person may want of a row.
 * @property {(row: Row) => void} open
 * @property {(row: Row) => void} toggleRead
 * @property {(row: Row) => void} archive
 * @property {(row: Row, from: HTMLElement, start: import("./row-more.js").Start) => void} more
 */

/** One row on the page. */
export class RowView {
  #templates;
  #intents;
  /** @type {Row} */
  #row;
  #isTabStop = false;
  /** @type {HTMLElement} */
  element;

  /**
   * @param {Row} row
   * @param {ShadowRoot} templates where the templates `row` and `icon-…` are
   * @param {RowIntents} intents
   * @param {HTMLElement | null} [drawn] where the server has drawn it already
   */
  constructor(row, templates, intents, drawn) {
    this.#templates = templates;
    this.#intents = intents;
    this.#row = row;
    this.element = drawn ?? /** @type {HTMLElement} */ (clone(templates, "row").querySelector("article"));
    this.#onPress(".toggle-read", () => this.toggleRead());
    this.#onPress(".archive", () => this.archive());
    this.#onPress(".row-more", () => this.more("menu", this.#find(".row-more")));
    this.#drawContent();
    this.#drawState();
  }

  get row() {
    return this.#row;
  }

  /** Whether Tab leads here: to the row and to what can be pressed in it. */
  get isTabStop() {
    return this.#isTabStop;
  }

  set isTabStop(isStop) {
    this.#isTabStop = isStop;
    const tabIndex = isStop ? 0 : -1;
    this.element.tabIndex = tabIndex;
    for (const pressed of this.element.querySelectorAll("a, button, input")) /** @type {HTMLElement} */ (pressed).tabIndex = tabIndex;
  }

  /** @param {Row} row */
  update(row) {
    const before = this.#row;
    if (row === before) return;
    this.#row = row;
    const isOther = row.title !== before.title || row.body !== before.body || row.url !== before.url || !row.actor !== !before.actor;
    if (isOther) this.#drawContent();
    if (isOther || stateOf(row) !== stateOf(before)) this.#drawState();
  }

  /** Relative times change by themselves. */
  drawTime() {
    const text = relativeTime(new Date(this.#row.created), new Date());
    const time = this.#find("time");
    if (time.textContent !== text) time.textContent = text;
  }

  archive() {
    this.#intents.archive(this.#row);
  }

  toggleRead() {
    this.#intents.toggleRead(this.#row);
  }

  /**
   * @param {import("./row-more.js").Start} start
   * @param {HTMLElement} [from] beside which it opens, and which has the focus again when it closes
   */
  more(start, from = this.element) {
    this.#intents.more(this.#row, from, start);
  }

  /** What a press on the title does. */
  open() {
    this.#find(".title").click();
  }

  /**
   * The buttons belong to a form that works without JavaScript.
   *
   * @param {string} selector
   * @param {() => void} intent
   */
  #onPress(selector, intent) {
    this.#find(selector).addEventListener("click", (event) => {
      event.preventDefault();
      intent();
    });
  }

  #drawContent() {
    const { id, level, body, actor, category, actions, created } = this.#row;
    this.element.dataset.id = String(id);
    this.element.dataset.level = level;
    this.#find(".level").replaceChildren(clone(this.#templates, `icon-${level}`));
    drawFace(this.#find(".face"), this.#row);
    this.#find(".heading").replaceChildren(this.#title());
    this.#find(".body").textContent = plainText(body);
    this.#find(".body").hidden = body === "";
    this.#find(".actor").textContent = actor?.name ?? "";
    this.#find(".category").textContent = categoryLabel(category);
    this.#drawIcon(categoryIcon(category));
    this.#find(".actions").replaceChildren(...actions.flatMap((action) => actionLink(action)));
    this.#find(".actions").hidden = actions.length === 0;
    const time = /** @type {HTMLTimeElement} */ (this.#find("time"));
    time.dateTime = created;
    time.title = fullTime(new Date(created));
    this.drawTime();
    this.isTabStop = this.#isTabStop;
  }

  /** @param {string} path data of the category's icon */
  #drawIcon(path) {
    const icon = this.#find(".category-icon");
    icon.hidden = path === "";
    icon.querySelector("path")?.setAttribute("d", path);
  }

  #drawState() {
    const unread = this.#row.read === null;
    this.element.toggleAttribute("data-unread", unread);
    this.element.toggleAttribute("data-archived", this.#row.archived !== null);
    this.#find(".for-unread").textContent = this.#stateInWords(unread);
    const toggle = this.#find(".toggle-read");
    toggle.replaceChildren(clone(this.#templates, unread ? "icon-read" : "icon-unread"));
    toggle.title = unread ? messages.markAsRead : messages.markAsUnread;
    toggle.hidden = this.#row.archived !== null; // an archived row stays read
    const archive = this.#find(".archive");
    archive.title = this.#row.archived === null ? messages.archive : messages.unarchive;
    this.#find(".archive .for-readers").textContent = archive.title;
  }

  /** @param {boolean} unread */
  #stateInWords(unread) {
    const { level } = this.#row;
    if (level === "info") return unread ? messages.unreadRow : "";
    const { dataset } = /** @type {HTMLElement} */ (this.#templates.getElementById(`icon-${level}`));
    const word = dataset.word ?? level;
    return unread ? messages.unreadAtLevel(word) : `${word}: `;
  }

  /** The title leads where the notice leads; without a link it opens the rest of the text. */
  #title() {
    const url = safeUrl(this.#row.url);
    const title = url === null ? this.#opener() : document.createElement("a");
    if (url !== null) title.setAttribute("href", url);
    title.className = "title";
    title.id = `row-${this.#row.id}`;
    this.element.setAttribute("aria-labelledby", title.id);
    for (const name of [".toggle-read", ".archive", ".row-more"]) this.#find(name).setAttribute("aria-describedby", title.id);
    title.dir = "auto";
    const state = document.createElement("bdi"); // whose letters do not decide the title's direction
    state.className = "for-readers for-unread";
    const text = document.createElement("span");
    text.className = "title-text";
    text.append(state, plainText(this.#row.title));
    title.append(text);
    title.addEventListener("click", () => this.#intents.open(this.#row));
    title.addEventListener("auxclick", () => this.#intents.open(this.#row)); // in a new tab
    return title;
  }

  #opener() {
    const button = document.createElement("button");
    button.type = "button";
    button.ariaExpanded = "false";
    button.addEventListener("click", () => {
      const open = button.ariaExpanded !== "true";
      button.ariaExpanded = String(open);
      this.element.toggleAttribute("data-open", open);
    });
    return button;
  }

  /**
   * @param {string} selector
   * @returns {HTMLElement}
   */
  #find(selector) {
    return part(this.element, selector);
  }
}

/** @param {Row} row the part of its state that is visible; `seen` is not */
function stateOf({ read, archived }) {
  return `${read === null} ${archived === null}`;
}

/**
 * @param {{ label: string, url: string }} action
 * @returns {HTMLElement[]}
 */
function actionLink({ label, url }) {
  const href = safeUrl(url);
  if (href === null) return [];
  const link = document.createElement("a");
  link.className = "button";
  link.href = href;
  link.textContent = label;
  return [link];
}
