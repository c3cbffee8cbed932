/** The current time, for relative times and countdowns: updated every 20 seconds, or every second if needed. */

import { createSubscriber } from 'svelte/reactivity';

let present = $state(Date.now());

setInterval(() => {
  present = Date.now();
}, 20_000);

// Runs only while something on screen reads it.
const ticking = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => {
    clearInterval(timer);
  };
});

export const clock = {
  get now(): number {
    return present;
  },
  /** The same, updated every second. */
  get second(): number {
    ticking();
    return Date.now();
  },
};
