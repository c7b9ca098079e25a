// @ts-check
/**
 * The language in which numbers and times are written: that of the page, where its `lang` is one
 * (many pages have none, or one that BCP 47 does not know), else the browser's.
 *
 * @returns {string | undefined} undefined: whatever Intl takes for granted
 */
export function pageLanguage() {
  for (const tag of [globalThis.document?.documentElement.lang, globalThis.navigator?.language]) {
    try {
      const [known] = Intl.DateTimeFormat.supportedLocalesOf(tag?.replaceAll("_", "-") ?? ""); // en_US
      if (known) return known;
    } catch {
      // the next one
    }
  }
  return undefined;
}
