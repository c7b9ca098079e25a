// @ts-check
// What other scripts of a page import from the panel's script.
export { Arrivals } from "./elements/arrivals.js";
export { BellPanel } from "./elements/bell-panel.js";
export { NewRows } from "./elements/new-rows.js";
export { RowList } from "./elements/row-list.js";
export { SeenWatcher } from "./elements/seen-watcher.js";
export { playSound } from "./page/alerts.js";
export { announce } from "./page/announcer.js";
export { connectionText } from "./page/connection-text.js";
export { keepOffline } from "./page/offline-store.js";
export { setWanted, wants } from "./page/preferences.js";
export { clockTime } from "./page/relative-time.js";
export { inboxMessages } from "./page/inbox-messages.js";
