// @ts-check
import { ClientElement } from "./client-element.js";
import { connectionText } from "../page/connection-text.js";
import { LatencyPlot } from "./latency-plot.js";
import { messages } from "../page/messages.js";
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
      this.find(".latency").textContent = messages.latency(detail);
      plot.add(detail);
    });
    this.listen(this.find("button"), ["click"], () => this.#act());
    this.listen(document, ["visibilitychange"], () => this.#measure());
    this.every(() => this.#measure(), MEASURE_EVERY_MS);
    draw();
  }

  #draw() {
    const moment = { online: navigator.onLine, now: elapsed() };
    const { kind, text, action, changesIn } = connectionText(this.client.status, moment);
    this.find(".dot").setAttribute("data-state", kind);
    this.find(".label").textContent = text;
    this.#action = action;
    const button = this.find("button");
    button.hidden = action === "";
    button.textContent = action === "reload" ? messages.reload : messages.reconnect;
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
