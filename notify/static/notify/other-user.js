// @ts-check
const RELOADED = "notify-reloaded"; // page-client.js removes it

/**
 * Somebody else has signed in: load the page as theirs. Once: where the server makes the same
 * user's page again and refuses what it asks for, another time would not help.
 *
 * @param {string} user whose page it is
 */
export function reloadOnce(user) {
  if (sessionStorage.getItem(RELOADED) === user) return;
  sessionStorage.setItem(RELOADED, user);
  location.reload();
}
