// @ts-check
// What the other scripts of a page import from the bell's script, so that a page has one client, and
// each module once.
export { categoryIcon, categoryLabel } from "./page/categories.js";
export { ofSite } from "./page/browser-storage.js";
export { ClientElement } from "./elements/client-element.js";
export { HttpError } from "./client/http.js";
export { browserZone } from "./page/zone-cookie.js";
export { isKeptUser } from "./page/kept-user.js";
export { messages } from "./page/messages.js";
export { clone, giveFocusBack, part, write } from "./page/dom.js";
export { pageClient } from "./page/page-client.js";
export { pageConfig } from "./page/page-config.js";
export { pageLanguage } from "./page/page-language.js";
export { UNSUPPORTED_PROTOCOL } from "./client/reconnecting.js";
export { showPanel } from "./elements/panel-state.js";
export { elapsed } from "./client/steady-clock.js";
export { say, written } from "./page/translation.js";
