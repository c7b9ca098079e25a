// @ts-check
import { plainText } from "./plain-text.js";

const HUES = 6; // as in rows.css
const graphemes = new Intl.Segmenter();

/**
 * The first character, as people see one, of the first and the last word; what is between them keeps
 * Arabic letters apart. As `initials` of the server's faces.py.
 *
 * @param {string} name
 * @returns {string} empty where no word begins with a letter, a digit or a symbol
 */
export function initials(name) {
  const words = plainText(name).normalize().split(/\s+/).filter((word) => /^[\p{L}\p{N}\p{So}]/u.test(word));
  return [...words.slice(0, 1), ...words.slice(1).slice(-1)].map(firstCapital).join("\u200c");
}

/** @param {string} word */
function firstCapital(word) {
  const [{ segment }] = graphemes.segment(word);
  const upper = segment.toUpperCase();
  return upper.length === segment.length ? upper : segment; // as of ß
}

/**
 * @param {string} key of a user
 * @returns {number} of one of the colours
 */
export function hue(key) {
  let sum = 0;
  for (const char of key) sum = (sum * 31 + Number(char.codePointAt(0))) % 997;
  return sum % HUES;
}
