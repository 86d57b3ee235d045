import { EventEmitter } from 'node:events';
import test from 'ava';
import { HearkenError } from '../../lib/errors.js';
import { hearken, type Setting } from '../helpers/cli-world.js';

const VOICES = ['--voice', 'Ada=ada.wav', '--voice', 'Bob=clips/bob.mp3'];

for (const command of ['transcribe', 'diarize']) {
  test(`${command}: voices are learned once, with the nets that all files share, and go to each job`, async (t) => {
    const seen: unknown[] = [];
    const enrolment: Setting['enrolment'] = async (clip, { diarizer, signal }) => {
      seen.push(diarizer);
      t.truthy(signal);
      return [clip.length];
    };
    const world = await hearken([command, 'a.mp3', 'b.mp3', ...VOICES, '--voice-threshold', '-0.5'], { enrolment });
    t.is(world.code, 0, world.err);
    t.deepEqual(world.clips, ['ada.wav', 'clips/bob.mp3']);
    t.is(world.calls.length, 2);
    for (const { options } of world.calls) {
      t.deepEqual(options.voices, { Ada: [7], Bob: [13] });
      t.is(options.voiceThreshold, -0.5);
      t.truthy(options.diarizer);
      seen.push(options.diarizer);
    }
    t.is(new Set(seen).size, 1);
    t.true(world.closes.includes('diarizer'));
  });

  test(`${command}: a name of a built-in property is a name like others`, async (t) => {
    const { calls } = await hearken([command, 'a.mp3', '--voice', '__proto__=a.wav']);
    t.deepEqual(Object.entries(calls[0]?.options.voices ?? {}), [['__proto__', [5]]]);
  });

  test(`${command}: a clip that is no voice ends it with 1, before any file`, async (t) => {
    const enrolment: Setting['enrolment'] = async () => {
      throw new HearkenError('ERR_AUDIO_NOT_FOUND', 'there is no such file');
    };
    const world = await hearken([command, 'a.mp3', '--voice', 'Ada=ad\u001ba.wav'], { enrolment });
    t.is(world.code, 1);
    t.is(world.out, '');
    t.is(world.err, 'hearken: --voice Ada=ad\uFFFDa.wav: there is no such file [ERR_AUDIO_NOT_FOUND]\n');
    t.deepEqual(world.calls, []);
    t.deepEqual(world.closes, ['diarizer']);
  });

  test(`${command}: an interruption while a voice is learned`, async (t) => {
    const signals = new EventEmitter();
    const enrolment: Setting['enrolment'] = (_clip, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new HearkenError('ERR_ABORTED', 'aborted')));
        setImmediate(() => signals.emit('SIGINT'));
      });
    const world = await hearken([command, 'a.mp3', ...VOICES], { enrolment, signals });
    t.is(world.code, 130);
    t.regex(world.err, /^hearken: interrupted: [^\n]*nothing written\n$/);
    t.deepEqual(world.calls, []);
    t.deepEqual(world.closes, ['diarizer']);
  });

  test(`${command}: an interruption after the last voice, before the first file`, async (t) => {
    const signals = new EventEmitter();
    const enrolment: Setting['enrolment'] = async () => {
      signals.emit('SIGINT');
      return [1];
    };
    const world = await hearken([command, 'a.mp3', '--voice', 'Ada=ada.wav'], { enrolment, signals });
    t.is(world.code, 130);
    t.regex(world.err, /^hearken: interrupted: [^\n]*nothing written\n$/);
    t.deepEqual(world.calls, []);
  });

  test(`${command}: progress while a voice is learned`, async (t) => {
    const { err } = await hearken([command, 'a.mp3', '--voice', 'Ada=ada.wav'], { tty: true });
    t.true(err.startsWith('\r\u001b[2Kvoice of Ada  starting\r\u001b[2Ka.mp3  starting'), err);
  });

  test(`${command}: wrong voices are wrong usage`, async (t) => {
    const wrong = [
      ['--voice', 'Ada'],
      ['--voice', '=a.wav'],
      ['--voice', 'Ada=a.wav', '--voice', 'Ada=b.wav'],
      ['--voice-threshold', '0.5'],
      ['--voice', 'Ada=a.wav', '--voice-threshold', '1.5'],
    ];
    for (const flags of wrong) {
      const { code, err, clips } = await hearken([command, 'a.mp3', ...flags]);
      t.is(code, 2, flags.join(' '));
      t.regex(err, /^hearken: .*--voice.*\nRun with --help/s);
      t.deepEqual(clips, []);
    }
  });
}

test('no speakers, no voices', async (t) => {
  for (const flags of [
    ['--voice', 'Ada=a.wav'],
    ['--voice-threshold', '0.5'],
  ]) {
    const { code, err } = await hearken(['transcribe', 'a.mp3', '--no-diarize', ...flags]);
    t.is(code, 2);
    t.regex(err, /^hearken: --no-diarize knows no speakers/);
  }
  const { loads } = await hearken(['transcribe', 'a.mp3', 'b.mp3', '--no-diarize']);
  t.deepEqual(loads, ['model'], 'the nets are not loaded for nothing');
});

test('channels may have known voices', async (t) => {
  t.is((await hearken(['diarize', 'a.mp3', '--channels', ...VOICES])).code, 0);
  t.is((await hearken(['transcribe', 'a.mp3', '--diarize-channels', ...VOICES])).code, 0);
});
