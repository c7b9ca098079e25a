// @ts-check
import { ofSite } from "./browser-storage.js";

const SHORTCUTS_OFF = "notify-shortcuts-off";

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

/** Whether single letters are shortcuts. */
export function shortcutsAreOn() {
  return ofSite.get(SHORTCUTS_OFF) === null;
}

/** @param {boolean} areOn */
export function setShortcuts(areOn) {
  ofSite.set(SHORTCUTS_OFF, areOn ? null : "yes");
}
