// @ts-check
import { inboxMessages } from "./inbox-messages.js";
import { UNSUPPORTED_PROTOCOL } from "../client/reconnecting.js";

const SILENT_MS = 5_000;
/** Why it does not come back by itself, by the close code: the server's own words are English. */
const STOPPED = new Map([
  [4400, () => inboxMessages.stoppedByError],
  [4403, () => inboxMessages.noAccess],
  [4409, () => inboxMessages.closedFromElsewhere],
]);

/**
 * The connection's state in words for the user.
 *
 * @param {import("../client/types.js").Status} status
 * @param {object} moment
 * @param {boolean} moment.online whether the browser has a network
 * @param {number} moment.now by the clock of `status.began`
 * @param {string | null} [moment.liveUntil] until when what is shown was kept current
 * @returns {{ kind: string, text: string, action: "" | "reload" | "reconnect", changesIn: number | null }}
 *   `changesIn`: milliseconds until the text changes by itself
 */
export function connectionText(status, { online, now, liveUntil = null }) {
  const told = { kind: status.state, action: /** @type {const} */ (""), changesIn: null };
  const stale = (/** @type {string} */ text) => inboxMessages.stale(text, liveUntil);
  if (!online && status.state !== "live") return { ...told, kind: "offline", text: stale(inboxMessages.offline) };
  switch (status.state) {
    case "live":
      return { ...told, text: inboxMessages.live };
    case "reconnecting": {
      const left = status.began + SILENT_MS - now;
      if (left > 0) return { ...told, kind: "live", text: inboxMessages.live, changesIn: left };
      return { ...told, text: stale(inboxMessages.reconnecting) };
    }
    case "polling":
      if (status.isReached === undefined) return { ...told, kind: "reconnecting", text: stale(inboxMessages.reconnecting) };
      if (status.isReached) return { ...told, text: inboxMessages.polling };
      return { ...told, kind: "unreachable", text: inboxMessages.unreachable(liveUntil) };
    case "signed-out":
      return { ...told, text: inboxMessages.signedOut };
    case "other-user":
      return { ...told, text: inboxMessages.otherUser, action: "reload" };
    case "stopped":
      if (status.code === UNSUPPORTED_PROTOCOL) return { ...told, text: inboxMessages.outdated, action: "reload" };
      return { ...told, text: stale(STOPPED.get(status.code ?? 0)?.() ?? inboxMessages.stopped), action: "reconnect" };
    default:
      return { ...told, text: inboxMessages.connecting };
  }
}
