// @ts-check
/**
 * The language in which numbers and times are written: that of the page, where its `lang` is one
 * (many pages have none, or one that is no BCP 47 tag), else the browser's.
 *
 * @returns {string | undefined} undefined: whatever Intl takes for granted
 */
export function pageLanguage() {
  for (const tag of [globalThis.document?.documentElement.lang, globalThis.navigator?.language]) {
    try {
      return Intl.getCanonicalLocales(tag?.replaceAll("_", "-") ?? "")[0]; // en_US is written, too
    } catch {
      // the next one
    }
  }
  return undefined;
}
