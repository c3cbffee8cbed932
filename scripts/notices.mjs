// notices.mjs [crates]
// Writes the licenses of third parties to standard output: of the npm packages in the console and of its font; with "crates"
// also of the crates in the server. Fails if one of them has no text.
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { crates, packages } from './product.mjs';

// LICENSE, LICENSE-MIT, license.md, COPYING, NOTICE.txt: not a source file of that name.
const named = /^(licen[cs]e|copying|copyright|notice|unlicense)([-_.].*)?$/i;
const source = /\.(c|h|html|json|py|rs|sh|toml|ya?ml)$/i;
// The standard text, for crates that name this license and come without its file.
const apache = readFileSync('LICENSE-APACHE', 'utf8');

/** The texts in a crate, also those of what it contains of others, such as sources in C. */
function texts({ name, version, license, folder }) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && named.test(one.name) && !source.test(one.name))
    .map((one) => join(one.parentPath ?? one.path, one.name))
    .sort((one, other) => one.length - other.length || basename(one).localeCompare(basename(other)));
  if (files.length > 0) return files.map((file) => readFileSync(file, 'utf8'));
  if (/\bApache-2\.0\b/.test(license)) return [apache];
  throw new Error(`${name} ${version} (${license}) has no license file`);
}

/** Each text with what it applies to. Line breaks and indentation make no other text of it. */
function grouped(licensed) {
  const groups = new Map();
  for (const { user, text } of licensed) {
    const key = text.replaceAll(/\s+/g, ' ').trim();
    if (key === '') throw new Error(`${user}: its license is empty`);
    if (!groups.has(key)) groups.set(key, { text: text.trim(), users: new Set() });
    groups.get(key).users.add(user);
  }
  return [...groups.values()];
}

const user = ({ name, version, license }) => `${name} ${version} (${license})`;
const ofPackages = packages().map((one) => ({ user: user(one), text: one.text }));
const withCrates = process.argv[2] === 'crates';
const others = withCrates ? crates().filter(({ own }) => !own) : [];
const ofCrates = others.flatMap((one) => texts(one).map((text) => ({ user: user(one), text })));

console.log('Campanile contains software of third parties. Their licenses follow, each with the software it applies to.');
if (!withCrates) console.log('This is a development build: the crates of the server are not listed.');
const line = '-'.repeat(78);
for (const { text, users } of grouped([...ofPackages, ...ofCrates])) {
  console.log(`\n${line}\n${[...users].sort().join('\n')}\n${line}\n\n${text}`);
}
