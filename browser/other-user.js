// @ts-check
const LOADED_ANEW = "notify-loaded-anew"; // page-client.js removes it

/** Ask for this page again, as whoever is signed in now. `reload()` might send a form once more. */
export function loadAnew() {
  location.replace(location.pathname + location.search);
}

/**
 * Somebody else has signed in: load the page as theirs. Only once: if the server returns the same
 * user's page again, reloading would loop.
 *
 * @param {string} user whose page it is
 */
export function loadAnewOnce(user) {
  if (sessionStorage.getItem(LOADED_ANEW) === user) return;
  sessionStorage.setItem(LOADED_ANEW, user);
  loadAnew();
}
