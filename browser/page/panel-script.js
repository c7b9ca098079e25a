// @ts-check
import { pageConfig } from "./page-config.js";

/** @typedef {typeof import("../elements/panel.js")} PanelScript */

let attempts = 0;
/** @type {Promise<void> | null} */
let loading = null;

/** @returns {PanelScript | undefined} what is here already */
export function panelScript() {
  return /** @type {any} */ (globalThis)[Symbol.for("notify panel")];
}

/**
 * Loads it, unless it is here.
 *
 * @throws {TypeError} where it cannot be loaded; the next call tries again
 */
export async function loadPanelScript() {
  if (panelScript()) return;
  loading ??= load().finally(() => (loading = null));
  await loading;
}

async function load() {
  const address = new URL(pageConfig().panel, document.baseURI);
  // Some browsers remember a failure by the address with its fragment, and never ask again.
  if (attempts) address.hash = `again-${attempts}`;
  attempts += 1;
  await import(address.href);
  if (!panelScript()) throw new TypeError(`${address} is not notify's panel.`);
}

/**
 * Runs it once the page has loaded and has nothing else to do.
 *
 * @param {() => void} callback
 */
export function whenIdle(callback) {
  const soon = () => ("requestIdleCallback" in globalThis ? requestIdleCallback(callback, { timeout: 2_000 }) : setTimeout(callback, 500));
  if (document.readyState === "complete") soon();
  else addEventListener("load", soon, { once: true });
}
