// @ts-check
/**
 * This tab's name, and what tabs need to share one socket; without `share` where the browser lacks
 * it: Web Locks need HTTPS or localhost, and a sandboxed frame has no BroadcastChannel.
 *
 * @returns {{ tab: string, share?: Omit<import("../client/shared-connection.js").Share, "tab" | "catchUp"> }}
 */
export function sharing() {
  const { locks } = navigator;
  const tab = Math.random().toString(36).slice(2);
  try {
    new BroadcastChannel("notify").close();
  } catch {
    return { tab };
  }
  if (!locks) return { tab };
  const isVisible = () => document.visibilityState === "visible";
  return { tab, share: { locks, Channel: BroadcastChannel, isVisible } };
}
