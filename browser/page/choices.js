// @ts-check

/** @typedef {"" | "on" | "off"} Choice What a select has: empty leaves it to those who decide then. */

/**
 * @param {string} choice
 * @returns {boolean | null} as the API has it
 */
export function valueOf(choice) {
  return choice === "" ? null : choice === "on";
}

/**
 * @param {boolean | null} value
 * @returns {Choice}
 */
export function choiceOf(value) {
  if (value === null) return "";
  return value ? "on" : "off";
}

/**
 * @param {boolean} isOn
 * @param {string} start
 * @param {string} end
 * @returns {{ start: string, end: string } | null | undefined} undefined: not to be saved yet, as one is missing
 */
export function quietOf(isOn, start, end) {
  if (!isOn) return null;
  return start && end ? { start, end } : undefined;
}

/**
 * Whether the list of a select is open, or may be where the browser does not tell: what is changed
 * under it would be pulled away.
 *
 * @param {HTMLSelectElement} select
 */
export function holdsOpen(select) {
  return CSS.supports("selector(:open)") ? select.matches(":open") : select.matches(":focus");
}
