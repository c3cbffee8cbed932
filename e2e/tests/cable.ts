/**
 * The cable between the browser and the server: a TCP proxy. A browser that is set offline
 * keeps an open stream; pulling the cable cuts it without asking. While it is out, nothing passes and
 * nobody is notified: packets vanish, as they do under a closed lid.
 */

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Cable {
  url: string;
  /** Nothing passes any more; new connections hang. */
  pull: () => void;
  /** Traffic passes again; connections opened before are gone. */
  plug: () => void;
  end: () => Promise<void>;
}

export async function cable(to: string): Promise<Cable> {
  const { hostname, port } = new URL(to);
  let out = false;
  const open = new Set<Socket>();
  const server = createServer((browser) => {
    open.add(browser);
    browser.on('error', () => undefined).on('close', () => open.delete(browser));
    if (out) return;
    const upstream = connect(Number(port), hostname);
    open.add(upstream);
    upstream.on('error', () => undefined).on('close', () => open.delete(upstream));
    browser.pipe(upstream).pipe(browser);
    browser.on('close', () => upstream.destroy());
    upstream.on('close', () => browser.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pull: () => {
      out = true;
      for (const socket of open) socket.unpipe().pause();
    },
    plug: () => {
      out = false;
      for (const socket of open) socket.destroy();
    },
    end: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
