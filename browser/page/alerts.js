// @ts-check
import { elapsed } from "../client/steady-clock.js";
import { pageConfig } from "./page-config.js";
import { plainText } from "./plain-text.js";
import { wants } from "./preferences.js";
import { safeUrl } from "./safe-url.js";
import { manyText, Storm } from "./storm.js";

const VISIBLE_FIRST_MS = 400;
const HELD_MS = 10_000; // until every tab has received it
const SOUND_EVERY_MS = 3_000;
const CALM_MS = 8_000;

/** @typedef {import("../client/types.js").Row} Row */

const storm = new Storm();
/** When the last of many was folded. */
let folded = -Infinity;
/** The last of many that wait to be told. @type {Row | null} */
let gathered = null;
/** Whether this storm has been told already. */
let isTold = false;
/** What a storm folds. @type {Set<Notification>} */
const singles = new Set();

/**
 * A sound and a desktop notification, where the user has enabled them: once per browser, however
 * many tabs received the notice, and not while one of them is visible. Critical ones aside, those of
 * a storm become one, which tells the bell's number and sounds once.
 *
 * @param {import("../client/client.js").NotifyClient} client
 * @param {Row} row
 */
export async function alertOf(client, row) {
  if (!wants("sound") && !wants("desktop")) return;
  const isCritical = row.level === "critical";
  const isOneOfMany = storm.takes(row) || (!isCritical && isStormy());
  if (document.visibilityState === "visible") return void isFirstOf(client, row);
  if (isOneOfMany) {
    isTold &&= isStormy();
    folded = elapsed();
    const isGathering = gathered !== null;
    gathered = row;
    if (isGathering) return;
  }
  await new Promise((resolve) => setTimeout(resolve, VISIBLE_FIRST_MS));
  if (isOneOfMany) return tellMany(client);
  if ((!isCritical && isStormy()) || !(await isFirstOf(client, row))) return;
  if (wants("desktop")) showOne(client, row);
  await sound();
}

/** Whether what arrives is folded, as the storm is not over for long. */
function isStormy() {
  return elapsed() - folded < CALM_MS;
}

/** @param {import("../client/client.js").NotifyClient} client */
async function tellMany(client) {
  const last = /** @type {Row} */ (gathered);
  gathered = null;
  for (const single of singles) single.close();
  singles.clear();
  if (!(await isFirstOf(client, last))) return;
  if (wants("desktop")) showMany(client);
  if (!isTold) await sound();
  isTold = true;
}

async function sound() {
  if (wants("sound") && (await isFirst("sound", SOUND_EVERY_MS))) playSound();
}

/**
 * Whether no other tab tells of it; from now on none will.
 *
 * @param {import("../client/client.js").NotifyClient} client
 * @param {Row} row
 */
function isFirstOf({ epoch }, { arrived }) {
  return isFirst(`alert ${epoch}:${arrived}`, HELD_MS);
}

/**
 * Whether no tab has claimed this. A lock decides at once; a write to `localStorage` may reach another
 * tab too late.
 *
 * @param {string} what
 * @param {number} held for how long nobody else may claim it, in milliseconds
 * @returns {Promise<boolean>}
 */
function isFirst(what, held) {
  const { locks } = navigator;
  if (!locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    void locks.request(`notify ${what}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise((release) => setTimeout(release, held));
    }).catch(() => resolve(true)); // no Web Locks for this page, as in a sandboxed frame
  });
}

/** Two short tones; where the browser wants a click on the page first, it stays silent. */
export function playSound() {
  if (!globalThis.AudioContext) return; // as in the lockdown mode of iOS
  const context = new AudioContext();
  const volume = new GainNode(context, { gain: 0.08 });
  volume.connect(context.destination);
  for (const [start, frequency] of /** @type {const} */ ([[0, 660], [0.12, 880]])) {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(volume);
    tone.start(context.currentTime + start);
    tone.stop(context.currentTime + start + 0.1);
    tone.onended = () => start && context.close();
  }
}

/**
 * @param {import("../client/client.js").NotifyClient} client
 * @param {Row} row
 */
function showOne(client, { title, body, id, url, level }) {
  const options = { body: plainText(body), tag: `notify-${id}`, silent: wants("sound") };
  const shown = show(plainText(title), options, () => {
    client.mark("read", [id]);
    return safeUrl(url);
  });
  if (!shown || level === "critical") return;
  singles.add(shown);
  shown.onclose = () => singles.delete(shown);
}

/** @param {import("../client/client.js").NotifyClient} client */
function showMany(client) {
  const options = { tag: "notify-many", silent: isTold || wants("sound") };
  show(manyText(client), options, () => (document.querySelector("notify-inbox") ? null : pageConfig().inbox));
}

/**
 * @param {string} title
 * @param {NotificationOptions} options one with the same `tag` replaces the one before
 * @param {() => string | null} opened what it leads to
 */
function show(title, options, opened) {
  if (!("Notification" in globalThis) || Notification.permission !== "granted") return null;
  const shown = new Notification(title, options);
  shown.onclick = () => {
    shown.close();
    window.focus();
    const url = opened();
    if (url !== null) location.assign(url);
  };
  return shown;
}
