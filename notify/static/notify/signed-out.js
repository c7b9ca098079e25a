// @ts-check
// On pages of those who are not signed in: what was kept for the one before goes.
indexedDB.deleteDatabase("notify"); // offline-store.js
