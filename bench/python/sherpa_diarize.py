"""Diarizes one recording with sherpa-onnx: JSON of its turns on standard output. Needs sherpa-onnx and soundfile.

    python sherpa_diarize.py SEGMENTATION.onnx EMBEDDING.onnx AUDIO_16K THREADS THRESHOLD
"""
import json
import sys

import sherpa_onnx as sherpa
import soundfile

segmentation, embedding, audio, threads, threshold = sys.argv[1:]
net = sherpa.OfflineSpeakerSegmentationPyannoteModelConfig(model=segmentation)
config = sherpa.OfflineSpeakerDiarizationConfig(
    segmentation=sherpa.OfflineSpeakerSegmentationModelConfig(pyannote=net, num_threads=int(threads)),
    embedding=sherpa.SpeakerEmbeddingExtractorConfig(model=embedding, num_threads=int(threads)),
    clustering=sherpa.FastClusteringConfig(num_clusters=-1, threshold=float(threshold)),
)
diarization = sherpa.OfflineSpeakerDiarization(config)
samples, rate = soundfile.read(audio, dtype='float32', always_2d=True)
if rate != diarization.sample_rate:
    sys.exit(f'{audio} has {rate} Hz: sherpa-onnx wants {diarization.sample_rate} Hz')
turns = diarization.process(samples.mean(axis=1)).sort_by_start_time()
json.dump(
    {
        'version': sherpa.__version__,
        'duration': len(samples) / rate,
        'turns': [{'start': t.start, 'end': t.end, 'speaker': f'SPEAKER_{t.speaker:02d}'} for t in turns],
    },
    sys.stdout,
)
