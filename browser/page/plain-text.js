// @ts-check
/** They would turn around what follows: a title could say something else than is read. */
const OVERRIDES = /[\u202a-\u202e\u2066\u2067]/g;

/** A text whose own letters decide its direction, which turns around nothing else: it stays. */
const ISOLATED = /\u2068[^\u2068\u2069]*\u2069|[\u2068\u2069]/g;

/** @param {string} text as `notify_plain` of the server */
export function plainText(text) {
  return text.replace(OVERRIDES, "").replace(ISOLATED, (found) => (found.length > 1 ? found : ""));
}
