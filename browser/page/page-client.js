// @ts-check
import { NotifyClient } from "../client/client.js";
import { forgetInbox, isKeptUser, keepForUser, KEPT_USER } from "./kept-user.js";
import { tellWhyOnce } from "./no-socket.js";
import { allowLoadingAnew, loadAnew, loadAnewOnce } from "./other-user.js";
import { pageConfig } from "./page-config.js";
import { sharing } from "./sharing.js";
import { goToSignIn } from "./sign-in.js";
import { elapsed } from "../client/steady-clock.js";
import { translate } from "./translation.js";
import { tellZone } from "./zone-cookie.js";

/** The person may be signing out in this very window: that page is on its way and goes first. */
const OTHERS_FIRST_MS = 5_000;

let left = -Infinity;

/** @type {NotifyClient | null} */
let client = null;
/** Whose page it was when it was loaded. */
let pageUser = "";
let pageScript = "";

/** The one client of this page, started; every element shows the same. */
export function pageClient() {
  if (!client) {
    const config = pageConfig();
    translate(config.texts);
    client = makeClient(config);
    pageUser = config.user;
    pageScript = pathOf(config.script);
    keepForUser(config.user);
    tellZone();
    const seed = document.getElementById("notify-seed")?.textContent;
    if (seed) client.seed(JSON.parse(seed));
    wakeUp(client, config.user);
    client.start();
  }
  return client;
}

/**
 * An element came to the page, perhaps with one that a library has put in place of another without
 * a load: somebody may have signed in meanwhile, or another release may be running. Elements that
 * the library has kept are still of the one before, so its own configuration counts.
 *
 * @param {HTMLElement} element
 * @returns {boolean} false where it is another's: nothing is to be drawn, as it is loaded anew
 */
export function elementCame(element) {
  const { user, script } = pageConfig(element.dataset.config ? element : undefined);
  const made = pageClient();
  const isOfThisPage = user === pageUser && pathOf(script) === pageScript;
  if (!isOfThisPage) {
    loadAnew();
  } else if (made.status.state === "signed-out") {
    keepForUser(user);
    made.forget(); // of before the sign-out; a page library may show a page of then
    made.start();
  }
  return isOfThisPage;
}

/** @param {string} address of a script, which may be signed anew in each page */
function pathOf(address) {
  return new URL(address, document.baseURI).pathname;
}

/** @param {import("./page-config.js").PageConfig} config */
function makeClient({ socket, api, csrf, user, login }) {
  const made = new NotifyClient({
    socket: new URL(socket, location.href.replace(/^http/, "ws")).href,
    api,
    csrf,
    user,
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
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted || isKeptUser(user)) return client.wake("pageshow");
    document.documentElement.hidden = true; // kept by the browser from before somebody else signed in
    loadAnew();
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === null || (key === KEPT_USER && newValue !== user)) void client.check();
  });
  addEventListener("beforeunload", () => (left = elapsed()));
  addEventListener("submit", () => (left = elapsed()), { capture: true }); // a page library may send it
  addEventListener("pagehide", () => client.flush());
  // A frozen tab's socket is of no use to it or to others: another one leads.
  document.addEventListener("freeze", () => {
    if (!["stopped", "signed-out", "other-user"].includes(client.status.state)) client.stop();
  });
  document.addEventListener("resume", () => {
    if (client.status.state === "idle") client.start();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") client.wake("visibilitychange");
  });
}
