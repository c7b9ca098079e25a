// @ts-check
import { elapsed } from "../client/steady-clock.js";
import { pageClient } from "./page-client.js";

const SILENT_MS = 6_000;

/**
 * Watches a topic while the element is on the page and looked at. The tabs of a browser share a
 * socket, and the one that has it keeps the watch until no tab wants it: so each tab asks, even if
 * it hears the figures already, and asks again once the connection has changed, and where it hears
 * nothing for six seconds.
 *
 * @param {string} topic
 * @param {AbortSignal} signal ends the watch
 * @param {object} listener
 * @param {(data: any) => void} listener.figures
 * @param {() => void} [listener.silent] called when nothing is heard any more
 * @param {() => boolean} [listener.isLookedAt]
 * @returns {(again?: boolean) => void} to be called where `isLookedAt` may have changed; `again` asks
 *   even if something was heard a moment ago
 */
export function watch(topic, signal, { figures, silent = () => undefined, isLookedAt = () => true }) {
  const client = pageClient();
  let heard = -Infinity;
  let asked = -Infinity;
  let isWatching = false;
  const end = () => {
    client.send({ type: "unwatch", topic });
    asked = -Infinity;
    isWatching = false;
  };
  const look = (again = false) => {
    const now = elapsed();
    const isSilent = now - Math.max(heard, asked) >= SILENT_MS;
    if (!isLookedAt()) {
      if (isWatching) end();
    } else if (isSilent || again || !isWatching) {
      if (isSilent) silent();
      isWatching = client.send({ type: "watch", topic });
      if (isWatching) asked = now;
    }
  };
  const timer = setInterval(look, 1_000);
  client.addEventListener(
    "figures",
    (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      if (detail.topic !== topic) return;
      heard = elapsed();
      figures(detail.data);
    },
    { signal },
  );
  const lookAnew = () => {
    isWatching = false;
    look();
  };
  client.addEventListener("state", lookAnew, { signal });
  addEventListener("pagehide", end, { signal, capture: true }); // before the client stops
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    end();
  });
  look();
  return look;
}
