// @ts-check
import { categoryLabel } from "../page/categories.js";
import { pageConfig } from "../page/page-config.js";

/** @typedef {import("../client/types.js").Query} Query */

const TYPED_MS = 250;

/** The tabs and filters of an inbox. On the inbox's own page they are in its address. */
export class InboxQuery {
  #find;
  #changed;
  #timer = 0;
  /** @type {Query} */
  #shown;
  /**
   * @param {import("./client-element.js").ClientElement} element
   * @param {() => void} changed
   */
  constructor(element, changed) {
    this.#find = (/** @type {string} */ selector) => element.find(selector);
    this.#changed = changed;
    element.listen(this.#find(".tabs"), ["click"], (event) => this.#tabPressed(event));
    element.listen(this.#form, ["submit"], (event) => event.preventDefault());
    element.listen(this.#form, ["input", "change"], ({ target }) => this.#filtered(target));
    element.listen(this.#find(".filter-button"), ["click"], () => this.#unfold(!this.#isUnfolded));
    element.listen(this.#find(".clear"), ["click"], (event) => this.#cleared(event));
    element.listen(window, ["popstate"], () => this.#atHome && this.#show(queryOf(location.search)));
    this.#shown = this.current;
    if (this.#atHome) this.#draw(queryOf(location.search));
  }

  /** @returns {Query} */
  get current() {
    const said = new FormData(this.#form);
    const field = (/** @type {string} */ name) => String(said.get(name) ?? "");
    const tab = /** @type {Query["tab"]} */ (field("tab"));
    return { tab, category: field("category"), level: field("level"), q: field("q").trim() };
  }

  /** @param {Iterable<string>} categories that are known; the list only grows */
  offer(categories) {
    const select = /** @type {HTMLSelectElement} */ (this.#find("[name=category]"));
    const known = new Set([...select.options].map(({ value }) => value));
    for (const category of new Set(categories)) {
      if (!known.has(category)) select.add(new Option(categoryLabel(category), category));
    }
    select.hidden = select.options.length < 2;
  }

  /** Where a phone has the search behind a button, too. */
  search() {
    this.#unfold(true);
    this.#find("[name=q]").focus();
  }

  clear() {
    this.#go({ tab: this.current.tab, category: "", level: "", q: "" });
  }

  /** Asked anew each time: a page library may change the address and keep us. */
  get #atHome() {
    return location.pathname === pageConfig().inbox;
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (this.#find(".filters"));
  }

  /** @param {MouseEvent} event */
  #tabPressed(event) {
    const tab = event.target instanceof HTMLElement ? event.target.dataset.tab : undefined;
    if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#go({ ...this.current, tab: /** @type {Query["tab"]} */ (tab) });
  }

  /** @param {EventTarget | null} target */
  #filtered(target) {
    clearTimeout(this.#timer);
    const delay = target instanceof HTMLInputElement ? TYPED_MS : 0;
    // Back leads from what was found to all, and not through every letter.
    this.#timer = window.setTimeout(() => this.#go(this.current, isFiltered(this.#shown) ? "replace" : "push"), delay);
  }

  /** @param {Event} event */
  #cleared(event) {
    event.preventDefault();
    this.clear();
    this.search();
  }

  get #isUnfolded() {
    return this.#form.hasAttribute("data-open");
  }

  /** @param {boolean} isUnfolded */
  #unfold(isUnfolded) {
    this.#form.toggleAttribute("data-open", isUnfolded);
    this.#find(".filter-button").ariaExpanded = String(isUnfolded);
  }

  /**
   * @param {Query} query
   * @param {"push" | "replace"} how
   */
  #go(query, how = "push") {
    if (this.#atHome) {
      const address = location.pathname + searchOf(query);
      if (how === "push") history.pushState(history.state, "", address);
      else history.replaceState(history.state, "", address);
    }
    this.#show(query);
  }

  /** @param {Query} query */
  #show(query) {
    this.#draw(query);
    this.#changed();
  }

  /** @param {Query} query */
  #draw(query) {
    this.#shown = query;
    if (isFiltered(query)) this.#unfold(true);
    this.#find(".filter-button").toggleAttribute("data-active", isFiltered(query));
    this.offer(query.category ? [query.category] : []);
    for (const [name, value] of Object.entries(query)) {
      const field = /** @type {HTMLInputElement} */ (this.#find(`[name=${name}]`));
      if (field.value.trim() !== value) field.value = value;
    }
    for (const link of this.#find(".tabs").children) {
      const { dataset } = /** @type {HTMLAnchorElement} */ (link);
      link.ariaCurrent = dataset.tab === query.tab ? "page" : null;
      link.setAttribute("href", searchOf({ ...query, tab: /** @type {Query["tab"]} */ (dataset.tab) }) || "?");
    }
  }
}

/** @param {Query} query */
function isFiltered({ category, level, q }) {
  return Boolean(category || level || q);
}

/**
 * @param {string} search
 * @returns {Query}
 */
export function queryOf(search) {
  const said = new URLSearchParams(search);
  const tab = said.get("tab");
  return {
    tab: tab === "unread" || tab === "archived" ? tab : "all",
    category: said.get("category") ?? "",
    level: said.get("level") ?? "",
    q: (said.get("q") ?? "").trim(),
  };
}

/**
 * @param {Query} query
 * @returns {string} with its question mark; empty where nothing is asked
 */
export function searchOf(query) {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value && !(name === "tab" && value === "all")) said.set(name, value);
  }
  const text = said.toString();
  return text && `?${text}`;
}
