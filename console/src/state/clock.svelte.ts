/** The present, for relative times and countdowns: moving on every 20 seconds, and every second where one ticks. */

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
  /** The same by the second. */
  get second(): number {
    ticking();
    return Date.now();
  },
};
