"""Reads the tensors of a PyTorch checkpoint (the zip kind) without PyTorch and without running what the pickle names.

A pickle can call whatever it can import. Here the only names that mean something are those a tensor is made of; every
other class or function becomes an inert placeholder, so a checkpoint with a training framework's objects in it still
opens, and a hostile one does nothing.
"""

import collections
import io
import pickle
import zipfile

import numpy as np

STORAGES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


class _Placeholder:
    """Stands for any object that is not a tensor; takes whatever state it is given and does nothing with it."""

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def __call__(self, *args, **kwargs):
        return self

    def append(self, value):
        pass

    def extend(self, values):
        pass


def _tensor(storage, offset, size, stride, *_):
    size, stride = tuple(size), tuple(stride)
    if len(size) != len(stride) or min((*size, *stride, offset, 0)) < 0:
        raise ValueError("a tensor of the checkpoint has a malformed shape")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride))
    if 0 not in size and last >= storage.size:
        raise ValueError("a tensor of the checkpoint reaches beyond its storage")
    steps = tuple(step * storage.itemsize for step in stride)
    return np.array(np.lib.stride_tricks.as_strided(storage[offset:], size, steps), order="C")


def _parameter(data, *_):
    return data


class _Unpickler(pickle.Unpickler):
    KNOWN = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch._utils", "_rebuild_parameter"): _parameter,
    }

    def __init__(self, archive, root):
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self._archive = archive
        self._root = root
        self._storages = {}

    def find_class(self, module, name):
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        return self.KNOWN.get((module, name), type(name, (_Placeholder,), {}))

    def persistent_load(self, pid):
        kind, dtype, key, _, length = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise ValueError(f"the checkpoint refers to something that is not a tensor's storage: {kind!r}")
        if key not in self._storages:
            values = np.frombuffer(self._archive.read(f"{self._root}/data/{key}"), dtype)
            if values.size != length:
                raise ValueError(f"storage {key} of the checkpoint has {values.size} elements, not {length}")
            self._storages[key] = values
        return self._storages[key]


def load_tensors(data):
    """The state dict (name -> array) in the checkpoint with these bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        roots = [n.rsplit("/", 1)[0] for n in archive.namelist() if n.count("/") == 1 and n.endswith("/data.pkl")]
        if len(roots) != 1:
            raise ValueError("this is not a PyTorch checkpoint: it has no single data.pkl")
        if f"{roots[0]}/byteorder" in archive.namelist() and archive.read(f"{roots[0]}/byteorder") != b"little":
            raise ValueError("the checkpoint was written on a big-endian machine")
        content = _Unpickler(archive, roots[0]).load()
    state = content.get("state_dict", content)
    return {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
