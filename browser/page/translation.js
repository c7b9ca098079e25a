// @ts-check
import { pageLanguage } from "./page-language.js";

/** @type {Record<string, string>} */
let translated = {};

/** @param {Record<string, string>} texts from Django's catalogs, by the English text */
export function translate(texts) {
  translated = texts;
}

/**
 * @param {string} text in English; notify/web/pages/browser_texts.py has the same words
 * @param {Record<string, string>} [values] for its {names}
 */
export function say(text, values = {}) {
  return (translated[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** @param {number} count */
export function written(count) {
  return count.toLocaleString(pageLanguage());
}

/** @param {number} count */
export function badgeText(count) {
  return count > 99 ? "99+" : String(count);
}
