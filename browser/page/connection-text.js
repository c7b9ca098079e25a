// @ts-check
import { messages } from "./messages.js";
import { UNSUPPORTED_PROTOCOL } from "../client/reconnecting.js";

const SILENT_MS = 5_000;
/** Why it does not come back by itself, by the close code: the server's own words are English. */
const STOPPED = new Map([
  [4400, () => messages.stoppedByError],
  [4403, () => messages.noAccess],
  [4409, () => messages.closedFromElsewhere],
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
  if (!online && status.state !== "live") {
    return { ...told, kind: "offline", text: messages.offline(liveUntil) };
  }
  switch (status.state) {
    case "live":
      return { ...told, text: messages.live };
    case "reconnecting": {
      const left = status.began + SILENT_MS - now;
      if (left > 0) return { ...told, kind: "live", text: messages.live, changesIn: left };
      return { ...told, text: messages.reconnecting };
    }
    case "polling":
      return { ...told, text: messages.polling };
    case "signed-out":
      return { ...told, text: messages.signedOut };
    case "other-user":
      return { ...told, text: messages.otherUser, action: "reload" };
    case "stopped":
      if (status.code === UNSUPPORTED_PROTOCOL) return { ...told, text: messages.outdated, action: "reload" };
      return { ...told, text: STOPPED.get(status.code ?? 0)?.() ?? messages.stopped, action: "reconnect" };
    default:
      return { ...told, text: messages.connecting };
  }
}
