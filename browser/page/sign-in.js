// @ts-check
import { ofTab } from "./browser-storage.js";

const SENT = "notify-sent-to-sign-in";
/** Who comes back so soon was not asked to sign in: the sign-in page took them for signed in. */
const BOUNCED_MS = 20_000;

/**
 * The sign-in page is told why it is asked for (`signed-out`) and what to lead back to (`next`).
 * Only while one of our elements is on the page: a page library may already show the site's own
 * signed-out page. Not again where the sign-in page led straight back, which would loop.
 *
 * @param {string} login
 */
export function goToSignIn(login) {
  if (!document.querySelector("[data-config]")) return;
  const [at, from] = (ofTab.get(SENT) ?? "").split(" ");
  if (from === location.href && Date.now() - Number(at) < BOUNCED_MS) {
    console.warn("notify: requests to its API get a redirect or a page instead of JSON, and the sign-in page leads back here. Pass /api/notify/ through to Django.");
    return;
  }
  ofTab.set(SENT, `${Date.now()} ${location.href}`);
  const page = new URL(login, location.href);
  const { origin, pathname, search, href } = location;
  page.searchParams.set("next", page.origin === origin ? pathname + search : href);
  page.searchParams.set("signed-out", "");
  location.assign(page.href);
}
