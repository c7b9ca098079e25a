// @ts-check
import { messages } from "./messages.js";

const GATHERED_MS = 1_500;
const AT_ONCE_MS = 100; // screen readers need a moment to notice a new live region
const KEPT_MS = 30_000;

/** @typedef {import("../client/types.js").Row} Row */

/** @type {WeakMap<EventTarget, (row: Row) => void>} by client */
const tellers = new WeakMap();

/**
 * Announces arrivals to screen readers: a count after a pause, critical ones at once. One announcer
 * per page, however many elements ask for it.
 *
 * @param {EventTarget} client
 * @param {Row} [row] what arrived, perhaps before anybody listened; it is told once
 */
export function announce(client, row) {
  const tell = tellers.get(client) ?? teller(client);
  if (row) tell(row);
}

/**
 * @param {EventTarget} client
 * @returns {(row: Row) => void}
 */
function teller(client) {
  /** @type {WeakSet<Row>} */
  const told = new WeakSet();
  const polite = region("polite");
  const assertive = region("assertive");
  let count = 0;
  const tell = (/** @type {Row} */ row) => {
    if (told.has(row)) return;
    told.add(row);
    if (row.level === "critical") {
      setTimeout(() => addLine(assertive, messages.critical(row.title)), AT_ONCE_MS);
      return;
    }
    count += 1;
    if (count > 1) return;
    setTimeout(() => {
      polite.textContent = count === 1 ? messages.oneNew(row.title) : messages.fresh(count);
      count = 0;
    }, GATHERED_MS);
  };
  client.addEventListener("notification", (event) => tell(/** @type {CustomEvent<Row>} */ (event).detail));
  tellers.set(client, tell);
  return tell;
}

/**
 * A line of its own, as a second critical one must not replace the first before it is read.
 *
 * @param {HTMLElement} region
 * @param {string} text
 */
function addLine(region, text) {
  const line = document.createElement("p");
  line.textContent = text;
  region.append(line);
  setTimeout(() => line.remove(), KEPT_MS);
}

/** @param {"polite" | "assertive"} live */
function region(live) {
  const element = document.createElement("div");
  element.setAttribute("aria-live", live);
  element.setAttribute("data-notify-live", live);
  // Styled through the CSSOM, which a strict CSP allows; the page's style sheets are not ours.
  Object.assign(element.style, {
    position: "fixed", inlineSize: "1px", blockSize: "1px", overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap",
  });
  // Outside the body, which page libraries replace or copy.
  document.documentElement.append(element);
  return element;
}
