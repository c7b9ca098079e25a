import assert from "node:assert/strict";
import { test } from "node:test";
import { pageLanguage } from "../../../browser/page/page-language.js";
import { relativeTime } from "../../../browser/page/relative-time.js";
import { written } from "../../../browser/page/translation.js";
import { give } from "../page-fakes.js";

function page(lang, language) {
  give("document", () => ({ documentElement: { lang } }));
  give("navigator", () => ({ language }));
}

test("it is the page's, however that writes it", () => {
  page("de-CH", "fr");
  assert.equal(pageLanguage(), "de-CH");
  page("en_us", "fr");
  assert.equal(pageLanguage(), "en-US");
});

test("where the page has none, or one that is no language, it is the browser's", () => {
  for (const lang of ["", "English", "x", "de-", "{{ LANGUAGE_CODE }}"]) {
    page(lang, "fr");
    assert.equal(pageLanguage(), "fr", lang);
  }
});

test("where the browser has none either, numbers and times are written all the same", () => {
  page("", "en-US@posix");
  assert.equal(pageLanguage(), undefined);
  assert.match(written(1204), /^1.?204$/);
  assert.match(relativeTime(new Date(2020, 1, 12), new Date(2026, 1, 12)), /2020/);
});
