/** Starts the real binary with the demo company on a free port, with its own data folder. */

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Server {
  url: string;
  stop: () => Promise<void>;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}

async function ready(url: string, child: ChildProcess, log: () => string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null) throw new Error(`campanile ended at its start:\n${log()}`);
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error(`campanile was not ready within 30 s:\n${log()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const late = sleep(10_000).then(() => child.kill('SIGKILL'));
  await Promise.race([ended, late]);
}

export async function start(): Promise<Server> {
  // A server that is already running (with the demo company), for working on the tests.
  const running = process.env.E2E_URL;
  if (running) return { url: running, stop: () => Promise.resolve() };

  const binary = process.env.E2E_BINARY ?? join(root, 'target/debug/campanile');
  if (!existsSync(binary)) throw new Error(`${binary} is missing: cargo build --package campanile`);
  const data = mkdtempSync(join(tmpdir(), 'campanile-e2e-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(binary, ['serve'], {
    cwd: data,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: data,
      CAMPANILE_LISTEN: `127.0.0.1:${port}`,
      CAMPANILE_PUBLIC_URL: url,
      CAMPANILE_DATABASE_URL: `sqlite://${join(data, 'campanile.db')}`,
      CAMPANILE_DEMO: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const stop = async () => {
    await end(child);
    rmSync(data, { recursive: true, force: true });
  };
  try {
    await ready(url, child, () => output);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
