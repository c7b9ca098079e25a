import assert from "node:assert/strict";
import { test } from "node:test";
import { tellZone } from "../../../browser/page/zone-cookie.js";
import { denied, give } from "../page-fakes.js";

const cookie = `notify_zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;

/** What a page with these cookies sets. */
function set(cookies, protocol = "https:") {
  const written = [];
  const document = { get cookie() { return cookies; }, set cookie(text) { written.push(text); } };
  give("document", () => document);
  give("location", () => ({ protocol }));
  tellZone();
  return written;
}

test("the server is told once, for a year, in a cookie that no other site sends", () => {
  assert.deepEqual(set("sessionid=x"), [`${cookie};path=/;max-age=31536000;samesite=lax;secure`]);
  assert.deepEqual(set(`sessionid=x; ${cookie}`), []);
});

test("who has moved is told anew, also beside a cookie that begins like it", () => {
  assert.equal(set("notify_zone=Elsewhere/Else").length, 1);
  assert.equal(set(`${cookie}x`).length, 1);
});

test("without HTTPS it is not secure, or the browser would drop it", () => {
  assert.deepEqual(set("", "http:"), [`${cookie};path=/;max-age=31536000;samesite=lax`]);
});

test("a frame that has no cookies goes on", () => {
  give("document", () => ({ get cookie() { return denied(); } }));
  give("location", () => ({ protocol: "https:" }));
  tellZone();
});
