// @ts-check
import { keepOffline } from "../page/offline-store.js";
import { RowList } from "./row-list.js";

const SHOWN = 10;
const GAP_PX = 8;
const TIMES_EVERY_MS = 30_000;

/** What the bell opens: the newest ten. Made when somebody reaches for the bell. */
export class BellPanel {
  #bell;
  #panel;
  #rows;
  #isOpen = false;

  /** @param {import("./client-element.js").ClientElement} bell */
  constructor(bell) {
    this.#bell = bell;
    const { client } = bell;
    this.#panel = bell.find(".panel");
    this.#rows = new RowList({
      list: bell.find(".rows"),
      templates: /** @type {ShadowRoot} */ (bell.shadowRoot),
      intents: {
        open: (row) => row.read ?? client.mark("read", [row.id]),
        toggleRead: (row) => client.mark(row.read ? "unread" : "read", [row.id]),
        archive: (row) => client.mark("archived", [row.id]),
      },
    });
    bell.listen(bell.find(".read-all"), ["click"], () => client.markAll("read"));
    bell.listen(client, ["change"], () => this.#draw());
    bell.listen(window, ["resize", "scroll"], () => this.#place());
    bell.listen(this.#panel, ["keydown"], (event) => this.#pressed(event));
    void keepOffline(client);
    bell.every(() => this.#isOpen && this.#rows.drawTimes(), TIMES_EVERY_MS);
  }

  /** @param {boolean} isOpen */
  toggled(isOpen) {
    this.#isOpen = isOpen;
    this.#draw();
    this.#place();
  }

  #draw() {
    if (!this.#isOpen) return;
    const { notifications, unread, isLoaded } = this.#bell.client;
    const rows = notifications.slice(0, SHOWN);
    const hadFocus = this.#rows.focused !== null;
    this.#rows.draw(rows, isLoaded, rows.length === notifications.length);
    if (hadFocus && this.#rows.focused === null) this.#panel.focus();
    this.#bell.find(".rows").hidden = rows.length === 0;
    this.#bell.find(".panel-empty").hidden = !isLoaded || rows.length > 0;
    this.#bell.find(".read-all").hidden = unread === 0;
    // Arrivals while the panel is open count as seen.
    if (this.#bell.client.unseen > 0 && document.visibilityState === "visible") {
      this.#bell.client.mark("seen", rows.filter((row) => row.seen === null).map(({ id }) => id));
    }
  }

  /** Under the bell, its end at the bell's end, and always within the window. */
  #place() {
    if (!this.#isOpen) return;
    const bell = this.#bell.find(".bell").getBoundingClientRect();
    const width = this.#panel.offsetWidth;
    const isRtl = getComputedStyle(this.#bell).direction === "rtl";
    const wished = isRtl ? bell.left : bell.right - width;
    const left = Math.max(GAP_PX, Math.min(wished, document.documentElement.clientWidth - width - GAP_PX));
    this.#panel.style.setProperty("left", `${left}px`);
    this.#panel.style.setProperty("top", `${bell.bottom + GAP_PX}px`);
    this.#panel.style.setProperty("max-height", `${innerHeight - bell.bottom - 2 * GAP_PX}px`);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown" || event.key === "PageDown") this.#rows.move(1);
    else if (event.key === "ArrowUp" || event.key === "PageUp") this.#rows.move(-1);
    else if (event.key === "Enter" && this.#rows.focused?.element === event.target) this.#rows.focused?.open();
    else return;
    event.preventDefault();
  }
}
