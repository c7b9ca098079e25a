// @ts-check
// The bell, and what it shares. The first to come is everybody's, whatever its address (bundle.mjs).
import "./notify-bell.js";
import * as shared from "./shared.js";

/** @type {any} */ (globalThis)[Symbol.for("notify")] ??= shared;
export * from "./shared.js";
