// The install step: nothing to do where a binary for this platform is in the package; otherwise a build from source.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildNative, ROOT } from './build-native.mjs';

const require = createRequire(join(ROOT, 'package.json'));
const checkout = process.env.npm_command === 'ci' || process.env.npm_command === 'install';

function prebuilt() {
  try {
    // build/ is a developer's own and may be older than the source, so only what is shipped counts here.
    require('node-gyp-build').resolve(ROOT).includes('prebuilds');
    return require('node-gyp-build').resolve(ROOT).includes('prebuilds');
  } catch {
    return false;
  }
}

if (!checkout || !prebuilt()) {
  try {
    buildNative();
  } catch (error) {
    console.error(`hearken: ${error.message}`);
    process.exitCode = 1;
  }
}
