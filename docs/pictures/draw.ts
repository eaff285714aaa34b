import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { instance } from '@viz-js/viz';

/** Draws every `*.dot` beside this file as SVG. With `--check` it writes nothing and exits 1 when a picture is stale. */
const folder = new URL('.', import.meta.url);
const check = process.argv.includes('--check');
const graphviz = await instance();
for (const name of readdirSync(folder).filter((each) => each.endsWith('.dot'))) {
  const svg = `${graphviz.renderString(readFileSync(new URL(name, folder), 'utf8'), { format: 'svg' }).trim()}\n`;
  const picture = new URL(name.replace(/\.dot$/, '.svg'), folder);
  if (!check) writeFileSync(picture, svg);
  else if (readIfThere(picture) !== svg) {
    process.stderr.write(
      `docs/pictures/${name} changed since its picture was drawn; run: npm run generate\n`,
    );
    process.exitCode = 1;
  }
}

function readIfThere(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
