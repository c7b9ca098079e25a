// @ts-check
import { announce } from "../page/announcer.js";
import { ClientElement } from "./client-element.js";
import { HttpError } from "../client/http.js";
import { InboxKeys } from "./inbox-keys.js";
import { InboxQuery } from "./inbox-query.js";
import { InboxStatus } from "./inbox-status.js";
import { InboxView } from "../client/inbox-view.js";
import { messages } from "../page/messages.js";
import { NewRows } from "./new-rows.js";
import { keepOffline } from "../page/offline-store.js";
import { RowList } from "./row-list.js";
import { SeenWatcher } from "./seen-watcher.js";
import { Snackbar } from "../page/snackbar.js";

const TIMES_EVERY_MS = 30_000;
const NO_FRAME_MS = 250;
const AHEAD = "600px"; // distance below the screen at which the next page is loaded

/** @typedef {import("../client/types.js").Row} Row */

/** The whole inbox, live. */
export class NotifyInbox extends ClientElement {
  #rows = /** @type {RowList} */ (/** @type {unknown} */ (null));
  #snackbar = /** @type {Snackbar} */ (/** @type {unknown} */ (null));
  #query = /** @type {InboxQuery} */ (/** @type {unknown} */ (null));
  #view = /** @type {InboxView} */ (/** @type {unknown} */ (null));
  #fresh = /** @type {NewRows} */ (/** @type {unknown} */ (null));
  #status = /** @type {InboxStatus} */ (/** @type {unknown} */ (null));
  #drawing = 0;
  #mayLoadByScrolling = true;

  ready() {
    this.querySelector("#notify-seed")?.remove(); // the client has read it; copies of the page must not keep rows
    this.#query = new InboxQuery(this, () => this.#show());
    this.#status = new InboxStatus(this);
    this.#snackbar = new Snackbar(this.find(".snack"));
    this.#fresh = new NewRows({ list: this.#list, pill: this.find(".pill"), shown: () => this.#toTop() });
    this.#rows = new RowList({
      list: this.#list,
      templates: /** @type {ShadowRoot} */ (this.shadowRoot),
      intents: {
        open: (row) => this.#read(row),
        toggleRead: (row) => this.client.mark(row.read ? "unread" : "read", [row.id]),
        archive: (row) => this.#archive(row),
      },
      watcher: new SeenWatcher((ids) => this.#seen(ids), this.connected.signal),
    });
    this.#listen();
    announce(this.client);
    void keepOffline(this.client).then((at) => at && this.#status.keptAt(at));
    this.#show();
  }

  focus() {
    this.find("#title").focus();
  }

