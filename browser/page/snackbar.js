// @ts-check
import { part } from "./dom.js";
import { setShown } from "./keep-focus.js";

const SHOWN_MS = 8_000;

/**
 * A line at the foot of the window that goes by itself, with one thing to do. It stays while it is
 * pointed at or has the focus.
 */
export class Snackbar {
  #element;
  #heir;
  #timer = 0;
  /** @type {() => void} */
  #action = () => undefined;

  /**
   * @param {HTMLElement} element with `.snack-text` and `.snack-action`
   * @param {() => void} heir moves the focus to where it belongs once this is gone
   */
  constructor(element, heir) {
    this.#element = element;
    this.#heir = heir;
    this.#button.addEventListener("click", () => this.act());
    for (const type of ["pointerleave", "focusout"]) element.addEventListener(type, () => this.#goesSoon());
  }

  /**
   * @param {string} text
   * @param {{ label: string, run: () => void }} [action]
   */
  show(text, action) {
    this.#text.textContent = text;
    this.#action = action?.run ?? (() => undefined);
    this.#button.textContent = action?.label ?? "";
    setShown(this.#button, action !== undefined, this.#heir);
    this.#element.toggleAttribute("data-shown", true);
    this.#goesSoon();
  }

  /** Do what it offers, as its button does; false where it offers nothing. */
  act() {
    if (this.#button.hidden) return false;
    const action = this.#action;
    this.hide();
    action();
    return true;
  }

  hide() {
    clearTimeout(this.#timer);
    setShown(this.#button, false, this.#heir);
    this.#element.toggleAttribute("data-shown", false);
    this.#text.textContent = "";
  }

  #goesSoon() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#element.matches(":hover, :focus-within") || this.hide(), SHOWN_MS);
  }

  get #text() {
    return part(this.#element, ".snack-text");
  }

  get #button() {
    return part(this.#element, ".snack-action");
  }
}
