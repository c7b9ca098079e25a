// @ts-check
import { alertOf } from "../page/alerts.js";
import { announce } from "../page/announcer.js";
import { Toasts } from "./toasts.js";

/** What happens when a notification arrives. Made with the first one. */
export class Arrivals {
  #bell;
  #toasts;

  /** @param {import("./client-element.js").ClientElement} bell its `data-toasts` names levels */
  constructor(bell) {
    this.#bell = bell;
    this.#toasts = new Toasts(bell);
  }

  /** @param {import("../client/types.js").Row} row */
  take(row) {
    const { client, dataset } = this.#bell;
    announce(client, row);
    void alertOf(client, row);
    if ((dataset.toasts ?? "error critical").split(" ").includes(row.level)) this.#toasts.show(row);
  }
}
