// @ts-check
// What other scripts of a page import from the panel's script.
export { Arrivals } from "./elements/arrivals.js";
export { BellPanel } from "./elements/bell-panel.js";
export { InboxMarks } from "./elements/inbox-marks.js";
export { NewRows } from "./elements/new-rows.js";
export { RowList } from "./elements/row-list.js";
export { RowMore } from "./elements/row-more.js";
export { SeenWatcher } from "./elements/seen-watcher.js";
export { playSound } from "./page/alerts.js";
export { announce } from "./page/announcer.js";
export { connectionText } from "./page/connection-text.js";
export { keepOffline } from "./page/offline-store.js";
export { setShortcuts, setWanted, shortcutsAreOn, wants } from "./page/preferences.js";
export { clockTime } from "./page/relative-time.js";
export { inboxMessages } from "./page/inbox-messages.js";
export { setShown } from "./page/keep-focus.js";
export { Snackbar } from "./page/snackbar.js";
