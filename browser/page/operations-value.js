// @ts-check
import { part, write } from "./dom.js";
import { pageLanguage } from "./page-language.js";

/** @typedef {{ name: string, title: string, value: string, cure: string }} Alarm */

const MB = 1024 * 1024;
const SPANS = /** @type {[number, string][]} */ ([
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
]);

/** @param {number} value */
export function numberText(value) {
  return value.toLocaleString(pageLanguage(), { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/**
 * Writes the values of a list of figures, and marks those that are past their limits.
 *
 * @param {Element} list a `dl` with a `div` for each figure
 * @param {Record<string, number | undefined>} values by the figure's name
 * @returns {Alarm[]} the red ones
 */
export function writeFigures(list, values) {
  const alarms = [];
  for (const figure of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-figure]"))) {
    const { figure: name = "", above, below, cure = "" } = figure.dataset;
    const value = values[name];
    const isRed = value !== undefined && (value > Number(above ?? Infinity) || value < Number(below ?? -Infinity));
    const text = valueText(figure, value);
    write(part(figure, "dd"), text);
    figure.classList.toggle("red", isRed);
    if (isRed) alarms.push({ name, title: part(figure, "dt").textContent ?? "", value: text, cure });
  }
  return alarms;
}

/**
 * @param {HTMLElement} figure
 * @param {number | undefined} value
 */
function valueText(figure, value) {
  if (value === undefined) return "–";
  const { unit, on = "", off = "" } = figure.dataset;
  if (unit === "switch") return value ? on : off;
  if (unit === "bytes") return `${numberText(value / MB)} MB`;
  return unit === "s" ? timeText(value) : numberText(value);
}

/** @param {number} seconds */
function timeText(seconds) {
  if (seconds > 0 && seconds < 1) return `${numberText(seconds * 1000)} ms`;
  const [size, unit] = SPANS.find(([span]) => seconds >= 2 * span) ?? [1, "second"];
  const options = /** @type {Intl.NumberFormatOptions} */ ({ style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 0 });
  return Math.floor(seconds / size).toLocaleString(pageLanguage(), options);
}
