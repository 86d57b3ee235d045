// Conversations that nothing was tuned on, composed of the single utterances of the shared set asr: the same on every machine.
// Nothing may be chosen by looking at their error rates: a choice that needs them needs new seeds afterwards.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workFolder } from './common.mjs';
import {
  decode,
  meanSquare,
  pinkNoise,
  quietest,
  RATE,
  randomNumbers,
  telephone,
  writeWav,
} from './held-out-audio.mjs';

/**
 * What is composed: voices in all, how many of them are heard in audio/made as well (`known`), seconds aimed at, share of the
 * speech that overlaps, dB of the speech above the noise, a telephone's band.
 */
const PLANS = [
  { voices: 2, known: 0, seconds: 60, overlap: 0 },
  { voices: 2, known: 0, seconds: 100, overlap: 0.08 },
  { voices: 3, known: 0, seconds: 75, overlap: 0, telephone: true },
  { voices: 3, known: 0, seconds: 120, overlap: 0.12, noise: 15 },
  { voices: 4, known: 0, seconds: 110, overlap: 0 },
  { voices: 5, known: 0, seconds: 150, overlap: 0.06, noise: 20 },
  { voices: 6, known: 0, seconds: 150, overlap: 0 },
  { voices: 7, known: 0, seconds: 170, overlap: 0.1 },
  { voices: 2, known: 1, seconds: 120, overlap: 0.15, telephone: true },
  { voices: 3, known: 1, seconds: 150, overlap: 0, noise: 10 },
  { voices: 4, known: 2, seconds: 180, overlap: 0.1 },
  { voices: 5, known: 2, seconds: 240, overlap: 0, noise: 18 },
  { voices: 6, known: 3, seconds: 200, overlap: 0.05, telephone: true },
  { voices: 7, known: 3, seconds: 240, overlap: 0.13, noise: 15, telephone: true },
].map((plan, i) => ({ id: `held${String(i + 1).padStart(2, '0')}`, seed: 0x4ea2_0000 + 7919 * i, ...plan }));

const LEVEL = 0.05; // root mean square of speech before a voice's own level
const LEVEL_RANGE = 12; // dB between the loudest and the softest voice that may be
const SHORT_TURNS = 0.25; // share of turns cut to 0.6 to 2 s
const LONGEST = 10; // seconds of a turn
const LEAST_SUPPLY = 4; // seconds of speech that a voice needs to be used
const LARGEST_SHARE = 0.55; // of a conversation, for one voice

/** Voices of the set asr by name: utterances with marked speech, and what of it is in conversations that were tuned with. */
function readVoices({ sharedPath, manifest }) {
  const made = manifest('made').filter((entry) => entry.id !== 'long_en'); // long_en was not looked at: it is held out itself
  const knownVoices = new Set(made.flatMap((entry) => entry.speakers));
  const truths = made.map(({ truth }) => truth).filter(Boolean);
  const knownUtterances = new Set(
    truths.flatMap((file) =>
      JSON.parse(readFileSync(sharedPath('audio', file), 'utf8')).utterances.map(({ utt }) => utt),
    ),
  );
  const voices = new Map();
  for (const entry of manifest('asr')) {
    // A meeting's excerpt is left out: its speaker is heard in the set diar, others talk in the background.
    if (!entry.speaker || !entry.speech?.length || entry.speaker.startsWith('ami-')) continue;
    const voice = voices.get(entry.speaker) ?? { known: knownVoices.has(entry.speaker), utterances: [] };
    voices.set(entry.speaker, voice);
    voice.utterances.push({
      file: sharedPath('audio', entry.file),
      known: knownUtterances.has(entry.id),
      speech: entry.speech,
    });
  }
  for (const [name, voice] of voices) {
    voice.supply = voice.utterances.flatMap(({ speech }) => speech).reduce((sum, [from, to]) => sum + to - from, 0);
    if (voice.supply < LEAST_SUPPLY) voices.delete(name);
  }
  return voices;
}

