// @ts-check
/** By then a server that was restarted is back. */
const PATIENCE_MS = 10_000;
/** What is answered to a plain request where the socket is: by us, and by a proxy that upgrades all. */
const AT_THE_SOCKET = [426, 400];

const RIGHT_PATH = "The path is right, but the handshake fails, or comes without a session, or with another user's. Check that every proxy forwards Upgrade, Connection and Host, that SESSION_COOKIE_PATH covers the path, and that no middleware sets request.user. The server's log says more.";
const WRONG_PATH = "No NotifyApplication answers there: check the proxy, the site's prefix and NOTIFY_SOCKET_PATH.";

/**
 * Logs one line to the console that says why this page polls, as far as a page can find out.
 * Browsers hide the status of a failed handshake, so this requests the same path over plain HTTP.
 *
 * @param {{ status: { state: string } }} client
 * @param {string} socket its path
 * @param {{ fetch: typeof fetch, setTimeout: (callback: () => void, milliseconds: number) => unknown, warn: (line: string) => void }} world
 */
export function tellWhy(client, socket, { fetch, setTimeout, warn }) {
  setTimeout(async () => {
    if (client.status.state !== "polling") return;
    const answer = await fetch(socket, { cache: "no-store", redirect: "manual" }).catch(() => null);
    if (!answer || answer.status >= 500) return; // the network or the server is down: the path may be right
    const why = AT_THE_SOCKET.includes(answer.status) ? RIGHT_PATH : WRONG_PATH;
    const told = answer.status || "a redirect";
    warn(`notify: no socket at ${socket}, so this page polls. A plain request there returned ${told}. ${why}`);
  }, PATIENCE_MS);
}

let told = false;

/**
 * The same, once per page.
 *
 * @param {{ status: { state: string } }} client
 * @param {string} socket
 */
export function tellWhyOnce(client, socket) {
  if (told) return;
  tellWhy(client, socket, {
    fetch: (...request) => fetch(...request),
    setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
    warn: (line) => {
      if (!told) console.warn(line);
      told = true;
    },
  });
}
