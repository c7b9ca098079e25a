// @ts-check
// What the other scripts of a page take from the bell's, so that the page has one client, and each
// module once.
export { playSound } from "./alerts.js";
export { announce } from "./announcer.js";
export { ofSite } from "./browser-storage.js";
export { ClientElement } from "./client-element.js";
export { HttpError } from "./http.js";
export { messages } from "./messages.js";
export { keepOffline } from "./offline-store.js";
export { pageClient } from "./page-client.js";
export { pageConfig } from "./page-config.js";
export { pageLanguage } from "./page-language.js";
export { setWanted, wants } from "./preferences.js";
export { UNSUPPORTED_PROTOCOL } from "./reconnecting.js";
export { clockTime } from "./relative-time.js";
export { RowList } from "./row-list.js";
export { elapsed } from "./steady-clock.js";
