// @ts-check
import { pageClient } from "./page-client.js";
import { elapsed } from "./steady-clock.js";

const SILENT_MS = 6_000;

/**
 * Watches a topic for as long as the element is on the page. The tabs of a browser share a socket,
 * which may change hands, and another tab may have ended the watch: whoever hears nothing asks
 * again.
 *
 * @param {string} topic
 * @param {AbortSignal} signal
 * @param {{ figures: (data: any) => void, silent: () => void }} listener
 */
export function watch(topic, signal, { figures, silent }) {
  const client = pageClient();
  let heard = -Infinity;
  let asked = -Infinity;
  const ask = () => {
    const now = elapsed();
    if (now - Math.max(heard, asked) < SILENT_MS) return;
    if (heard !== 0) silent();
    if (client.send({ type: "watch", topic })) asked = now;
  };
  const timer = setInterval(ask, 1_000);
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
  client.addEventListener("state", ask, { signal });
  const end = () => client.send({ type: "unwatch", topic });
  addEventListener("pagehide", end, { signal });
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    end();
  });
  ask();
}
