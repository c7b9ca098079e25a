// @ts-check
// The bell, and what it shares with the other scripts of a page: they import from here, so that the
// page has one client, and each module once (bundle.mjs).
import "./notify-bell.js";

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
