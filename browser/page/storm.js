// @ts-check
import { messages } from "./messages.js";

const MANY = 10;
const MANY_WITHIN_MS = 5_000;

/** Counts what arrives; critical ones are never one of many. */
export class Storm {
  /** @type {number[]} when the last ones arrived */
  #came = [];

  /**
   * @param {import("../client/types.js").Row} row that has arrived
   * @returns {boolean} whether it is one of ten within 5 s
   */
  takes({ level }) {
    if (level === "critical") return false;
    const now = performance.now();
    this.#came = [...this.#came.filter((came) => now - came < MANY_WITHIN_MS), now];
    return this.#came.length >= MANY;
  }
}

/**
 * What stands for many: the bell's number, and the critical ones among them where all are known.
 *
 * @param {import("../client/client.js").NotifyClient} client
 */
export function manyText({ badge, notifications }) {
  const known = notifications.filter(({ seen }) => !seen).slice(0, badge);
  const critical = known.filter(({ level }) => level === "critical").length;
  return critical > 0 && known.length === badge ? messages.freshCritical(badge, critical) : messages.fresh(badge);
}
