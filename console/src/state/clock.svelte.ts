/** The present, for relative times and countdowns; it moves on every 20 seconds. */

let present = $state(Date.now());

setInterval(() => {
  present = Date.now();
}, 20_000);

export const clock = {
  get now(): number {
    return present;
  },
};
