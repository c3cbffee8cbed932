// notices.mjs FILE
// The text of console/dist/notices.txt. FILE is what cargo-about says of the crates, or empty.
import { readFileSync } from 'node:fs';

const packages = 'console/node_modules';
// Packages of which the console has only style sheets and fonts, which its build does not list.
const fonts = ['@fontsource-variable/inter'];

function font(name) {
  const { version, license } = JSON.parse(readFileSync(`${packages}/${name}/package.json`, 'utf8'));
  return { name, version, identifier: license, text: readFileSync(`${packages}/${name}/LICENSE`, 'utf8') };
}

/** The licenses of the crates: each text with everything it applies to. */
function licensesOfCrates(file) {
  const text = readFileSync(file, 'utf8');
  if (text === '') return [];
  return JSON.parse(text).licenses.map(({ id, text, used_by }) => ({
    id,
    text,
    users: used_by.map(({ crate }) => `${crate.name} ${crate.version}`),
  }));
}

const bundled = JSON.parse(readFileSync('console/dist/.vite/licenses.json', 'utf8'));
const ofPackages = [...bundled, ...fonts.map(font)].map(({ name, version, identifier, text }) => ({
  id: identifier,
  text,
  users: [`${name} ${version}`],
}));
const ofCrates = licensesOfCrates(process.argv[2]);

console.log('Campanile contains software of third parties. Their licenses follow, each with the software it applies to.');
if (ofCrates.length === 0) console.log('This is a development build: the crates of the server are not listed.');
for (const { id, text, users } of [...ofPackages, ...ofCrates]) {
  const line = '-'.repeat(78);
  console.log(`\n${line}\n${users.sort().join('\n')}\n\nLicense: ${id}\n${line}\n\n${text.trim()}`);
}