/** An utterance as turns of at most LONGEST: cut in its pauses, and where it has none at a quiet place. Times in samples. */
function cutTurns({ file, speech, known }) {
  const samples = decode(file);
  const longest = LONGEST * RATE;
  const regions = speech.flatMap(([from, to]) => {
    const end = Math.min(samples.length, Math.round(to * RATE));
    const pieces = [];
    let start = Math.round(from * RATE);
    while (end - start > longest) {
      const at = quietest(samples, start + longest / 2, start + longest);
      pieces.push([start, at]);
      start = at;
    }
    return [...pieces, [start, end]];
  });
  const turns = [];
  for (const region of regions) {
    const last = turns.at(-1);
    if (last && region[1] - last.regions[0][0] <= longest) last.regions.push(region);
    else turns.push({ samples, known, regions: [region] });
  }
  // 0.1 s of what surrounds the speech goes along, as far as that is nobody's speech.
  return turns.map((turn, i) => {
    const [first, last] = [turn.regions[0][0], turn.regions.at(-1)[1]];
    const before = turns[i - 1]?.regions.at(-1)[1] ?? 0;
    const after = turns[i + 1]?.regions[0][0] ?? samples.length;
    const pad = 0.1 * RATE;
    return {
      ...turn,
      from: Math.round(Math.max(first - pad, (first + before) / 2, 0)),
      to: Math.round(Math.min(last + pad, (last + after) / 2)),
    };
  });
}

/** The beginning of a turn, 0.6 to 2 s of speech: "yes", "I knew you could not". */
function shorten(turn, random) {
  const [from, to] = turn.regions[0];
  const aim = Math.round((0.6 + 1.1 * random()) * RATE);
  if (to - from <= aim + 0.3 * RATE) return { ...turn, regions: [[from, to]], to: Math.min(turn.to, to + 0.05 * RATE) };
  const at = quietest(turn.samples, from + aim, from + aim + 0.3 * RATE);
  return { ...turn, regions: [[from, at]], to: at };
}

function shuffle(list, random) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

/** Voices that together have enough to say, none of them most of it. */
function chooseVoices(plan, voices, random) {
  const names = (known) => [...voices.keys()].filter((name) => voices.get(name).known === known).sort();
  for (;;) {
    const chosen = [
      ...shuffle(names(true), random).slice(0, plan.known),
      ...shuffle(names(false), random).slice(0, plan.voices - plan.known),
    ];
    const usable = chosen.map((name) => Math.min(voices.get(name).supply, LARGEST_SHARE * plan.seconds));
    if (usable.reduce((sum, seconds) => sum + seconds) >= 0.9 * plan.seconds) return chosen;
  }
}

/** Whose turn it is: mostly somebody else's than the last, more often of who has more left to say; new voices come in by and by. */
function nextSpeaker(plan, speakers, previous, late, random) {
  const most = LARGEST_SHARE * plan.seconds * RATE;
  const able = speakers.filter(({ left, spoken }) => left.length > 0 && spoken < most);
  const others = able.filter((speaker) => speaker !== previous);
  const pool = others.length > 0 && random() < 0.9 ? others : able;
  const unheard = pool.filter(({ spoken }) => spoken === 0);
  const from = unheard.length > 0 && (random() < 0.4 || late) ? unheard : pool;
  let point = random() * from.reduce((sum, { left }) => sum + left.length, 0);
  for (const speaker of from) {
    point -= speaker.left.length;
    if (point < 0) return speaker;
  }
  return from.at(-1);
}

/** Who says what when: [{ name, turn, start }] in samples. Everyone speaks; nothing is said twice. */
function arrange(plan, voices, random) {
  const speakers = chooseVoices(plan, voices, random).map((name) => {
    const turns = shuffle(voices.get(name).utterances, random).flatMap(cutTurns);
    const fresh = turns.filter((turn) => !turn.known);
    return { name, left: [...fresh, ...turns.filter((turn) => turn.known)], spoken: 0, end: 0 };
  });
  const said = [];
  let [end, overlapped, previous] = [0.5 * RATE, 0, undefined];
  while (end < plan.seconds * RATE || speakers.some(({ spoken }) => spoken === 0)) {
    const speaker = nextSpeaker(plan, speakers, previous, end >= plan.seconds * RATE, random);
    if (!speaker) break;
    let turn = speaker.left.shift();
    const short = speaker.spoken > 0 && random() < SHORT_TURNS;
    if (short) turn = shorten(turn, random);
    const length = turn.to - turn.from;
    const gap = random() < 0.9 ? 0.05 + 1.15 * random() : 2 + 4 * random();
    let start = end + Math.round(gap * RATE);
    const last = said.at(-1);
    if (last && speaker !== previous && overlapped < plan.overlap * end && random() < 0.8) {
      const lastLength = last.turn.to - last.turn.from;
      const inside = short && lastLength > length + RATE && random() < 0.5;
      start = inside
        ? last.start + Math.round(random() * (lastLength - length))
        : end - Math.round(Math.min(0.4 + 1.8 * random(), (0.6 * Math.min(length, lastLength)) / RATE) * RATE);
      start = Math.max(start, speaker.end + 0.1 * RATE, last.start);
      overlapped += Math.max(0, Math.min(end, start + length) - start);
    }
    said.push({ name: speaker.name, turn, start });
    speaker.spoken += length;
    speaker.end = start + length;
    end = Math.max(end, start + length);
    previous = speaker;
  }
  return { said, length: end + Math.round(0.5 * RATE), names: speakers.map(({ name }) => name) };
}

