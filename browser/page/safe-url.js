// @ts-check
/**
 * The server refuses other schemes already; a `javascript:` link must not depend on that alone.
 *
 * @param {string | null} url
 */
export function safeUrl(url) {
  if (!url || !URL.canParse(url, location.href)) return null;
  return /^https?:$/.test(new URL(url, location.href).protocol) ? url : null;
}
