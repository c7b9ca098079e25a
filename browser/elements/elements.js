// @ts-check
import { NotifyAlerts } from "./notify-alerts.js";
import { NotifyConnection } from "./notify-connection.js";
import { NotifyInbox } from "./notify-inbox.js";
import { NotifySockets } from "./notify-sockets.js";
import { NotifyTest } from "./notify-test.js";

/** @type {Record<string, CustomElementConstructor>} */
const elements = {
  "notify-alerts": NotifyAlerts,
  "notify-connection": NotifyConnection,
  "notify-inbox": NotifyInbox,
  "notify-sockets": NotifySockets,
  "notify-test": NotifyTest,
};

for (const [name, element] of Object.entries(elements)) {
  if (!customElements.get(name)) customElements.define(name, element);
}
