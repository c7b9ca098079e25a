import assert from "node:assert/strict";
import { test } from "node:test";
import { followLanguage } from "../../../browser/page/chosen-language.js";
import { give, Memory } from "../page-fakes.js";

/** One browser with tabs; what one of them stores for the site is an event in the others. */
function browser() {
  const tabs = [];
  const site = new Memory();
  return (address = "/notify/") => {
    const session = new Memory();
    const tab = { listeners: {}, said: [] };
    tabs.push(tab);
    const stores = Object.assign(Object.create(site), {
      setItem: (key, newValue) => {
        site.setItem(key, newValue);
        for (const other of tabs) if (other !== tab) other.hears("storage", { key, newValue });
      },
      getItem: (key) => site.getItem(key),
      removeItem: (key) => site.removeItem(key),
    });
    tab.hears = (type, event) => (tab.listeners[type] ?? []).forEach((listener) => listener(event));
    const enter = () => {
      give("localStorage", () => stores);
      give("sessionStorage", () => session);
      give("location", () => new URL(address, "http://site"));
      give("addEventListener", () => (type, listener) => (tab.listeners[type] ??= []).push(listener));
      give("FormData", () => class { constructor(form) { this.form = form; } get(name) { return this.form[name] ?? null; } });
    };
    tab.loads = (language) => {
      enter();
      tab.listeners = {};
      followLanguage(language, (spoken) => tab.said.push(spoken));
      return tab;
    };
    tab.submits = (form) => {
      enter();
      tab.hears("submit", { target: form });
    };
    return tab;
  };
}

test("the other tabs follow once the page is there in the language that a form has asked for", () => {
  const open = browser();
  const [first, second] = [open().loads("en"), open().loads("en")];
  first.submits({ language: "de" });
  assert.deepEqual(second.said, []);
  first.loads("de");
  assert.deepEqual(second.said, ["de"]);
  assert.deepEqual(first.said, []);
  first.loads("de");
  assert.deepEqual(second.said, ["de"]);
});

test("back and forth, from whichever tab", () => {
  const open = browser();
  const [first, second] = [open().loads("en"), open().loads("en")];
  for (const language of ["de", "en", "de"]) {
    first.submits({ language });
    first.loads(language);
  }
  assert.deepEqual(second.said, ["de", "en", "de"]);
  second.submits({ language: "fr" }); // its page is English still, and its rows German
  second.loads("fr");
  assert.deepEqual(first.said, ["fr"]);
});

test("nobody follows a page that came in another language by itself, or not as it was asked for", () => {
  const open = browser();
  const [first, second] = [open().loads("en"), open().loads("en")];
  first.loads("de");
  first.submits({ language: "fr" });
  first.loads("de"); // refused
  first.submits({ q: "orders" });
  first.submits({ language: "de" }); // what it is
  first.loads("de");
  assert.deepEqual(second.said, []);
});

test("a tab that was in another language, or whose address names its own, stays", () => {
  const open = browser();
  const first = open().loads("en");
  const others = [open().loads("fr"), open("/en/orders/").loads("en"), open("/orders/?lang=en").loads("en")];
  first.submits({ language: "de" });
  first.loads("de");
  assert.deepEqual(others.map(({ said }) => said), [[], [], []]);
});

test("a page that was out of sight in the browser's cache follows when it is back", () => {
  const open = browser();
  const [first, second] = [open().loads("en"), open().loads("en")];
  second.listeners.storage = [];
  first.submits({ language: "de" });
  first.loads("de");
  second.loads("en").hears("pageshow", { persisted: false });
  assert.deepEqual(second.said, []);
  second.hears("pageshow", { persisted: true });
  assert.deepEqual(second.said, ["de"]);
});
