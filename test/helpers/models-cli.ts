// `hearken models …` over a table of models from a file: node models-cli.js <table.json> <arguments…>. Tests that need a
// process of their own (signals, two pulls at once, exit codes) run this, since the real table has no small model.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { modelsCommand } from '../../lib/cli/models.js';
import type { ModelEntry } from '../../lib/models/registry.js';

const [table = '', ...argv] = process.argv.slice(2);
const command = modelsCommand(JSON.parse(readFileSync(table, 'utf8')) as ModelEntry[]);
const program = new Command('hearken').exitOverride().addCommand(command);
for (const each of [command, ...command.commands]) each.copyInheritedSettings(program);
try {
  await program.parseAsync(['models', ...argv], { from: 'user' });
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