  get #list() {
    return this.find(".rows");
  }

  #listen() {
    this.listen(this.client, ["change"], () => this.#drawSoon());
    this.listen(this.client, ["refused"], () => this.#snackbar.show(messages.refused));
    this.listen(this.find(".read-all"), ["click"], (event) => {
      event.preventDefault(); // it belongs to a form that works without JavaScript
      this.client.markAll("read");
    });
    this.listen(this.find(".load-more"), ["click"], () => void this.#loadMore());
    this.every(() => this.#rows.drawTimes(), TIMES_EVERY_MS);
    const ahead = new IntersectionObserver(([entry]) => this.#reachedEnd(entry), { rootMargin: AHEAD });
    ahead.observe(this.find(".more"));
    this.connected.signal.addEventListener("abort", () => (ahead.disconnect(), this.#view.leave()));
    new InboxKeys(this, {
      move: (step) => this.#rows.move(step),
      open: () => this.#openFocused(),
      archive: () => this.#rows.focused && this.#archive(this.#rows.focused.row),
      unread: () => this.#rows.focused && this.client.mark("unread", [this.#rows.focused.row.id]),
      readAll: () => this.client.markAll("read"),
      search: () => this.find("[name=q]").focus(),
      leave: () => this.#leave(),
    });
  }

  /** Another tab or filter. */
  #show() {
    this.#view?.leave();
    this.#view = new InboxView(this.client, this.#query.current);
    this.#fresh.release();
    this.#mayLoadByScrolling = true;
    this.#isLoadingMore(false);
    this.#drawSoon();
  }

  /** A hundred changes in one frame of the screen are one drawing. */
  #drawSoon() {
    if (this.#drawing) return;
    const draw = () => {
      cancelAnimationFrame(frame);
      clearTimeout(this.#drawing);
      this.#drawing = 0;
      this.#draw();
    };
    const frame = requestAnimationFrame(draw);
    this.#drawing = window.setTimeout(draw, NO_FRAME_MS); // a hidden page gets no frames
  }

  #draw() {
    if (this.#view.isVoid) void this.#load();
    const { failed } = this.#status.draw();
    const { isLoaded, hasMore, isFiltered, query } = this.#view;
    this.find(".skeleton").hidden = isLoaded || failed || this.#list.childElementCount > 0;
    if (!isLoaded) return; // keep what is there: rendered by the server, or the previous tab's
    const rows = this.#view.rows;
    this.#drawRows(this.#fresh.admitted(rows), !hasMore);
    this.#drawCounts();
    const nothing = rows.length === 0 && !hasMore;
    this.#list.hidden = rows.length === 0;
    this.find(".empty").hidden = !nothing || isFiltered;
    this.find(".nothing").hidden = !nothing || !isFiltered;
    this.find(".empty .lead").textContent = query.tab === "archived" ? messages.noneArchived : messages.caughtUp;
    this.find(".empty .hint").textContent = query.tab === "archived" ? messages.archivedHint : messages.caughtUpHint;
    this.find(".more").hidden = !hasMore;
    this.#query.offer(this.client.rows.flatMap(({ category }) => category || []));
  }

  /**
   * @param {Row[]} rows
   * @param {boolean} isAll
   */
  #drawRows(rows, isAll) {
    const hadFocus = this.#rows.focused !== null;
    this.#rows.draw(rows, true, isAll);
    if (hadFocus && this.#rows.focused === null) this.focus(); // the last row had the focus
  }

  #drawCounts() {
    const { unread } = this.client;
    this.find(".unread").textContent = messages.unread(unread);
    this.find(".read-all").hidden = unread === 0;
  }

  #toTop() {
    this.#draw();
    this.scrollIntoView({ block: "start" });
    this.#rows.move(1);
  }

  /** @param {Set<number>} ids */
  #seen(ids) {
    const fresh = this.client.notifications.filter((row) => row.seen === null && ids.has(row.id));
    if (fresh.length) this.client.mark("seen", fresh.map(({ id }) => id));
  }

  /** @param {Row} row */
  #read(row) {
    if (row.read === null) this.client.mark("read", [row.id]);
  }

  #openFocused() {
    const view = this.#rows.focused;
    if (!view || this.shadowRoot?.activeElement !== view.element) return false; // Enter on a button is the button's
    view.open();
    return true;
  }

  /** @param {Row} row */
  #archive({ id, archived }) {
    const [does, undoes] = archived ? /** @type {const} */ (["unarchived", "archived"]) : /** @type {const} */ (["archived", "unarchived"]);
    this.client.mark(does, [id]);
    const run = () => this.client.mark(undoes, [id]);
    this.#snackbar.show(archived ? messages.unarchived : messages.archived, { label: messages.undo, run });
  }

  /** Esc: from the search field to the list, and from the list to the head. */
  #leave() {
    const active = this.shadowRoot?.activeElement;
    if (active instanceof HTMLInputElement) this.#rows.move(1);
    else this.focus();
  }

  async #load() {
    await this.#trying((view) => view.load());
  }

  /** @param {IntersectionObserverEntry | undefined} entry */
  #reachedEnd(entry) {
    if (entry?.isIntersecting && this.#mayLoadByScrolling && scrollY > 0) void this.#loadMore();
  }

  async #loadMore() {
    if (this.find(".load-more").hasAttribute("disabled")) return;
    this.#isLoadingMore(true);
    await this.#trying((view) => view.loadMore());
  }

  /** @param {boolean} isLoading */
  #isLoadingMore(isLoading) {
    this.find(".load-more").toggleAttribute("disabled", isLoading);
    this.find(".more-text").textContent = isLoading ? messages.loading : "";
    this.#list.ariaBusy = isLoading ? "true" : null;
  }

  /**
   * Announces the outcome if its view is still shown.
   *
   * @param {(view: InboxView) => Promise<void>} request
   */
  async #trying(request) {
    const view = this.#view;
    const failed = await request(view).catch((error) => error);
    if (view !== this.#view) return;
    this.#isLoadingMore(false);
    this.#mayLoadByScrolling = !failed;
    if (failed) {
      if (!(failed instanceof HttpError)) throw failed;
      this.find(".more-text").textContent = messages.moreFailed;
      this.find(".more").hidden = false;
    }
    this.#drawSoon();
  }
}
