// @ts-check
import { write } from "../page/dom.js";

const AGAIN_MS = 30_000;

/** How many of the chosen people are online, as long as the page is looked at. */
export class AmongOnline {
  #line;
  /** @type {FormData | null} */
  #to = null;

  /** @param {ParentNode} place */
  static on(place) {
    const line = place.querySelector(".notify-among-online");
    return line instanceof HTMLElement ? new AmongOnline(line) : null; // not for everyone
  }

  /** @param {HTMLElement} line */
  constructor(line) {
    this.#line = line;
    setInterval(() => void this.#ask(), AGAIN_MS);
    document.addEventListener("visibilitychange", () => void this.#ask());
  }

  /** @param {FormData | null} to whom the form names; null: nobody */
  of(to) {
    this.#to = to;
    this.#line.hidden = to === null;
    write(this.#line, this.#line.dataset.asked ?? "");
    void this.#ask();
  }

  async #ask() {
    const to = this.#to;
    if (to === null || document.visibilityState !== "visible") return;
    const { url = "", unknown = "" } = this.#line.dataset;
    const answer = await fetch(url, { method: "POST", body: to })
      .then((response) => (response.ok ? response.json() : null))
      .catch(() => null);
    if (to === this.#to) write(this.#line, answer?.text ?? unknown);
  }
}
