#!/usr/bin/env node
// What prebuildify calls instead of node-gyp, in the folder of one target: builds its loader and engines.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { buildEngines } from '../build-native.mjs';
import { TARGETS } from './targets.mjs';
import { compilerName, zigToolchain } from './zig.mjs';

const work = process.cwd();
const target = TARGETS.find(({ id }) => id === process.env.HEARKEN_PREBUILD_TARGET);
const levels = process.env.HEARKEN_PREBUILD_LEVELS.split(',');
const release = join(work, 'build', 'Release');
buildEngines({ levels, work: join(work, compilerName(target)), release, ...zigToolchain(target, work) });
const name = target.libc ? `hearken.${target.libc}` : 'hearken';
cpSync(join(release, 'hearken'), join(work, 'artifacts', name), { recursive: true });
