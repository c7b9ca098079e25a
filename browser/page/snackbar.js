// @ts-check
import { part } from "./dom.js";

const SHOWN_MS = 8_000;

/** A line at the foot of the window that goes by itself, with one thing to do. */
export class Snackbar {
  #element;
  #timer = 0;
  /** @type {() => void} */
  #action = () => undefined;

  /** @param {HTMLElement} element with `.snack-text` and `.snack-action` */
  constructor(element) {
    this.#element = element;
    this.#button.addEventListener("click", () => {
      this.hide();
      this.#action();
    });
  }

  /**
   * @param {string} text
   * @param {{ label: string, run: () => void }} [action]
   */
  show(text, action) {
    clearTimeout(this.#timer);
    this.#text.textContent = text;
    this.#button.hidden = action === undefined;
    this.#button.textContent = action?.label ?? "";
    this.#action = action?.run ?? (() => undefined);
    this.#element.hidden = false;
    this.#timer = window.setTimeout(() => this.hide(), SHOWN_MS);
  }

  hide() {
    clearTimeout(this.#timer);
    this.#element.hidden = true;
  }

  get #text() {
    return part(this.#element, ".snack-text");
  }

  get #button() {
    return part(this.#element, ".snack-action");
  }
}
