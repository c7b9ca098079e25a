// @ts-check
import { ofSite } from "./browser-storage.js";

/** Where the user's id is kept: `storage` events of it tell other tabs that somebody else came. */
export const KEPT_USER = "notify-user";

/**
 * Whether the offline copy in this browser belongs to this user. False where there is none.
 *
 * @param {string} user
 */
export function isKeptUser(user) {
  return ofSite.get(KEPT_USER) === user;
}

/**
 * The offline copy belongs to one user. For another user, or nobody, the old copy is deleted.
 *
 * @param {string | null} user
 */
export function keepForUser(user) {
  if (user === null || !isKeptUser(user)) forgetInbox();
  ofSite.set(KEPT_USER, user);
}

export function forgetInbox() {
  try {
    indexedDB.deleteDatabase("notify"); // offline-store.js
  } catch {
    // blocked, so there is nothing to delete
  }
}
