// @ts-check
const SLEPT_MS = 1_000;

/**
 * A clock for durations: it never goes back, whatever is done to the computer's clock, and a sleep
 * counts. `performance.now()` alone may stand still in a sleep (W3C High Resolution Time, 8.1), and
 * `Date.now()` alone goes back when the clock is set; so of the wall's clock only what it is ahead.
 * By more than a second at once: of two clocks that are rounded, one is always a little ahead.
 *
 * @param {() => number} monotonic milliseconds that only grow, and may not count sleep
 * @param {() => number} wall milliseconds since 1970, and may be set
 * @returns {() => number} milliseconds since this call
 */
export function steadyClock(monotonic, wall) {
  let [before, then] = [monotonic(), wall()];
  let passed = 0;
  return () => {
    const [now, today] = [monotonic(), wall()];
    const ahead = today - then - (now - before);
    passed += now - before + (ahead > SLEPT_MS ? ahead : 0);
    [before, then] = [now, today];
    return passed;
  };
}

/** Of this page. */
export const elapsed = steadyClock(() => performance.now(), () => Date.now());
