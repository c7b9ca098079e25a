// @ts-check
/**
 * @typedef {object} PageConfig
 * @property {string} socket path of the WebSocket
 * @property {string} api path of the HTTP API
 * @property {string} inbox path of the page with the whole inbox
 * @property {string} login path of the sign-in page
 * @property {Record<string, string>} csrf the token that unsafe requests send, by its header
 * @property {string} user an opaque id, the one of the socket's `hello`
 * @property {Record<string, { label: string, icon: string }>} categories that kinds declare, by key
 * @property {string} language of the page, as Django writes it: "pt-br"
 * @property {Record<string, string>} texts words in the page's language, by the English ones
 * @property {string} script the address of the script that has the page's client, as its tag has it
 * @property {string} panel the address of the one with the bell's panel, the rows and the toasts
 * @property {string} menu the address of the one with the menu of a row
 */

/**
 * The server's configuration, from the `data-config` attribute of each of our elements.
 *
 * @param {Element | null} [element] whose is asked for; any, as long as all are of one page
 * @returns {PageConfig}
 */
export function pageConfig(element = document.querySelector("[data-config]")) {
  const text = element instanceof HTMLElement ? element.dataset.config : undefined;
  if (!text) throw new Error("No element with data-config: use {% notify_bell %} or {% notify_inbox %}.");
  return JSON.parse(text);
}
