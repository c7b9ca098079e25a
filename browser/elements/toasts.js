// @ts-check
import { clone, part } from "../page/dom.js";
import { messages } from "../page/messages.js";
import { pageConfig } from "../page/page-config.js";
import { safeUrl } from "../page/safe-url.js";

const SHOWN_MS = 8_000;
const MOST = 3;
const MANY = 10;
const MANY_WITHIN_MS = 5_000;

/** @typedef {import("../client/types.js").Row} Row */

/**
 * Toasts for errors and critical notices, at most three. They disappear by themselves, except while
 * hovered or focused; critical ones stay until dismissed. Ten within 5 s become one.
 */
export class Toasts {
  #bell;
  #root;
  #box;
  /** @type {Map<HTMLElement, { row: Row | null, timer: number }>} oldest first */
  #shown = new Map();
  /** @type {number[]} when the last ones arrived */
  #came = [];

  /** @param {import("./client-element.js").ClientElement} bell */
  constructor(bell) {
    this.#bell = bell;
    this.#root = /** @type {ShadowRoot} */ (bell.shadowRoot);
    this.#box = bell.find(".toasts");
    bell.listen(this.#box, ["pointerenter", "focusin"], () => this.#pause());
    bell.listen(this.#box, ["pointerleave", "focusout"], () => this.#resume());
    bell.listen(bell.client, ["change"], () => this.#dropRead());
  }

  /** @param {Row} row */
  show(row) {
    const now = performance.now();
    this.#came = [...this.#came.filter((came) => now - came < MANY_WITHIN_MS), now];
    if (this.#came.length >= MANY) return this.#showMany(this.#came.length);
    this.#makeRoom();
    this.#add(row, row.title, row.body, safeUrl(row.url));
  }

  /** @param {number} count */
  #showMany(count) {
    for (const element of [...this.#shown.keys()]) this.#remove(element);
    this.#add(null, messages.fresh(count), "", pageConfig().inbox);
  }

  /** Removes the oldest; a critical one only where all are critical. */
  #makeRoom() {
    while (this.#shown.size >= MOST) {
      const all = [...this.#shown.keys()];
      const quiet = all.find((element) => element.dataset.level !== "critical");
      this.#remove(/** @type {HTMLElement} */ (quiet ?? all[0]));
    }
  }

  /**
   * @param {Row | null} row
   * @param {string} title
   * @param {string} body
   * @param {string | null} url
   */
  #add(row, title, body, url) {
    const level = row?.level ?? "error";
    const element = /** @type {HTMLElement} */ (clone(this.#root, "toast").querySelector(".toast"));
    element.dataset.level = level;
    part(element, ".level").append(clone(this.#root, `icon-${level}`));
    part(element, ".toast-body").textContent = body;
    const link = part(element, ".toast-title");
    link.textContent = title;
    if (url !== null) link.setAttribute("href", url);
    link.addEventListener("click", () => this.#opened(element));
    part(element, ".toast-close").addEventListener("click", () => this.#remove(element));
    this.#shown.set(element, { row, timer: 0 });
    this.#box.append(element);
    if (!this.#box.matches(":popover-open")) this.#box.showPopover();
    if (!this.#isHeld) this.#resume();
  }

  /** @param {HTMLElement} element */
  #opened(element) {
    const row = this.#shown.get(element)?.row;
    if (row) this.#bell.client.mark("read", [row.id]);
    this.#remove(element);
  }

  /** @param {HTMLElement} element */
  #remove(element) {
    clearTimeout(this.#shown.get(element)?.timer);
    this.#shown.delete(element);
    element.remove();
    if (this.#shown.size === 0 && this.#box.matches(":popover-open")) this.#box.hidePopover();
  }

  /** Removes toasts of notifications that were read, archived or recalled elsewhere. */
  #dropRead() {
    const unread = new Set(this.#bell.client.notifications.flatMap(({ id, read }) => (read ? [] : id)));
    for (const [element, { row }] of [...this.#shown]) {
      if (row && !unread.has(row.id)) this.#remove(element);
    }
  }

  get #isHeld() {
    return this.#box.matches(":hover, :focus-within");
  }

  #pause() {
    for (const { timer } of this.#shown.values()) clearTimeout(timer);
  }

  #resume() {
    this.#pause();
    for (const [element, toast] of this.#shown) {
      if (element.dataset.level === "critical") continue;
      toast.timer = window.setTimeout(() => this.#remove(element), SHOWN_MS);
    }
  }
}
