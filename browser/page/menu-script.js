// @ts-check
import { pageConfig } from "./page-config.js";

let attempts = 0;

/**
 * The script with the menu of a row, which is loaded when somebody first wants one.
 *
 * @returns {Promise<typeof import("../elements/row-menu.js")>}
 * @throws {TypeError} where it cannot be loaded; the next call tries again
 */
export async function menuScript() {
  const address = new URL(pageConfig().menu, document.baseURI);
  // Some browsers remember a failure by the address with its fragment, and never ask again.
  if (attempts) address.hash = `again-${attempts}`;
  try {
    return await import(address.href);
  } catch (error) {
    attempts += 1;
    throw error;
  }
}
