// @ts-check
import { ofSite } from "./browser-storage.js";

/** Where the user's id is kept: `storage` events of it tell other tabs that somebody else came. */
export const KEPT_USER = "notify-user";

/**
 * Whether what this browser keeps for reading without a network is this user's. False where it keeps
 * nothing.
 *
 * @param {string} user
 */
export function isKeptUser(user) {
  return ofSite.get(KEPT_USER) === user;
}

/**
 * What is kept is one person's: with another, or nobody, what was there goes.
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
    // it is blocked, so nothing is in it
  }
}
