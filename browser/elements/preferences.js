// @ts-check
import { NotifyPreferences } from "./notify-preferences.js";

if (!customElements.get("notify-preferences")) customElements.define("notify-preferences", NotifyPreferences);
