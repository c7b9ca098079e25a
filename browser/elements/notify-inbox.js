// @ts-check
import { announce } from "../page/announcer.js";
import { ClientElement } from "./client-element.js";
import { markFound } from "../page/found-words.js";
import { InboxKeys } from "./inbox-keys.js";
import { InboxMarks } from "./inbox-marks.js";
import { inboxMessages } from "../page/inbox-messages.js";
import { InboxQuery } from "./inbox-query.js";
import { InboxStates } from "./inbox-states.js";
import { InboxStatus } from "./inbox-status.js";
import { InboxTriage } from "./inbox-triage.js";
import { setShown } from "../page/keep-focus.js";
import { NewRows } from "./new-rows.js";
import { keepOffline } from "../page/offline-store.js";
import { RowMore } from "./row-more.js";
import { RowList } from "./row-list.js";
import { SeenWatcher } from "./seen-watcher.js";
import { Snackbar } from "../page/snackbar.js";
import { Swipe } from "./swipe.js";
import { ViewLoader } from "./view-loader.js";
import { written } from "../page/translation.js";
import { write } from "../page/dom.js";

const TIMES_EVERY_MS = 30_000;
const NO_FRAME_MS = 250;
const AHEAD = "600px"; // distance below the screen at which the next page is loaded

/** @typedef {import("../client/types.js").Row} Row */

/** The whole inbox, live. */
export class NotifyInbox extends ClientElement {
  #rows = /** @type {RowList} */ (/** @type {unknown} */ (null));
  #snackbar = /** @type {Snackbar} */ (/** @type {unknown} */ (null));
  #query = /** @type {InboxQuery} */ (/** @type {unknown} */ (null));
  #loader = /** @type {ViewLoader} */ (/** @type {unknown} */ (null));
  #fresh = /** @type {NewRows} */ (/** @type {unknown} */ (null));
  #marks = /** @type {InboxMarks} */ (/** @type {unknown} */ (null));
  #triage = /** @type {InboxTriage} */ (/** @type {unknown} */ (null));
  #states = /** @type {InboxStates} */ (/** @type {unknown} */ (null));
  #status = /** @type {InboxStatus} */ (/** @type {unknown} */ (null));
  #drawing = 0;
  /** Whether the rows on the page, or the words in their place, are still what the server has drawn. */
  #isServers = true;

