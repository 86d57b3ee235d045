#!/usr/bin/env node
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';
import { forgotten, problems } from './problems.mjs';
import { HearkenTheme, title } from './theme.mjs';

// Writes docs/api from the docstrings of what lib/index.ts exports. With --check nothing is written: exit code 1 where it would
// be another, a docstring is missing, or an export is on no page.

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, '..', '..', 'docs', 'api');

const check = process.argv.includes('--check');
const out = check ? mkdtempSync(join(tmpdir(), 'hearken-api-')) : OUT;
try {
  const wrong = await generate(out);
  if (check && wrong.length === 0) wrong.push(...differences(OUT, out));
  for (const line of wrong) console.error(line);
  if (wrong.length > 0) process.exitCode = 1;
  else console.log(check ? 'docs/api is what the docstrings say' : `${relative(process.cwd(), OUT)} written`);
} finally {
  if (check) rmSync(out, { recursive: true });
}

async function generate(folder) {
  const app = await Application.bootstrapWithPlugins({
    options: join(HERE, 'typedoc.json'),
    logLevel: 'Warn',
    theme: 'hearken',
    pageTitleTemplates: { index: ({ projectName }) => projectName, module: ({ name }) => title(name) },
  });
  app.renderer.defineTheme('hearken', HearkenTheme);
  const pages = app.getEntryPoints();
  const project = pages && app.converter.convert(pages);
  if (!project) return ['the docstrings could not be read'];
  app.validate(project);
  const wrong = [
    ...problems(project),
    ...forgotten(project, pages[0].program, join(HERE, '..', '..', 'lib', 'index.ts')),
  ];
  if (app.logger.hasErrors() || app.logger.hasWarnings()) wrong.push('typedoc has warned: see above');
  if (wrong.length === 0) await app.outputs.writeOutput({ name: 'markdown', path: folder }, project);
  return wrong;
}

function differences(committed, made) {
  const read = (folder) => new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  const [old, now] = [read(committed), read(made)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((name) => old.get(name) !== now.get(name))
    .map((name) => `docs/api/${name} is not what the docstrings say: npm run docs:api`);
}