/** The sum of all turns, each voice at its own level; ends fade for 5 ms. */
function mix(plan, { said, length, names }, random) {
  const gains = new Map(names.map((name) => [name, 10 ** (((random() - 0.5) * LEVEL_RANGE) / 20)]));
  let samples = new Float32Array(length);
  const fade = 0.005 * RATE;
  for (const { name, turn, start } of said) {
    const power = turn.regions.reduce((sum, [from, to]) => sum + meanSquare(turn.samples, from, to) * (to - from), 0);
    const spoken = turn.regions.reduce((sum, [from, to]) => sum + to - from, 0);
    const gain = (LEVEL * gains.get(name)) / Math.sqrt(power / spoken + 1e-9);
    for (let i = turn.from; i < turn.to; i++) {
      const edge = Math.min(1, (i - turn.from + 1) / fade, (turn.to - i) / fade);
      samples[start + i - turn.from] += gain * edge * turn.samples[i];
    }
  }
  if (plan.noise !== undefined) {
    const noise = pinkNoise(length, random);
    const gain = (LEVEL * 10 ** (-plan.noise / 20)) / Math.sqrt(meanSquare(noise));
    for (let i = 0; i < length; i++) samples[i] += gain * noise[i];
  }
  if (plan.telephone) samples = telephone(samples);
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return peak > 0.95 ? samples.map((sample) => (sample * 0.95) / peak) : samples;
}

/** Seconds with at least so many of these regions at once. */
function secondsWith(regions, least) {
  const events = regions.flatMap(({ start, end }) => [
    [start, 1],
    [end, -1],
  ]);
  events.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let [active, since, sum] = [0, 0, 0];
  for (const [at, change] of events) {
    if (active >= least) sum += at - since;
    active += change;
    since = at;
  }
  return sum;
}

/** Writes ID.wav and ID.rttm; what the conversation holds. */
function compose(plan, voices, folder) {
  const random = randomNumbers(plan.seed);
  const arranged = arrange(plan, voices, random);
  const regions = arranged.said.flatMap(({ name, turn, start }) =>
    turn.regions.map(([from, to]) => ({
      name,
      known: turn.known,
      start: (start + from - turn.from) / RATE,
      end: (start + to - turn.from) / RATE,
    })),
  );
  regions.sort((a, b) => a.start - b.start);
  writeWav(join(folder, `${plan.id}.wav`), mix(plan, arranged, random));
  const line = ({ name, start, end }) =>
    `SPEAKER ${plan.id} 1 ${start.toFixed(3)} ${(end - start).toFixed(3)} <NA> <NA> ${name} <NA> <NA>\n`;
  writeFileSync(join(folder, `${plan.id}.rttm`), regions.map(line).join(''));

  const total = (list) => list.reduce((sum, { start, end }) => sum + end - start, 0);
  const digits = (value) => Number(value.toFixed(3));
  return {
    id: plan.id,
    seconds: arranged.length / RATE,
    speakers: arranged.names,
    speech: digits(total(regions)),
    overlap: digits(secondsWith(regions, 2) / secondsWith(regions, 1)),
    knownVoices: digits(total(regions.filter(({ name }) => voices.get(name).known)) / total(regions)),
    knownUtterances: digits(total(regions.filter(({ known }) => known)) / total(regions)),
    ...(plan.noise !== undefined && { noise: plan.noise }),
    ...(plan.telephone && { telephone: true }),
  };
}

const FOLDER = 'held-out';
const indexFile = () => join(workFolder(FOLDER), 'index.json');

/** The composed conversations that are there for the plans of today: { folder, conversations }, or undefined. */
export function composedSet() {
  if (!existsSync(indexFile())) return undefined;
  const { plans, conversations } = JSON.parse(readFileSync(indexFile(), 'utf8'));
  if (JSON.stringify(plans) !== JSON.stringify(PLANS)) return undefined;
  return { folder: workFolder(FOLDER), conversations };
}

/** The same, composed first where absent. */
export function composeSet(data) {
  const there = composedSet();
  if (there) return there;
  const voices = readVoices(data);
  const folder = workFolder(FOLDER);
  const conversations = PLANS.map((plan) => {
    console.error(`composing ${plan.id} …`);
    return compose(plan, voices, folder);
  });
  writeFileSync(indexFile(), `${JSON.stringify({ plans: PLANS, conversations }, null, 1)}\n`);
  return { folder, conversations };
}
