import assert from "node:assert/strict";
import { test } from "node:test";
import { safeUrl } from "../../../browser/page/safe-url.js";
import { give } from "../page-fakes.js";

const safe = (url) => {
  give("location", () => ({ href: "https://site.example/notify/" }));
  return safeUrl(url);
};

for (const url of ["/orders/7/", "?page=2", "#top", "//other.example/", "https://other.example/a b", "http://plain.example"]) {
  test(`${url} leads where it says`, () => assert.equal(safe(url), url));
}

for (const url of ["javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x",
  "file:///etc/passwd", "blob:https://site.example/1", "mailto:a@b.example", "http://", "https://[", "", null]) {
  test(`${JSON.stringify(url)} leads nowhere`, () => assert.equal(safe(url), null));
}
