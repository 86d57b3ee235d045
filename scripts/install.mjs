// The install step: nothing to do where the package carries a binary for this platform; otherwise a build from source.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildNative, ROOT } from './build-native.mjs';

/** A binary that was shipped with the package; one that was built here may be older than the source. */
function shipped() {
  try {
    return createRequire(join(ROOT, 'package.json'))('node-gyp-build').resolve(ROOT).includes('prebuilds');
  } catch {
    return false;
  }
}

// `npx hearken` inside a checkout runs the install step once more; what `npm ci` built a moment ago is good enough for it.
const again = process.env.npm_command === 'exec' && existsSync(join(ROOT, 'build', 'Release', 'hearken.node'));

if (!again && !shipped()) {
  try {
    buildNative();
  } catch (error) {
    console.error(`hearken: ${error.message}`);
    process.exitCode = 1;
  }
}
