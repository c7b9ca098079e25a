// @ts-check
import { NotifyClient } from "./client.js";
import { tellWhyOnce } from "./no-socket.js";
import { loadAnew, loadAnewOnce } from "./other-user.js";
import { pageConfig } from "./page-config.js";
import { elapsed } from "./steady-clock.js";
import { translate } from "./translation.js";

/** The person may be signing out in this very window: that page is on its way and goes first. */
const OTHERS_FIRST_MS = 5_000;

let left = -Infinity;

/** @type {NotifyClient | null} */
let client = null;

/** The one client of this page, started; every element shows the same. */
export function pageClient() {
  if (!client) {
    const config = pageConfig();
    translate(config.texts);
    client = makeClient(config);
    keepForOne(config.user);
    tellZone();
    const seed = document.getElementById("notify-seed")?.textContent;
    if (seed) client.seed(JSON.parse(seed));
    wakeUp(client, config.user);
    client.start();
  }
  return client;
}

/** @param {import("./page-config.js").PageConfig} config */
function makeClient({ socket, api, csrf, user, login }) {
  const made = new NotifyClient({
    socket: new URL(socket, location.href.replace(/^http/, "ws")).href,
    api,
    csrf,
    user,
    WebSocket,
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
    if (state === "live") sessionStorage.removeItem("notify-loaded-anew"); // other-user.js
    if (state === "polling") tellWhyOnce(made, socket);
    if (state === "other-user") loadAnewOnce(user);
    if (state !== "signed-out") return;
    forget();
    setTimeout(() => signIn(login), elapsed() - left < OTHERS_FIRST_MS ? OTHERS_FIRST_MS : 0);
  });
  return made;
}

/**
 * What is kept for reading without a network is one person's.
 *
 * @param {string} user
 */
function keepForOne(user) {
  if (localStorage.getItem("notify-user") !== user) forget();
  localStorage.setItem("notify-user", user);
}

function forget() {
  indexedDB.deleteDatabase("notify"); // offline-store.js
}

/** For the times that the server writes, which stay as they are where no script runs. */
function tellZone() {
  const cookie = `notify_zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  const secure = location.protocol === "https:" ? ";secure" : "";
  if (!document.cookie.split("; ").includes(cookie)) {
    document.cookie = `${cookie};path=/;max-age=31536000;samesite=lax${secure}`;
  }
}

/** One socket for all tabs, where the browser can: Web Locks need HTTPS or localhost. */
function sharing() {
  const { locks } = navigator;
  if (!locks || !globalThis.BroadcastChannel) return {};
  const tab = crypto.randomUUID().slice(0, 8);
  const isVisible = () => document.visibilityState === "visible";
  return { share: { locks, Channel: BroadcastChannel, tab, isVisible } };
}

/** @param {string} login */
function signIn(login) {
  const page = new URL(login, location.href);
  const { origin, pathname, search, href } = location;
  page.searchParams.set("next", page.origin === origin ? pathname + search : href);
  location.assign(page.href);
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
    if (!persisted || localStorage.getItem("notify-user") === user) return client.wake("pageshow");
    document.documentElement.hidden = true; // kept by the browser from before somebody else signed in
    loadAnew();
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === "notify-user" && newValue !== user) void client.check();
  });
  addEventListener("beforeunload", () => (left = elapsed()));
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
