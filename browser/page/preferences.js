// @ts-check
import { ofSite } from "./browser-storage.js";

/** @typedef {"sound" | "desktop"} Alert What a person may want besides what the page shows. */

/** @param {Alert} alert */
export function wants(alert) {
  return ofSite.get(`notify-${alert}`) !== null;
}

/**
 * Stored per browser, shared by all of its tabs.
 *
 * @param {Alert} alert
 * @param {boolean} wanted
 */
export function setWanted(alert, wanted) {
  ofSite.set(`notify-${alert}`, wanted ? "yes" : null);
}
