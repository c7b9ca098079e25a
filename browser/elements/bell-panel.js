// @ts-check
import { InboxMarks } from "./inbox-marks.js";
import { connectionText } from "../page/connection-text.js";
import { messages } from "../page/messages.js";
import { keepOffline } from "../page/offline-store.js";
import { showPanel } from "./panel-state.js";
import { clockTime } from "../page/relative-time.js";
import { NewRows } from "./new-rows.js";
import { RowList } from "./row-list.js";
import { RowMore } from "./row-more.js";
import { SeenWatcher } from "./seen-watcher.js";
import { shortcutsAreOn } from "../page/preferences.js";
import { Snackbar } from "../page/snackbar.js";
import { elapsed } from "../client/steady-clock.js";
import { say } from "../page/translation.js";

const SHOWN = 10;
const GAP_PX = 8;
const TIMES_EVERY_MS = 30_000;
/** What is not here by then is said to be missing, though it is still tried. */
const PATIENCE_MS = 10_000;
const QUIET = ["live", "idle", "connecting"];

/** What the bell opens: the newest ten. Made when somebody reaches for the bell. */
export class BellPanel {
  #bell;
  #panel;
  #rows;
  #fresh;
  #snackbar;
  #isOpen = false;
  /** Until when what is held was kept current, milliseconds since 1970; 0: it is. */
  #liveUntil = 0;
  #later = 0;

