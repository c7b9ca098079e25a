// @ts-check
const SLEPT_MS = 1_000;

/**
 * A clock for durations that never goes back when the system clock is set, and that counts sleep.
 * `performance.now()` may stop during sleep (W3C High Resolution Time, 8.1), and `Date.now()` may go
 * back; so this adds to the former what the latter gained, where that is more than a second at once
 * (two rounded clocks always differ a little).
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
