import assert from "node:assert/strict";
import { test } from "node:test";
import { pageConfig } from "../../../browser/page/page-config.js";
import { give } from "../page-fakes.js";

class HTMLElement {
  constructor(config) { this.dataset = config ? { config: JSON.stringify(config) } : {}; }
}

/** A page whose first element with a configuration is this. */
function page(element) {
  give("HTMLElement", () => HTMLElement);
  give("document", () => ({ querySelector: (selector) => (selector === "[data-config]" ? element : null) }));
}

test("it is the element's that is asked about, else the page's first", () => {
  page(new HTMLElement({ user: "u1" }));
  assert.deepEqual(pageConfig(), { user: "u1" });
  assert.deepEqual(pageConfig(new HTMLElement({ user: "u2" })), { user: "u2" });
});

test("a page without one is told which tags have it", () => {
  page(null);
  assert.throws(() => pageConfig(), /use \{% notify_bell %\} or \{% notify_inbox %\}/);
  assert.throws(() => pageConfig(new HTMLElement()), /data-config/);
});
