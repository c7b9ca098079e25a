// @ts-check
/**
 * @param {Record<string, string | number | undefined>} query those without a value are left out
 * @returns {string} with its question mark; empty where there is none
 */
export function queryString(query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text && `?${text}`;
}
