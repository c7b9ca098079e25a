// @ts-check
import { part, write } from "../page/dom.js";

/**
 * The seconds in which *Stop* still costs nothing.
 *
 * @param {HTMLElement} stop the form, which says how many there are
 */
export function countDown(stop) {
  const left = Number(stop.dataset.startsIn);
  if (!(left > 0)) return;
  const end = performance.now() + left * 1_000;
  const text = part(stop, ".notify-countdown");
  const tick = () => {
    const count = Math.ceil((end - performance.now()) / 1_000);
    if (count <= 0) stop.hidden = true;
    else {
      write(text, (stop.dataset.countdown ?? "").replace("{count}", String(count)));
      setTimeout(tick, 250);
    }
  };
  tick();
}
