// @ts-check
import { elapsed } from "../client/steady-clock.js";
import { pageClient } from "./page-client.js";

const SILENT_MS = 6_000;

/**
 * Watches a topic while the element is on the page and looked at. The tabs of a browser share a
 * socket, which may change hands, and another tab may have ended the watch: so a tab that hears
 * nothing for six seconds asks again.
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
  let asked = -Infinity; // -Infinity: this tab has no watch to end
  const end = () => {
    client.send({ type: "unwatch", topic });
    asked = -Infinity;
  };
  const look = (again = false) => {
    const now = elapsed();
    const isSilent = now - Math.max(heard, asked) >= SILENT_MS;
    if (!isLookedAt()) {
      if (asked !== -Infinity) end();
    } else if (isSilent || again) {
      if (isSilent) silent();
      if (client.send({ type: "watch", topic })) asked = now;
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
  client.addEventListener("state", () => look(), { signal });
  addEventListener("pagehide", end, { signal, capture: true }); // before the client stops
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    end();
  });
  look();
  return look;
}
