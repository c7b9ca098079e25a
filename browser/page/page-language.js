// @ts-check
/**
 * The language for numbers and times: the page's `lang` where it is a valid BCP 47 tag (many pages
 * have none), else the browser's.
 *
 * @returns {string | undefined} undefined: whatever Intl takes for granted
 */
export function pageLanguage() {
  for (const tag of [globalThis.document?.documentElement.lang, globalThis.navigator?.language]) {
    try {
      const [known] = Intl.DateTimeFormat.supportedLocalesOf(tag?.replaceAll("_", "-") ?? ""); // en_US
      if (known) return known;
    } catch {
      // try the next one
    }
  }
  return undefined;
}
