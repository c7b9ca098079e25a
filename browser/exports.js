// @ts-check
// What the other scripts of a page import from the bell's script, so that a page has one client, and
// each module once.
export { playSound } from "./page/alerts.js";
export { announce } from "./page/announcer.js";
export { ofSite } from "./page/browser-storage.js";
export { ClientElement } from "./elements/client-element.js";
export { HttpError } from "./client/http.js";
export { messages } from "./page/messages.js";
export { clone, part, write } from "./page/dom.js";
export { keepOffline } from "./page/offline-store.js";
export { pageClient } from "./page/page-client.js";
export { pageConfig } from "./page/page-config.js";
export { pageLanguage } from "./page/page-language.js";
export { setWanted, wants } from "./page/preferences.js";
export { UNSUPPORTED_PROTOCOL } from "./client/reconnecting.js";
export { clockTime } from "./page/relative-time.js";
export { RowList } from "./elements/row-list.js";
export { say, written } from "./page/translation.js";
export { elapsed } from "./client/steady-clock.js";
