// @ts-check
// On pages of those who are not signed in: what was kept for the one before goes, and their other
// tabs hear of it.
localStorage.removeItem("notify-user"); // page-client.js
indexedDB.deleteDatabase("notify"); // offline-store.js
