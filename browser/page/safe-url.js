// @ts-check
/**
 * Defence in depth: the server already refuses schemes such as `javascript:`.
 *
 * @param {string | null} url
 */
export function safeUrl(url) {
  if (!url || !URL.canParse(url, location.href)) return null;
  return /^https?:$/.test(new URL(url, location.href).protocol) ? url : null;
}
