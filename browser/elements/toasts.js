// @ts-check
import { clone, part, write } from "../page/dom.js";
import { messages } from "../page/messages.js";
import { pageConfig } from "../page/page-config.js";
import { plainText } from "../page/plain-text.js";
import { safeUrl } from "../page/safe-url.js";
import { manyText, Storm } from "../page/storm.js";

const SHOWN_MS = 8_000;
const LEVELS = ["info", "success", "warning", "error", "critical"];

/**
 * @typedef {import("../client/types.js").Row} Row
 * @typedef {object} Toast
 * @property {Row | null} row null: it stands for many
 * @property {string} level
 * @property {HTMLElement} element
 * @property {number} timer
 */

/**
 * At most three are on the screen, one on a phone; the others wait behind "+2", critical ones first.
 * While somebody points at them or has the focus in them, nothing moves and nothing disappears.
 * A critical one stays until it is dismissed or read. The others disappear by themselves, and ten of
 * them within 5 s become one, which tells the bell's number.
 */
export class Toasts {
  #bell;
  #root;
  #box;
  #narrow = matchMedia("(max-width: 599px)");
  /** @type {Toast[]} oldest first */
  #all = [];
  #storm = new Storm();

  /** @param {import("./client-element.js").ClientElement} bell */
  constructor(bell) {
    this.#bell = bell;
    this.#root = /** @type {ShadowRoot} */ (bell.shadowRoot);
    this.#box = bell.find(".toasts");
    bell.listen(this.#box, ["pointerenter", "focusin"], () => this.#pause());
    bell.listen(this.#box, ["pointerleave", "focusout"], () => this.#resume());
    bell.listen(bell.find(".toasts-clear"), ["click"], () => this.#remove(...this.#all));
    bell.listen(this.#narrow, ["change"], () => this.#draw());
    bell.listen(bell.client, ["change"], () => this.#changed());
  }

  /** @param {Row} row */
  show(row) {
    const isOneOfMany = this.#storm.takes(row) || (this.#folded && row.level !== "critical");
    if (isOneOfMany) this.#fold(row.level);
    else this.#add(row, row.level);
  }

  get #folded() {
    return this.#all.find(({ row }) => row === null);
  }

  /** @param {string} level of the one that arrived */
  #fold(level) {
    const isHeld = this.#isHeld;
    const quiet = this.#all.filter((toast) => toast.level !== "critical");
    const [highest] = [level, ...quiet.map((toast) => toast.level)].sort((one, other) => LEVELS.indexOf(other) - LEVELS.indexOf(one));
    const folded = this.#folded?.level === highest ? this.#folded : null;
    this.#drop(quiet.filter((toast) => toast !== folded && !(isHeld && toast.row && toast.element.isConnected)));
    if (!folded) return this.#add(null, highest);
    if (!isHeld) this.#start(folded);
    this.#draw();
  }

  /**
   * @param {Row | null} row
   * @param {string} level
   */
  #add(row, level) {
    const element = part(clone(this.#root, "toast"), ".toast");
    const toast = { row, level, element, timer: 0 };
    element.dataset.level = level;
    part(element, ".level").append(clone(this.#root, `icon-${level}`));
    part(element, ".toast-body").textContent = plainText(row?.body ?? "");
    const link = part(element, ".toast-title");
    link.textContent = row ? plainText(row.title) : manyText(this.#bell.client);
    const url = row ? safeUrl(row.url) : pageConfig().inbox;
    if (url !== null) link.setAttribute("href", url);
    link.addEventListener("click", () => this.#opened(toast));
    part(element, ".toast-close").addEventListener("click", () => this.#remove(toast));
    this.#all.push(toast);
    if (!this.#isHeld) this.#start(toast);
    this.#draw();
  }

  /** @param {Toast} toast */
  #opened(toast) {
    if (toast.row) this.#bell.client.mark("read", [toast.row.id]);
    this.#remove(toast);
  }

  /**
   * By the person or in time: the next ones take their place, and the focus goes with them.
   *
   * @param {Toast[]} toasts
   */
  #remove(...toasts) {
    const hadFocus = this.#box.contains(this.#root.activeElement);
    this.#drop(toasts);
    this.#draw(false);
    if (!hadFocus || this.#root.activeElement) return;
    const next = this.#all.findLast(({ element }) => element.isConnected);
    (next ? part(next.element, ".toast-close") : this.#bell.find(".bell")).focus();
  }

  /** @param {Toast[]} toasts */
  #drop(toasts) {
    this.#all = this.#all.filter((toast) => !toasts.includes(toast));
    for (const { timer, element } of toasts) {
      clearTimeout(timer);
      element.remove();
    }
  }

  /** What was read, archived or recalled elsewhere goes; what is not known any more stays. */
  #changed() {
    if (this.#all.length === 0) return;
    const { client } = this.#bell;
    const done = new Set(client.rows.flatMap(({ id, read, archived, recalled }) => (read || archived || recalled ? id : [])));
    const gone = this.#all.filter(({ row }) => (row ? done.has(row.id) : client.badge === 0));
    if (gone.length || !client.isLoaded) this.#remove(...(client.isLoaded ? gone : this.#all));
    if (this.#folded) write(part(this.#folded.element, ".toast-title"), manyText(this.#bell.client));
  }

  /** Critical ones come first, then the newest. What is pointed at stays where it is. */
  #draw(isHeld = this.#isHeld) {
    const most = this.#narrow.matches ? 1 : 3;
    const held = isHeld ? this.#all.filter(({ element }) => element.isConnected) : [];
    const isCritical = (/** @type {Toast} */ { level }) => level === "critical";
    const newest = this.#all.toReversed();
    const wanted = [...newest.filter(isCritical), ...newest.filter((toast) => !isCritical(toast))].slice(0, most);
    const shown = held.length ? held : wanted;
    this.#place(this.#all.filter((toast) => shown.includes(toast)));
    const waiting = this.#all.length - shown.length;
    write(this.#bell.find(".toasts-more"), waiting ? messages.moreToasts(waiting) : "");
    this.#bell.find(".toasts-head").hidden = this.#all.length < 2;
    if (this.#box.matches(":popover-open") !== shown.length > 0) this.#box.togglePopover();
  }

  /** @param {Toast[]} shown what stands there already is not moved, and keeps the focus */
  #place(shown) {
    for (const toast of this.#all) if (!shown.includes(toast)) toast.element.remove();
    let place = this.#bell.find(".toasts-head").nextElementSibling;
    for (const { element } of shown) {
      if (element === place) place = place.nextElementSibling;
      else this.#box.insertBefore(element, place);
    }
  }

  get #isHeld() {
    const isPointedAt = matchMedia("(hover: hover)").matches && this.#box.matches(":hover");
    return isPointedAt || this.#box.matches(":focus-within");
  }

  #pause() {
    for (const { timer } of this.#all) clearTimeout(timer);
  }

  #resume() {
    if (this.#isHeld) return;
    for (const toast of this.#all) this.#start(toast);
    this.#draw();
  }

  /** @param {Toast} toast */
  #start(toast) {
    clearTimeout(toast.timer);
    if (toast.level === "critical") return;
    toast.timer = window.setTimeout(() => this.#remove(toast), SHOWN_MS);
  }
}
