import { join, resolve } from 'node:path';
import test from 'ava';
import { dataFolder } from '../../lib/data-folder.js';
import { isOffline, modelsFolder } from '../../lib/models/folder.js';

test('the folder of pulled models: option, HEARKEN_MODELS_DIR, the data folder of the system', (t) => {
  const home = '/home/u';
  const folder = (env: NodeJS.ProcessEnv, given?: string, platform: NodeJS.Platform = 'linux') =>
    modelsFolder(given, env, platform, home);
  const standard = join(home, '.local', 'share', 'hearken', 'models');
  t.is(folder({ HEARKEN_MODELS_DIR: '/m', XDG_DATA_HOME: '/x' }, '/given'), resolve('/given'));
  t.is(folder({ HEARKEN_MODELS_DIR: '/m', XDG_DATA_HOME: '/x' }), resolve('/m'));
  t.is(folder({ HEARKEN_MODELS_DIR: 'm' }), resolve('m'));
  t.is(folder({ XDG_DATA_HOME: '/x' }), join('/x', 'hearken', 'models'));
  t.is(folder({ XDG_DATA_HOME: 'relative' }), standard);
  t.is(folder({ HEARKEN_MODELS_DIR: '', XDG_DATA_HOME: '' }), standard);
  t.is(folder({}, undefined, 'darwin'), standard);
  t.is(folder({ HEARKEN_DATA_DIR: '/d', XDG_DATA_HOME: '/x' }), resolve('/d', 'models'));
  t.is(folder({ HEARKEN_DATA_DIR: '/d', HEARKEN_MODELS_DIR: '/m' }), resolve('/m'));
  t.is(folder({ LOCALAPPDATA: '/l' }, undefined, 'win32'), join('/l', 'hearken', 'models'));
  t.is(folder({}, undefined, 'win32'), join(home, 'AppData', 'Local', 'hearken', 'models'));
});

test('the data folder: option, HEARKEN_DATA_DIR, the place of the system', (t) => {
  const home = '/home/u';
  const folder = (env: NodeJS.ProcessEnv, given?: string, platform: NodeJS.Platform = 'linux') =>
    dataFolder(given, env, platform, home);
  t.is(folder({ HEARKEN_DATA_DIR: '/d' }, '/given'), resolve('/given'));
  t.is(folder({ HEARKEN_DATA_DIR: 'd' }), resolve('d'));
  t.is(folder({ HEARKEN_DATA_DIR: '', XDG_DATA_HOME: '/x' }), join('/x', 'hearken'));
  t.is(folder({ XDG_DATA_HOME: 'relative' }), join(home, '.local', 'share', 'hearken'));
  t.is(folder({ LOCALAPPDATA: '/l' }, undefined, 'win32'), join('/l', 'hearken'));
});

test('offline: the option, else HEARKEN_OFFLINE', (t) => {
  t.false(isOffline(undefined, {}));
  t.false(isOffline(undefined, { HEARKEN_OFFLINE: '0' }));
  t.true(isOffline(undefined, { HEARKEN_OFFLINE: '1' }));
  t.true(isOffline(true, {}));
  t.false(isOffline(false, { HEARKEN_OFFLINE: '1' }));
});
