// @ts-check
import { wants } from "./preferences.js";
import { safeUrl } from "./safe-url.js";

const VISIBLE_FIRST_MS = 400;
const HELD_MS = 10_000; // until every tab has received it
const SOUND_EVERY_MS = 3_000;

/** @typedef {import("../client/types.js").Row} Row */

/**
 * A sound and a desktop notification, where the user has enabled them: once per browser, however
 * many tabs received the notice, and not while one of them is visible. Of many at a time, one sounds.
 *
 * @param {import("../client/client.js").NotifyClient} client
 * @param {Row} row
 */
export async function alertOf(client, row) {
  if (!wants("sound") && !wants("desktop")) return;
  const isVisible = document.visibilityState === "visible";
  if (!isVisible) await new Promise((resolve) => setTimeout(resolve, VISIBLE_FIRST_MS));
  if (!(await isFirst(`alert ${client.epoch}:${row.arrived}`, HELD_MS)) || isVisible) return;
  if (wants("desktop")) showDesktop(client, row);
  if (wants("sound") && (await isFirst("sound", SOUND_EVERY_MS))) playSound();
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
function showDesktop(client, row) {
  if (!("Notification" in globalThis) || Notification.permission !== "granted") return;
  const { title, body, id } = row;
  const shown = new Notification(title, { body, tag: `notify-${id}`, silent: wants("sound") });
  shown.onclick = () => {
    shown.close();
    window.focus();
    client.mark("read", [id]);
    const url = safeUrl(row.url);
    if (url !== null) location.assign(url);
  };
}
