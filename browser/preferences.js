// @ts-check
/** @typedef {"sound" | "desktop"} Alert What a person may want besides what the page shows. */

/** @param {Alert} alert */
export function wants(alert) {
  return localStorage.getItem(`notify-${alert}`) !== null;
}

/**
 * Of this browser, in all of its tabs.
 *
 * @param {Alert} alert
 * @param {boolean} wanted
 */
export function setWanted(alert, wanted) {
  if (wanted) localStorage.setItem(`notify-${alert}`, "yes");
  else localStorage.removeItem(`notify-${alert}`);
}
