// @ts-check
import { alertOf } from "../page/alerts.js";
import { announce } from "../page/announcer.js";
import { isOnScreen } from "./on-screen.js";
import { Toasts } from "./toasts.js";

/** A list is drawn by then, also in a hidden page. */
const DRAWN_MS = 300;
/** What was on the screen for so long was read, or could have been. */
const LOOKED_AT_MS = 5_000;

/** @typedef {import("../client/types.js").Row} Row */

/** What happens when a notification arrives. Made with the first one. */
export class Arrivals {
  #bell;
  #toasts;

  /** @param {import("./client-element.js").ClientElement} bell its `data-toasts` names levels */
  constructor(bell) {
    this.#bell = bell;
    this.#toasts = new Toasts(bell);
  }

  /** @param {Row} row */
  take(row) {
    const { client, dataset } = this.#bell;
    announce(client, row);
    void alertOf(client, row);
    if (!(dataset.toasts ?? "error critical").split(" ").includes(row.level)) return;
    if (!document.querySelector("notify-inbox") && !isOnScreen()) this.#toasts.show(row);
    else this.#bell.later(() => this.#showUnlessSeen(row, LOOKED_AT_MS), DRAWN_MS);
  }

  /**
   * No toast for what is on the screen already. What is critical must stay there for a while: others
   * that arrive push it out.
   *
   * @param {Row} row
   * @param {number} left
   */
  #showUnlessSeen(row, left) {
    if (!isOnScreen(row.id)) return this.#toasts.show(row);
    if (row.level !== "critical" || left <= 0) return;
    this.#bell.later(() => this.#showUnlessSeen(row, left - DRAWN_MS), DRAWN_MS);
  }
}
