// Formats our C++ with clang-format (.clang-format holds the style), or with --check only says what is not formatted.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './cmake.mjs';

const FOLDERS = ['native', 'test/native'];
const INSTALL = 'install it (Debian/Ubuntu: apt-get install clang-format; macOS: brew install clang-format)';

function sources() {
  return FOLDERS.filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(h|cc|c)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name)),
    )
    .sort();
}

function findClangFormat() {
  return ['clang-format', 'clang-format-14'].find((name) => {
    const run = spawnSync(name, ['--version'], { stdio: 'ignore' });
    return !run.error && run.status === 0;
  });
}

const check = process.argv.includes('--check');
const tool = findClangFormat();
const files = sources();
if (!tool && process.env.CI === 'true') {
  console.error(`hearken: clang-format was not found, so the C++ style cannot be checked: ${INSTALL}.`);
  process.exitCode = 1;
} else if (!tool) {
  console.log(`hearken: clang-format was not found; the C++ files were left alone. To have them checked, ${INSTALL}.`);
} else if (files.length > 0) {
  const how = check ? ['--dry-run', '-Werror'] : ['-i'];
  const run = spawnSync(tool, ['--style=file', ...how, ...files], { cwd: ROOT, stdio: 'inherit' });
  if (run.error) throw run.error;
  if (run.status === 0) console.log(`clang-format: ${files.length} C++ files ${check ? 'are formatted' : 'formatted'}`);
  else if (check) console.error("hearken: the C++ files above are not formatted: run 'npm run format'.");
  process.exitCode = run.status ?? 1;
}
