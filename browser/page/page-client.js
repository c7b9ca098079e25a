// @ts-check
import { NotifyClient } from "../client/client.js";
import { declareCategories } from "./categories.js";
import { followLanguage } from "./chosen-language.js";
import { forgetInbox, isKeptUser, keepForUser, KEPT_USER } from "./kept-user.js";
import { markLanding } from "./landing.js";
import { tellWhyOnce } from "./no-socket.js";
import { allowLoadingAnew, loadAnew, loadAnewOnce } from "./other-user.js";
import { pageConfig } from "./page-config.js";
import { sharing } from "./sharing.js";
import { goToSignIn } from "./sign-in.js";
import { elapsed } from "../client/steady-clock.js";
import { translate } from "./translation.js";
import { browserZone, tellZone } from "./zone-cookie.js";

/** The user may be signing out in this very window: let that navigation finish first. */
const OTHERS_FIRST_MS = 5_000;

let left = -Infinity;

/** @type {NotifyClient | null} */
let client = null;
/** The user for whom the page was loaded. */
let pageUser = "";
let pageScript = "";

/** The one client of this page, started; every element shows the same. */
export function pageClient() {
  if (!client) {
    const config = pageConfig();
    translate(config.texts);
    declareCategories(config.categories);
    client = makeClient(config);
    pageUser = config.user;
    pageScript = pathOf(config.script);
    keepForUser(config.user);
    tellZone();
    const seed = document.getElementById("notify-seed")?.textContent;
    if (seed) client.seed(JSON.parse(seed));
    wakeUp(client, config.user);
    followLanguage(config.language, (language) => client?.speak(language));
    client.start();
    markLanding(client);
  }
  return client;
}

/**
 * Called when an element is added to the page. A page library may have swapped the page without a
 * load, and meanwhile another user may have signed in, or another release may be running. So each
 * element is judged by its own configuration; those that the library kept are the previous user's.
 *
 * @param {HTMLElement} element
 * @returns {boolean} false where it is another user's or release's: the page is reloaded, so draw nothing
 */
export function elementCame(element) {
  const { user, script } = pageConfig(element.dataset.config ? element : undefined);
  const made = pageClient();
  const isOfThisPage = user === pageUser && pathOf(script) === pageScript;
  if (!isOfThisPage) {
    loadAnew();
  } else if (made.status.state === "signed-out") {
    keepForUser(user);
    made.forget(); // a page library may restore a page from before the sign-out
    made.start();
  }
  return isOfThisPage;
}

/** @param {string} address of a script, which may be signed anew in each page */
function pathOf(address) {
  return new URL(address, document.baseURI).pathname;
}

/** @param {import("./page-config.js").PageConfig} config */
function makeClient({ socket, api, csrf, user, login, language }) {
  const made = new NotifyClient({
    socket: new URL(socket, location.href.replace(/^http/, "ws")).href,
    api,
    csrf,
    user,
    locale: { language, zone: browserZone() },
    WebSocket: globalThis.WebSocket,
    fetch: (...request) => fetch(...request),
    clock: {
      now: () => Date.now(),
      elapsed,
      setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
      clearTimeout: (handle) => clearTimeout(handle),
    },
    random: Math.random,
    ...sharing(),
  });
  made.addEventListener("state", () => {
    const { state } = made.status;
    if (state === "live") allowLoadingAnew();
    if (state === "polling") tellWhyOnce(made, socket);
    if (state === "other-user") loadAnewOnce(user);
    if (state !== "signed-out") return;
    forgetInbox();
    const signIn = () => made.status.state === state && goToSignIn(login);
    setTimeout(signIn, elapsed() - left < OTHERS_FIRST_MS ? OTHERS_FIRST_MS : 0);
  });
  return made;
}

/**
 * @param {NotifyClient} client
 * @param {string} user
 */
function wakeUp(client, user) {
  addEventListener("online", () => client.wake("online"));
  addEventListener("offline", () => client.wake("offline"));
  addEventListener("focus", () => client.wake("focus"));
  // An open socket, lock or channel keeps a page out of the back/forward cache, and a frozen tab
  // cannot serve the others: let another one lead.
  const rest = () => ["stopped", "signed-out", "other-user"].includes(client.status.state) || client.stop();
  const goOn = () => client.status.state === "idle" && client.start();
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted || isKeptUser(user)) return goOn() || client.wake("pageshow");
    document.documentElement.hidden = true; // from the back/forward cache, and another user has signed in since
    loadAnew();
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === null || (key === KEPT_USER && newValue !== user)) void client.check();
  });
  addEventListener("beforeunload", () => (left = elapsed()));
  addEventListener("submit", () => (left = elapsed()), { capture: true }); // a page library may send it
  addEventListener("pagehide", () => {
    client.flush();
    rest();
  });
  document.addEventListener("freeze", rest);
  document.addEventListener("resume", goOn);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") client.wake("visibilitychange");
  });
}
