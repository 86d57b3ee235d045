// Before `npm pack` and `npm publish`: what the tarball takes and git does not have. TypeScript is compiled by scripts/prepare.mjs.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './cmake.mjs';
import { vendorWhisper } from './vendor-whisper.mjs';

vendorWhisper({ log: console.log });
rmSync(join(ROOT, 'dist', 'lib'), { recursive: true, force: true }); // nothing of sources that are gone
