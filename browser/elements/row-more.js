// @ts-check
import { inboxMessages } from "../page/inbox-messages.js";
import { menuScript } from "../page/menu-script.js";

/** @typedef {"menu" | "mute" | "why"} Start Where the menu of a row opens. */

/** Opens the menu of a row, whose script comes when it is first wanted. */
export class RowMore {
  #element;
  #place;
  #snackbar;
  /** @type {import("./row-menu.js").RowMenu | null} */
  #menu = null;

  /**
   * @param {import("./client-element.js").ClientElement} element
   * @param {Element} place in which the menu is put
   * @param {import("../page/snackbar.js").Snackbar} snackbar
   */
  constructor(element, place, snackbar) {
    this.#element = element;
    this.#place = place;
    this.#snackbar = snackbar;
  }

  /**
   * @param {import("../client/types.js").Row} row
   * @param {HTMLElement} from
   * @param {Start} start
   */
  async open(row, from, start) {
    try {
      const { RowMenu } = await menuScript();
      this.#menu ??= new RowMenu(this.#element, this.#place, this.#snackbar);
      await this.#menu.open(row, from, start);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the browser's own, of a script that does not load
      this.#snackbar.show(inboxMessages.menuFailed);
    }
  }
}
