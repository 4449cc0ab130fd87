// Run by `cargo xtask size`: node size.mjs PACKAGE-FOLDER
// Writes, for each entry point in the package's `exports`, the files it loads and their sizes.
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = process.argv[2];
const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

// What a browser's loader or a bundler follows: static and dynamic imports, and files by URL.
const LOADS =
  /(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)(['"])((?:\.\.?\/|[\w-]+\.wasm)[^'"\n]*)\1/g;

function loaded(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!/\.m?js$/.test(file)) return seen;
  // Comments show imports as examples; they load nothing.
  const code = readFileSync(join(folder, file), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
  for (const [, , target] of code.matchAll(LOADS)) {
    loaded(posix.join(posix.dirname(file), target), seen);
  }
  return seen;
}

// The condition that a browser's bundler takes.
function entryFile(target) {
  if (typeof target !== 'object' || target === null) return target;
  return entryFile(target.browser ?? target.import ?? target.default);
}

function measure(file) {
  const bytes = readFileSync(join(folder, file));
  return {
    name: file,
    raw: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }).length,
  };
}

const entries = [];
for (const [subpath, target] of Object.entries(manifest.exports)) {
  const file = entryFile(target);
  if (typeof file !== 'string' || !/\.m?js$/.test(file)) continue;
  const files = [...loaded(posix.normalize(file))].map(measure);
  const total = { raw: 0, gzip: 0, brotli: 0 };
  for (const size of files) for (const key in total) total[key] += size[key];
  entries.push({ name: posix.join(manifest.name, subpath), files, total });
}
process.stdout.write(JSON.stringify(entries));
