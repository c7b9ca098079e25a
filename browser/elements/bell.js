// @ts-check
// The bell, and what it shares. The first copy that runs is the one that every script of the page uses (bundle.mjs).
import "./notify-bell.js";
import * as shared from "../shared.js";

/** @type {any} */ (globalThis)[Symbol.for("notify")] ??= shared;
export * from "../shared.js";
