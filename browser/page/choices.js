// @ts-check

/** @typedef {string} Choice What a select has: "on", "off", how often; empty leaves it to those who decide then. */

/**
 * @param {Choice} choice
 * @returns {{ value: boolean | null, rhythm?: string }} as the API has it
 */
export function valueOf(choice) {
  if (choice === "") return { value: null };
  return ["on", "off"].includes(choice) ? { value: choice === "on" } : { value: true, rhythm: choice };
}

/**
 * @param {boolean | null} value
 * @param {string} rhythm
 * @returns {Choice}
 */
export function choiceOf(value, rhythm) {
  if (value === null) return "";
  return value ? rhythm || "on" : "off";
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
