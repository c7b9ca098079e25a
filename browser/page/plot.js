// @ts-check

/**
 * @typedef {object} Plot
 * @property {number} width of the `viewBox`
 * @property {number} height of the `viewBox`
 * @property {number} readings how many fit in
 * @property {number} top the value at the upper edge
 */

/**
 * The points of a line, one for each value, with the newest at the right edge; null for null.
 *
 * @param {(number | null)[]} values oldest first
 * @param {Plot} plot
 * @returns {(string | null)[]} `x,y`
 */
export function pointsOf(values, { width, height, readings, top }) {
  const step = width / (readings - 1);
  const start = width - (values.length - 1) * step;
  const y = (/** @type {number} */ value) => height - 2 - (value / top) * (height - 4);
  return values.map((value, at) => (value === null ? null : `${(start + at * step).toFixed(1)},${y(value).toFixed(1)}`));
}
