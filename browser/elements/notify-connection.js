// @ts-check
import { ClientElement } from "./client-element.js";
import { connectionText } from "../page/connection-text.js";
import { LatencyPlot } from "./latency-plot.js";
import { inboxMessages } from "../page/inbox-messages.js";
import { clockTime } from "../page/relative-time.js";
import { elapsed } from "../client/steady-clock.js";

const MEASURE_EVERY_MS = 2_000;

/** The state of the connection, and its round trip. */
export class NotifyConnection extends ClientElement {
  #action = "";
  #later = 0;

  ready() {
    const draw = () => this.#draw();
    this.listen(this.client, ["state"], draw);
    this.listen(window, ["online", "offline"], draw);
    const plot = new LatencyPlot(this.find(".plot"));
    this.listen(this.client, ["latency"], ({ detail }) => {
      this.find(".latency").textContent = inboxMessages.latency(detail);
      plot.add(detail);
    });
    this.listen(this.find("button"), ["click"], () => this.#act());
    this.listen(document, ["visibilitychange"], () => this.#measure());
    this.every(() => this.#measure(), MEASURE_EVERY_MS);
    draw();
  }

  #draw() {
    const { status } = this.client;
    const liveUntil = status.liveUntil && clockTime(new Date(status.liveUntil), new Date());
    const moment = { online: navigator.onLine, now: elapsed(), liveUntil: liveUntil || null };
    const { kind, text, action, changesIn } = connectionText(status, moment);
    this.find(".dot").setAttribute("data-state", kind);
    this.find(".label").textContent = text;
    this.#action = action;
    const button = this.find("button");
    button.hidden = action === "";
    button.textContent = action === "reload" ? inboxMessages.reload : inboxMessages.reconnect;
    if (kind !== "live") this.find(".latency").textContent = "";
    this.#measure();
    clearTimeout(this.#later);
    if (changesIn !== null) this.#later = this.later(() => this.#draw(), changesIn);
  }

  #measure() {
    if (document.visibilityState === "visible") this.client.measureLatency();
  }

  #act() {
    if (this.#action === "reload") location.reload();
    else this.client.start();
  }
}
