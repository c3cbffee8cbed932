// product.mjs
// What the product is made of: the crates that are linked into the server, of Cargo's own lists, and the npm packages in the
// console, of its build's. Owns both lists. Must not know what is written from them: notices.mjs and components.mjs do that.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const modules = 'console/node_modules';
// Packages of which the console has only style sheets and fonts, which its build does not list.
const fonts = ['@fontsource-variable/inter'];

const read = (file) => readFileSync(file, 'utf8');

function cargo(...parameters) {
  const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] };
  return execFileSync('cargo', [...parameters, '--locked'], options);
}

/** The SHA-256 of each package that the registry gave, as Cargo.lock has them. */
function checksums() {
  const sums = new Map();
  for (const [, name, version, sum] of read('Cargo.lock').matchAll(
    /^name = "(.*)"\nversion = "(.*)"\nsource = .*\nchecksum = "(.*)"$/gm,
  )) {
    sums.set(`${name} ${version}`, sum);
  }
  return sums;
}

/**
 * The crates of others in the server and ours, the server first: `{ name, version, license, folder, own, checksum, needs }`. Left
 * out is what only tests, build scripts and macros need. `needs` are the keys ("name version") of the crates that it uses itself.
 */
export function crates() {
  const described = new Map();
  const host = /^host: (.*)$/m.exec(execFileSync('rustc', ['-vV'], { encoding: 'utf8' }))[1];
  for (const one of JSON.parse(cargo('metadata', '--format-version', '1', '--filter-platform', host)).packages) {
    described.set(`${one.name} ${one.version}`, one);
  }
  const sums = checksums();
  const found = new Map();
  const path = [];
  const tree = cargo('tree', '--package', 'campanile', '--edges', 'normal,no-proc-macro', '--prefix', 'depth');
  for (const line of tree.trimEnd().split('\n')) {
    // "3tokio v1.2.3", followed by its path if it is ours, and by (*) if it was listed before.
    const [, depth, name, version] = /^(\d+)(\S+) v(\S+)/.exec(line);
    const key = `${name} ${version}`;
    if (!found.has(key)) {
      const { manifest_path, license, source } = described.get(key);
      const folder = manifest_path.replace(/\/Cargo\.toml$/, '');
      const stated = { name, version, license: expression(license), checksum: sums.get(key) };
      found.set(key, { ...stated, folder, own: !source, needs: new Set() });
    }
    path.length = Number(depth);
    path.push(key);
    if (path.length > 1) found.get(path.at(-2)).needs.add(key);
  }
  return [...found.values()];
}

/** The npm packages in the console: `{ name, version, license, text }`. */
export function packages() {
  const bundled = JSON.parse(read('console/dist/.vite/licenses.json'));
  const named = bundled.map(({ identifier, ...one }) => ({ ...one, license: identifier }));
  return [...named, ...fonts.map(font)];
}

function font(name) {
  const { version, license } = JSON.parse(read(`${modules}/${name}/package.json`));
  return { name, version, license, text: read(`${modules}/${name}/LICENSE`) };
}

/** An SPDX expression: some older crates write a slash for "or". */
function expression(license) {
  return (license ?? '').replaceAll(/\s*\/\s*/g, ' OR ');
}
