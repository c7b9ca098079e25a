// @ts-check
/**
 * What tabs need to share one socket; empty where the browser lacks it: Web Locks need HTTPS or
 * localhost, and a sandboxed frame has no BroadcastChannel.
 *
 * @returns {{ share?: Omit<import("../client/shared-connection.js").Share, "catchUp"> }}
 */
export function sharing() {
  const { locks } = navigator;
  try {
    new BroadcastChannel("notify").close();
  } catch {
    return {};
  }
  if (!locks) return {};
  const tab = crypto.randomUUID().slice(0, 8);
  const isVisible = () => document.visibilityState === "visible";
  return { share: { locks, Channel: BroadcastChannel, tab, isVisible } };
}
