// @ts-check
import { ofTab } from "./browser-storage.js";

const LOADED_ANEW = "notify-loaded-anew";

/** Ask for this page again, as whoever is signed in now. `reload()` might send a form once more. */
export function loadAnew() {
  location.replace(location.pathname + location.search);
}

/**
 * Another user has signed in: reload the page as that user. Only once, since reloading would loop if
 * the server returned the old user's page again; never where the browser cannot store that it has
 * reloaded.
 *
 * @param {string} user whose page it is
 */
export function loadAnewOnce(user) {
  if (ofTab.get(LOADED_ANEW) !== user && ofTab.set(LOADED_ANEW, user)) loadAnew();
}

/** The page is its user's: from now on another one would be loaded again. */
export function allowLoadingAnew() {
  ofTab.set(LOADED_ANEW, null);
}
