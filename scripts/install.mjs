// The install step: nothing to do where the package carries binaries for this platform; otherwise a build from source.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { buildNative } from './build-native.mjs';
import { ROOT } from './cmake.mjs';

/** A prebuilt engine that this CPU and this C library can run; one that was built here may be older than the source. */
function shipped() {
  const require = createRequire(join(ROOT, 'package.json'));
  try {
    const loader = require('node-gyp-build').resolve(ROOT);
    // Installed for another machine (npm_config_platform, npm_config_arch), which no build on this one would help.
    const { npm_config_platform: platform, npm_config_arch: arch } = process.env;
    if ((platform && platform !== process.platform) || (arch && arch !== process.arch)) return true;
    const { levels } = require(loader);
    return (
      loader.startsWith(join(ROOT, 'prebuilds') + sep) &&
      levels.some((level) => existsSync(join(loader.slice(0, -5), `${level}.node`)))
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
    // In a project, the rest of the installation is kept: the first use of hearken says the same.
    if (existsSync(join(ROOT, '.git'))) process.exitCode = 1;
  }
}
