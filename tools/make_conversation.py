#!/usr/bin/env python3
"""Builds examples/conversation.wav, .rttm and .txt, bit for bit, from recordings that may be passed on.

    apt-get download pocketsphinx-testdata && dpkg -x pocketsphinx-testdata_*.deb testdata
    python3 tools/make_conversation.py testdata/usr/share/pocketsphinx/test/data examples

Needs nothing but Python. Every sample is one multiplication and one rounding of a double, so any machine makes the same
bytes; they are checked against SHA-256 sums, of what is read before it is used and of what comes out before it is written.
"""

import hashlib
import sys
from array import array
from pathlib import Path
from typing import NamedTuple

RATE = 16_000
HERE = Path(__file__).resolve().parent

SOURCES = {
    "jfk": ("jfk.wav", "59dfb9a4acb36fe2a2affc14bacbee2920ff435cb13cc314a08c13f66ba7860e"),
    "forward": ("goforward.raw", "f15c60ec54059d8b66e410d0064945a0b0a04ea56e1ddca1958e493c0cf70e71"),
    "something": ("something.raw", "eb95b74ce3f3037487e49dcfd935bbcf8c158b5f4083dd19451729c3ee694f5f"),
    "austen-0870": ("librivox/sense_and_sensibility_01_austen_64kb-0870.wav", "b0557cf95c974d930577e58e46b7f068c432a6e3afcc286563d88922b2a5315c"),
    "austen-0920": ("librivox/sense_and_sensibility_01_austen_64kb-0920.wav", "40882414ef4cc51f3ff7a63bad0c8c87e7f595ffeb8209fbf756c8ebc5c28a59"),
    "austen-0930": ("librivox/sense_and_sensibility_01_austen_64kb-0930.wav", "954adbf0b56ac8a148cbe77b39ca18d76b5f2a1e1f405565bd786ce3e68a68b7"),
}

OUTPUT_SHA256 = "4d824ef087daf6ca9e56ccfc48ee40c43598dd6670edd1400e3ca21e09fcb9bd"


class Utterance(NamedTuple):
    speaker: str
    source: str
    # Seconds of the source that are taken: the speech and some of the room around it.
    begin: float
    end: float
    # Brings the voices to a like loudness, about -20 dBFS while they speak.
    gain: float
    # Where there is speech, in seconds of the source, split at pauses of half a second and more.
    speech: tuple
    text: str
    # Silence after it, in seconds; with the room around both utterances that makes a pause of 0.5 to 0.9 s.
    pause: float


CONVERSATION = (
    Utterance("kennedy", "jfk", 0.20, 7.85, 0.45, ((0.30, 2.13), (3.25, 4.28), (5.38, 7.60)),
              "And so, my fellow Americans, ask not what your country can do for you.", 0.30),
    Utterance("commander", "something", 0.25, 2.40, 1.50, ((0.45, 2.15),),
              "Go somewhere and do something.", 0.30),
    Utterance("reader", "austen-0870", 0.05, 7.05, 1.60, ((0.23, 6.80),),
              "And Mr. John Dashwood had then leisure to consider how much there might be prudently in his power to do for them.",
              0.40),
    Utterance("kennedy", "jfk", 7.95, 10.70, 0.60, ((8.18, 10.45),),
              "Ask what you can do for your country.", 0.30),
    Utterance("commander", "forward", 0.28, 2.62, 2.80, ((0.48, 2.40),),
              "Go forward ten meters.", 0.30),
    Utterance("reader", "austen-0920", 0.05, 6.00, 1.30, ((0.27, 5.80),),
              "Had he married a more amiable woman, he might have been made still more respectable than he was.", 0.10),
    Utterance("reader", "austen-0930", 0.05, 3.28, 1.40, ((0.25, 2.98),),
              "He might even have been made amiable himself.", 0.0),
)

LEAD = 0.1
TAIL = 0.4
FADE = RATE // 50  # 20 ms, so that no cut clicks
# Between the clips lies noise at about -65 dBFS instead of digital silence, which no microphone makes.
NOISE_PEAK = 32


def fail(message: str) -> None:
    sys.exit(f"make_conversation: {message}")


def checked(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}; the folder must be the package's test/data")
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        fail(f"{path} is another file than was used: SHA-256 {found}, not {sha256}")
    return data


def samples(path: Path, sha256: str) -> array:
    """Samples of a WAV file or of bare ones; all sources are mono, 16 bits, 16 kHz."""
    data = checked(path, sha256)
    if path.suffix == ".wav":
        at = 12
        while data[at : at + 4] != b"data":
            at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        data = data[at + 8 : at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")]
    values = array("h", data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


class Noise:
    """White noise from a linear congruential generator: the same on every machine."""

    def __init__(self) -> None:
        self.state = 1

    def take(self, count: int) -> array:
        out = array("h")
        for _ in range(count):
            self.state = (self.state * 1_103_515_245 + 12_345) % (1 << 31)
            out.append((self.state >> 16) % (2 * NOISE_PEAK + 1) - NOISE_PEAK)
        return out


def clip(source: array, utterance: Utterance) -> array:
    part = source[round(utterance.begin * RATE) : round(utterance.end * RATE)]
    last = len(part) - 1
    out = array("h")
    for i, value in enumerate(part):
        ramp = min(i, last - i, FADE) / FADE
        out.append(max(-32768, min(32767, round(value * utterance.gain * ramp))))
    return out


def wav(values: array) -> bytes:
    body = array("h", values)
    if sys.byteorder == "big":
        body.byteswap()
    data = body.tobytes()
    number = lambda value, size: value.to_bytes(size, "little")
    form = number(1, 2) + number(1, 2) + number(RATE, 4) + number(2 * RATE, 4) + number(2, 2) + number(16, 2)
    return b"RIFF" + number(36 + len(data), 4) + b"WAVEfmt " + number(16, 4) + form + b"data" + number(len(data), 4) + data


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    read = {
        name: samples((HERE.parent / "examples" if name == "jfk" else folder) / path, sha256)
        for name, (path, sha256) in SOURCES.items()
    }
    noise = Noise()
    audio = noise.take(round(LEAD * RATE))
    rttm, text = [], []
    for utterance in CONVERSATION:
        at = len(audio) / RATE - utterance.begin
        for begin, end in utterance.speech:
            rttm.append(
                f"SPEAKER conversation 1 {at + begin:.3f} {end - begin:.3f} <NA> <NA> {utterance.speaker} <NA> <NA>\n"
            )
        text.append(f"{utterance.speaker}: {utterance.text}\n")
        audio += clip(read[utterance.source], utterance)
        audio += noise.take(round(utterance.pause * RATE))
    audio += noise.take(round(TAIL * RATE))
    out = wav(audio)
    found = hashlib.sha256(out).hexdigest()
    if found != OUTPUT_SHA256:
        fail(f"the audio came out with SHA-256 {found}, not {OUTPUT_SHA256}")
    (target / "conversation.wav").write_bytes(out)
    (target / "conversation.rttm").write_text("".join(rttm), encoding="utf-8", newline="\n")
    (target / "conversation.txt").write_text("\n".join(text), encoding="utf-8", newline="\n")
    print(f"{len(audio) / RATE:.3f} s, {len(out)} bytes, SHA-256 {found}")


if __name__ == "__main__":
    main()