  /** @param {import("./client-element.js").ClientElement} bell */
  constructor(bell) {
    this.#bell = bell;
    const { client } = bell;
    this.#panel = bell.find(".panel");
    this.#snackbar = new Snackbar(bell.find(".snack"), () => this.#rows.move(1) || this.#panel.focus());
    const marks = new InboxMarks(client, this.#snackbar);
    const more = new RowMore(bell, this.#panel, this.#snackbar);
    this.#rows = new RowList({
      list: bell.find(".rows"),
      templates: /** @type {ShadowRoot} */ (bell.shadowRoot),
      intents: {
        open: (row) => marks.read(row),
        toggleRead: (row) => marks.toggleRead(row),
        archive: (row) => marks.archive(row),
        more: (...asked) => void more.open(...asked),
      },
      watcher: new SeenWatcher((ids) => this.#seen(ids), bell.connected.signal),
    });
    this.#fresh = new NewRows({
      list: bell.find(".rows"),
      pill: bell.find(".panel-new"),
      shown: () => this.#toTop(),
      isScrolled: () => this.#panel.scrollTop > 0,
    });
    bell.listen(bell.find(".rows"), ["pointerleave"], () => this.#draw());
    bell.listen(bell.find(".read-all"), ["click"], () => marks.readAll());
    bell.listen(client, ["refused"], (event) => this.#isOpen && marks.refused(/** @type {CustomEvent} */ (event).detail));
    bell.listen(bell.find(".panel-action"), ["click"], () => this.#retry());
    bell.listen(client, ["change", "state"], () => this.#draw());
    bell.listen(window, ["online", "offline"], () => this.#draw());
    if (!CSS.supports("anchor-name", "--bell")) bell.listen(window, ["resize", "scroll"], () => this.#place());
    bell.listen(this.#panel, ["keydown"], (event) => this.#pressed(event));
    void keepOffline(client).then((at) => at && this.#keptAt(at));
    bell.every(() => this.#isOpen && this.#rows.drawTimes(), TIMES_EVERY_MS);
    this.#followConnection();
  }

  opens() {
    this.#isOpen = true;
    this.#fresh.release();
    this.#rows.drawTimes();
    this.#bell.client.opened();
    this.#draw();
    if (!CSS.supports("anchor-name", "--bell")) requestAnimationFrame(() => this.#place());
  }

  closed() {
    this.#isOpen = false;
    this.#snackbar.hide();
  }

  #draw() {
    this.#followConnection();
    if (!this.#isOpen) return;
    const { notifications, unread, isLoaded } = this.#bell.client;
    const rows = this.#fresh.admitted(notifications).slice(0, SHOWN);
    const hadFocus = this.#panel.contains(this.#bell.shadowRoot?.activeElement ?? null);
    this.#rows.draw(rows, isLoaded, rows.length === notifications.length);
    this.#bell.find(".rows").hidden = rows.length === 0;
    this.#bell.find(".read-all").hidden = unread === 0;
    this.#drawState(rows.length > 0);
    if (hadFocus && !this.#bell.shadowRoot?.activeElement?.checkVisibility()) this.#panel.focus(); // it was in what is gone
  }

  /**
   * To open it is to hear the bell; what stood on the screen is seen. What waits above it rings on.
   *
   * @param {Set<number>} ids
   */
  #seen(ids) {
    const { client } = this.#bell;
    client.see(ids);
    if (this.#bell.find(".panel-new").hidden) client.opened();
  }

  #toTop() {
    this.#draw();
    this.#panel.scrollTop = 0;
    this.#rows.move(1);
  }

  /** @param {boolean} hasRows */
  #drawState(hasRows) {
    const { isLoaded, status } = this.#bell.client;
    const liveUntil = isLoaded && this.#liveUntil ? clockTime(new Date(this.#liveUntil), new Date()) : null;
    const now = elapsed();
    const { kind, text, action, changesIn } = connectionText(status, { online: navigator.onLine, now, liveUntil });
    const left = isLoaded ? changesIn : (changesIn ?? status.began + PATIENCE_MS - now);
    clearTimeout(this.#later);
    if (left !== null && left > 0) this.#later = this.#bell.later(() => this.#draw(), left);
    const note = QUIET.includes(kind) ? "" : text;
    const label = action && (action === "reload" ? say("Reload") : say("Reconnect"));
    if (isLoaded) showPanel(this.#bell, hasRows ? "rows" : "empty", note, label);
    else if (!note && (left ?? 0) > 0) showPanel(this.#bell, "loading");
    else showPanel(this.#bell, "failed", kind === "offline" ? note : messages.panelFailed, label || messages.tryAgain);
  }

  /** Since when it is not live any more, whatever it went through since. */
  #followConnection() {
    const { state, since } = this.#bell.client.status;
    if (state === "live") this.#liveUntil = 0;
    else this.#liveUntil ||= since;
  }

  /** @param {number} at when the copy that this browser has kept was current */
  #keptAt(at) {
    if (this.#liveUntil) this.#liveUntil = at; // this page has never been live
    this.#draw();
  }

  #retry() {
    const { client } = this.#bell;
    if (connectionText(client.status, { online: navigator.onLine, now: elapsed() }).action === "reload") return location.reload();
    client.stop();
    client.start();
  }

  /** Where CSS cannot: under the bell, its end at the bell's end, and always within the window. */
  #place() {
    if (!this.#isOpen) return;
    const bell = this.#bell.find(".bell").getBoundingClientRect();
    const width = this.#panel.offsetWidth;
    const isRtl = getComputedStyle(this.#bell).direction === "rtl";
    const wished = isRtl ? bell.left : bell.right - width;
    const left = Math.max(GAP_PX, Math.min(wished, document.documentElement.clientWidth - width - GAP_PX));
    this.#panel.style.setProperty("inset", `${bell.bottom + GAP_PX}px auto auto ${left}px`);
    this.#panel.style.setProperty("max-block-size", `${innerHeight - bell.bottom - 2 * GAP_PX}px`);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown" || event.key === "PageDown") this.#rows.move(1);
    else if (event.key === "ArrowUp" || event.key === "PageUp") this.#rows.move(-1);
    else if (event.key === "z" && shortcutsAreOn()) this.#snackbar.act();
    else if (event.key === "m" && shortcutsAreOn()) this.#rows.focused?.more("mute");
    else if (event.key === "w" && shortcutsAreOn()) this.#rows.focused?.more("why");
    else if (event.key === "Enter" && this.#rows.focused?.element === event.target) this.#rows.focused?.open();
    else return;
    event.preventDefault();
  }
}
