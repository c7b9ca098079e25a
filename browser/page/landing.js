// @ts-check
const NAMED = /([?&])notify-read=(\d{1,15})(&|(?=#)|$)/; // as notify/outbox/links.py writes it

/**
 * The link of a message leads to what a notice is about, and names the notice. It is read once the
 * page is on the screen: not when a program follows the link, or a browser loads it ahead.
 *
 * @param {{ mark: (as: "read", ids: number[]) => unknown }} client
 */
export function markLanding(client) {
  const id = NAMED.exec(location.href)?.[2];
  if (!id) return;
  const shown = () => {
    if (document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", shown);
    client.mark("read", [Number(id)]);
    // Not again with the next load, or with a copy of the address.
    const address = location.href.replace(NAMED, (_, before, _id, after) => (after ? before : ""));
    history.replaceState(history.state, "", address);
  };
  document.addEventListener("visibilitychange", shown);
  shown();
}
