// The install step: nothing to do where the package carries binaries for this platform; otherwise a build from source.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildNative } from './build-native.mjs';
import { ROOT } from './cmake.mjs';

/** A prebuilt engine that this CPU and this C library can run; one that was built here may be older than the source. */
function shipped() {
  const require = createRequire(join(ROOT, 'package.json'));
  try {
    const loader = require('node-gyp-build').resolve(ROOT);
    const { levels } = require(loader);
    return (
      loader.includes('prebuilds') && levels.some((level) => existsSync(join(loader.slice(0, -5), `${level}.node`)))
    );
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
