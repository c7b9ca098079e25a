// @ts-check
import { pageLanguage } from "./page-language.js";
import { clockTime } from "./relative-time.js";

const WEEK_MS = 6 * 24 * 3600_000;

/**
 * A time to come, in its shortest unambiguous form: 14:02, Tue 14:02, 12 Nov 14:02, 12 Nov 2024 14:02.
 *
 * @param {Date} then
 * @param {Date} now
 * @returns {string}
 */
export function timeToCome(then, now, language = pageLanguage()) {
  const time = clockTime(then, then, language);
  if (then.toDateString() === now.toDateString()) return time;
  const written = (/** @type {Intl.DateTimeFormatOptions} */ day) =>
    `${new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, day).format(then)} ${time}`;
  if (then.getTime() - now.getTime() < WEEK_MS) return written({ weekday: "short" });
  const isThisYear = then.getFullYear() === now.getFullYear();
  return written({ day: "numeric", month: "short", year: isThisYear ? undefined : "numeric" });
}
