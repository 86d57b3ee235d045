// The prebuilt engine that this CPU gets, beside builds with -march=native by the system's compiler and by that of the prebuilt one:
// interleaved runs of one thread in processes of their own, CPU seconds, medians.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildEngines } from '../build-native.mjs';
import { ROOT } from '../cmake.mjs';
import { hereTarget } from '../prebuild/targets.mjs';
import { zigToolchain } from '../prebuild/zig.mjs';
import { placeBinaries, run } from './run.mjs';

const FILE = join(ROOT, 'examples', 'conversation.wav');
const MOST = 1.05;

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

function buildForThisCpu(folder, toolchain = {}) {
  const release = join(folder, 'release');
  buildEngines({ levels: ['native'], work: join(folder, 'cmake'), release, ...toolchain });
  return join(release, 'hearken', 'native.node');
}

export function compareSpeed({ prebuilds, name, rounds, check }) {
  const work = join(ROOT, 'build', 'cpu');
  const loader = join(prebuilds, `${name}.node`);
  const best = run({
    binaries: placeBinaries(join(work, 'all'), loader, enginesIn(join(prebuilds, name))),
    file: FILE,
  }).level;
  const here = hereTarget();
  const native = {
    'native, system compiler': buildForThisCpu(join(work, 'native-system')),
    'native, zig': buildForThisCpu(
      join(work, 'native-zig'),
      zigToolchain({ ...here, zig: 'native' }, join(work, 'native-zig')),
    ),
  };
  const builds = { [`prebuilt ${best}`]: join(prebuilds, name, `${best}.node`), ...native };
  if (best === 'avx512') builds['prebuilt avx2'] = join(prebuilds, name, 'avx2.node');
  for (const [kind, options] of [
    ['words alone', { diarize: false }],
    ['with speakers', {}],
  ]) {
    const times = Object.fromEntries(Object.keys(builds).map((build) => [build, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [build, engine] of Object.entries(builds)) {
        const binaries = placeBinaries(join(work, 'one'), loader, { [best]: engine });
        times[build].push(run({ binaries, cpu: best, file: FILE, options }).seconds);
      }
    }
    const ours = median(times[`prebuilt ${best}`]);
    for (const [build, all] of Object.entries(times)) {
      const ratio = ours / median(all);
      const text = `${kind}: ${build.padEnd(24)} ${median(all).toFixed(2)} CPU s (${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)})`;
      if (build in native) check(`${text}, prebuilt takes ${ratio.toFixed(3)} of it (at most ${MOST})`, ratio <= MOST);
      else console.log(`  ${text}`);
    }
  }
}

function enginesIn(folder) {
  return Object.fromEntries(readdirSync(folder).map((file) => [file.replace('.node', ''), join(folder, file)]));
}