  ready() {
    this.querySelector("#notify-seed")?.remove(); // the client has read it; copies of the page must not keep rows
    this.#isServers = this.find(".skeleton").hidden;
    this.#query = new InboxQuery(this, () => this.#show());
    this.#loader = new ViewLoader(this, this.#query.current, () => this.#drawSoon());
    this.#status = new InboxStatus(this, {
      retry: () => void this.#loader.loadMore(),
      redraw: () => this.#drawSoon(),
    });
    this.#snackbar = new Snackbar(this.find(".snack"), () => this.focusRows());
    this.#marks = new InboxMarks(this.client, this.#snackbar);
    this.#states = new InboxStates(this, { rows: () => this.focusRows(), search: () => this.#query.search() });
    this.#fresh = new NewRows({ list: this.#list, pill: this.find(".pill"), shown: () => this.#toTop() });
    const more = new RowMore(this, this.find("section"), this.#snackbar);
    this.#rows = new RowList({
      list: this.#list,
      templates: /** @type {ShadowRoot} */ (this.shadowRoot),
      intents: {
        open: (row) => this.#marks.read(row),
        toggleRead: (row) => this.#marks.toggleRead(row),
        archive: (row) => this.#marks.archive(row),
        more: (...asked) => void more.open(...asked),
      },
      watcher: new SeenWatcher((ids) => this.#seen(ids), this.connected.signal),
    });
    this.#triage = new InboxTriage(this, { rows: this.#rows, marks: this.#marks, heir: () => this.focusRows() });
    this.#listen();
    this.#listenToHands();
    announce(this.client);
    void keepOffline(this.client).then((at) => at && this.#status.keptAt(at));
    this.#drawSoon();
  }

  focus() {
    this.find("#title").focus();
  }

  /** To the row that had the focus last, or the first; without rows to the heading. */
  focusRows() {
    if (!this.#rows.move(1)) this.focus();
  }

  get #list() {
    return this.find(".rows");
  }

  #listen() {
    this.listen(this.client, ["change"], () => this.#drawSoon());
    this.listen(this.client, ["refused"], (event) => this.#marks.refused(/** @type {CustomEvent} */ (event).detail));
    this.listen(this.find(".read-all"), ["click"], (event) => {
      event.preventDefault(); // it belongs to a form that works without JavaScript
      this.#marks.readAll();
    });
    this.listen(this.find(".load-more"), ["click"], () => void this.#loadMore());
    this.every(() => this.#rows.drawTimes(), TIMES_EVERY_MS);
    const ahead = new IntersectionObserver(([entry]) => this.#reachedEnd(entry), { rootMargin: AHEAD });
    ahead.observe(this.find(".more"));
    this.connected.signal.addEventListener("abort", () => ahead.disconnect());
  }

  #listenToHands() {
    const focused = () => this.#rows.focused;
    new InboxKeys(this, {
      move: (step) => void this.#rows.move(step),
      edge: (step) => focused() !== null && this.#rows.move(step),
      open: () => this.#openFocused(),
      select: () => this.#triage.toggle(),
      extend: (step) => this.#triage.extend(step),
      clear: () => this.#triage.clear(),
      archive: () => this.#triage.archive() || focused()?.archive(),
      toggleRead: () => this.#triage.toggleRead() || focused()?.toggleRead(),
      mute: () => focused()?.more("mute"),
      why: () => focused()?.more("why"),
      readAll: () => this.#marks.readAll(),
      undo: () => this.#snackbar.act(),
      search: () => this.#query.search(),
      help: () => this.#snackbar.hide(),
      leave: () => this.#leave(),
    });
    new Swipe(this.#list, {
      word: (element, side) => this.#marks.swipeWord(this.#rows.at(element)?.row, side),
      done: (element, side) => (side === "left" ? this.#rows.at(element)?.archive() : this.#rows.at(element)?.toggleRead()),
    });
    this.listen(document, ["click"], (event) => {
      const isSkip = event.target instanceof Element && event.target.matches('a.skip[href="#inbox"]');
      if (!isSkip) return;
      event.preventDefault();
      this.focusRows();
    });
  }

  /** Another tab or filter. */
  #show() {
    this.#isServers = false;
    this.#loader.show(this.#query.current);
    this.#fresh.release();
    this.#triage.clear();
    this.#snackbar.hide(); // what it says is of the view before
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
    this.#loader.loadFirst();
    const { view, hasFailed, isLoading } = this.#loader;
    const rows = view.rows;
    if (view.isLoaded && rows.length === 0) this.#loader.loadRest();
    if (this.client.isLoaded && (view.isLoaded || hasFailed)) this.#isServers = false;
    const failed = this.#status.draw(hasFailed && rows.length === 0, this.#isServers);
    this.#list.ariaBusy = isLoading ? "true" : null;
    if (!this.#isServers) this.#drawList(rows, failed);
    if (this.client.isLoaded) this.#drawCounts();
  }

  /**
   * The rows, or the one state in their place.
   *
   * @param {Row[]} rows
   * @param {boolean} failed
   */
  #drawList(rows, failed) {
    const { view } = this.#loader;
    this.#drawRows(this.#fresh.admitted(rows), view.isLoaded && !view.hasMore);
    this.find(".skeleton").hidden = view.isLoaded || failed || this.#list.childElementCount > 0;
    this.#states.drawResults(this.#loader, rows.length, failed);
    this.#states.drawEnd(this.#loader, rows.length);
  }

  /**
   * @param {Row[]} rows
   * @param {boolean} isAll
   */
  #drawRows(rows, isAll) {
    const hadFocus = this.#rows.focused !== null;
    this.#list.hidden = rows.length === 0;
    this.#rows.draw(rows, this.#loader.view.isLoaded, isAll);
    if (hadFocus && this.#rows.focused === null) this.focusRows(); // its row has gone
    markFound(this.#list, this.#loader.view.query.q);
    this.#triage.draw();
  }

  #drawCounts() {
    const { unread } = this.client;
    write(this.find(".unread"), inboxMessages.unread(unread));
    this.find("[data-tab=unread]").dataset.count = unread ? written(unread) : "";
    setShown(this.find(".read-all"), unread > 0, () => this.focusRows());
    this.#triage.drawArchiveRead(this.#loader.view);
    this.#query.offer(this.client.rows.flatMap(({ category }) => category || []));
  }

  #toTop() {
    this.#draw();
    this.scrollIntoView({ block: "start" });
    this.#rows.move(-Infinity);
  }

  /** @param {Set<number>} ids */
  #seen(ids) {
    this.client.see(ids);
    const { isFiltered, query } = this.#loader.view;
    const isPanel = !isFiltered && query.tab !== "archived"; // it shows what the bell's panel shows
    if (isPanel && this.find(".pill").hidden) this.client.opened();
  }

  #openFocused() {
    const view = this.#rows.focused;
    if (!view || this.shadowRoot?.activeElement !== view.element) return false; // Enter on a button is the button's
    view.open();
    return true;
  }

  /** Esc: from the search field to the list; clears the selection; and from the list to the head. */
  #leave() {
    if (this.shadowRoot?.activeElement?.matches("[type=search]")) this.focusRows();
    else if (!this.#triage.clear()) this.focus();
  }

  /** @param {IntersectionObserverEntry | undefined} entry */
  #reachedEnd(entry) {
    if (entry?.isIntersecting && !this.#loader.hasFailed && scrollY > 0) void this.#loadMore();
  }

  async #loadMore() {
    const had = this.#list.childElementCount;
    const hadFocus = this.shadowRoot?.activeElement === this.find(".load-more");
    await this.#loader.loadMore();
    if (!hadFocus || this.#loader.view.hasMore || this.#loader.hasFailed) return;
    this.#draw();
    const first = this.#list.children[had];
    if (first instanceof HTMLElement) first.focus(); // the button has gone
  }
}
