// @ts-check
import { messages } from "./messages.js";
import { pageLanguage } from "./page-language.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MS = 6 * 24 * HOUR_MS;

/** @type {Map<string, Intl.DateTimeFormat>} each is dearer to make than a hundred dates to write */
const formats = new Map();

/**
 * The time in its shortest unambiguous form: now, 4 min, 14:02, Tue 14:02, 12 Nov, 12 Nov 2024.
 *
 * @param {Date} then
 * @param {Date} now
 * @returns {string}
 */
export function relativeTime(then, now, language = pageLanguage()) {
  const age = now.getTime() - then.getTime();
  if (age < MINUTE_MS) return messages.now;
  if (age < HOUR_MS) return messages.minutes(Math.floor(age / MINUTE_MS));
  return clockTime(then, now, language);
}

/**
 * The same, never relative to now: 14:02, Tue 14:02, 12 Nov, 12 Nov 2024.
 *
 * @param {Date} then
 * @param {Date} now
 * @returns {string}
 */
export function clockTime(then, now, language = pageLanguage()) {
  const age = now.getTime() - then.getTime();
  /** @type {Intl.DateTimeFormatOptions} */
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  /** @type {Intl.DateTimeFormatOptions} */
  const day = { day: "numeric", month: "short" };
  if (then.toDateString() === now.toDateString()) return written(then, language, time);
  if (age < WEEK_MS) return `${written(then, language, { weekday: "short" })} ${written(then, language, time)}`;
  if (then.getFullYear() === now.getFullYear()) return written(then, language, day);
  return written(then, language, { ...day, year: "numeric" });
}

/**
 * The full date and time, for tooltips and screen readers.
 *
 * @param {Date} then
 */
export function fullTime(then, language = pageLanguage()) {
  return written(then, language, { dateStyle: "full", timeStyle: "medium" });
}

/**
 * @param {Date} then
 * @param {string | undefined} language
 * @param {Intl.DateTimeFormatOptions} options
 */
function written(then, language, options) {
  const key = language + JSON.stringify(options);
  // Plain "en" would put the month first.
  const format = formats.get(key) ?? new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, options);
  formats.set(key, format);
  return format.format(then);
}
