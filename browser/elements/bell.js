// @ts-check
// The bell, and the modules it shares. Every script of the page uses the first copy that runs (bundle.mjs).
import "./notify-bell.js";
import * as shared from "../exports.js";

/** @type {any} */ (globalThis)[Symbol.for("notify")] ??= shared;
export * from "../exports.js";
