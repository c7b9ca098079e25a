// @ts-check
import { playSound } from "../page/alerts.js";
import { ClientElement } from "./client-element.js";
import { inboxMessages } from "../page/inbox-messages.js";
import { setWanted, wants } from "../page/preferences.js";

/** Switches for sound and desktop notifications; the browser is asked on a click only. */
export class NotifyAlerts extends ClientElement {
  ready() {
    for (const alert of /** @type {const} */ (["sound", "desktop"])) {
      const box = /** @type {HTMLInputElement} */ (this.querySelector(`[name=${alert}]`));
      box.checked = wants(alert) && (alert === "sound" || isAllowed());
      this.listen(box, ["change"], () => void this.#set(alert, box));
    }
  }

  /**
   * @param {import("../page/preferences.js").Alert} alert
   * @param {HTMLInputElement} box
   */
  async #set(alert, box) {
    this.#say("");
    if (box.checked && alert === "sound") playSound();
    if (box.checked && alert === "desktop" && !(await mayShow())) {
      box.checked = false;
      this.#say(inboxMessages.blocked);
    }
    setWanted(alert, box.checked);
  }

  /** @param {string} text */
  #say(text) {
    const output = this.querySelector("output");
    if (output) output.textContent = text;
  }
}

function isAllowed() {
  return "Notification" in globalThis && Notification.permission === "granted";
}

async function mayShow() {
  return "Notification" in globalThis && (await Notification.requestPermission()) === "granted";
}
