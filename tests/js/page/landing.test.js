import assert from "node:assert/strict";
import { test } from "node:test";
import { markLanding } from "../../../browser/page/landing.js";
import { give } from "../page-fakes.js";

/** A page at this address: what it marks as read, and what its address becomes. */
function landed(href, visibilityState = "visible") {
  const page = Object.assign(new EventTarget(), { visibilityState });
  const said = { page, marked: [], address: href };
  give("location", () => ({ href: said.address }));
  give("document", () => page);
  give("history", () => ({ state: { own: 1 }, replaceState: (state, _title, address) => Object.assign(said, { state, address }) }));
  markLanding({ mark: (as, ids) => said.marked.push([as, ids]) });
  return said;
}

const SITE = "https://example.org/orders/";

test("what the link of a message names is read, and goes from the address", () => {
  for (const [query, left] of [
    ["?notify-read=17", ""],
    ["?notify-read=17#a", "#a"],
    ["?a=b%20c&notify-read=17", "?a=b%20c"],
    ["?a&notify-read=17#b", "?a#b"],
    ["?notify-read=17&a=b+c", "?a=b+c"],
    ["?a&notify-read=17&b#c", "?a&b#c"],
  ]) {
    const { marked, address, state } = landed(SITE + query);
    assert.deepEqual(marked, [["read", [17]]], query);
    assert.equal(address, SITE + left);
    assert.deepEqual(state, { own: 1 });
  }
});

test("a page that is loaded ahead, or in the background, marks it once somebody sees it", () => {
  const said = landed(`${SITE}?notify-read=17`, "hidden");
  said.page.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(said.marked, []);
  said.page.visibilityState = "visible";
  for (let n = 0; n < 2; n += 1) said.page.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(said.marked, [["read", [17]]]);
  assert.equal(said.address, SITE);
});

test("any other address marks nothing", () => {
  for (const query of ["", "?notify-read=", "?notify-read=x", "?x-notify-read=1", "?notify-read=1.5", "#?notify-read=1x", `?notify-read=${"9".repeat(16)}`]) {
    const { marked, address } = landed(SITE + query);
    assert.deepEqual([marked, address], [[], SITE + query]);
  }
});
