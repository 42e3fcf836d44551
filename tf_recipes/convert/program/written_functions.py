"""Holds functions of Keras operations that `model.py` gets a copy of, where a graph needs them.

They compute what TF1 computes and Keras has no function for. The copies use `keras` and `numpy`.
"""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy


def local_response_normalization(
    x: Any, depth_radius: int, bias: float, alpha: float, beta: float
) -> Any:
    """Divides each entry by a power of the sum of its neighbours' squares, along the last axis."""
    channels, ends = x.shape[-1], (depth_radius, depth_radius)
    squares = keras.ops.pad(keras.ops.square(x), ((0, 0), (0, 0), (0, 0), ends))
    sums = sum(squares[..., k : k + channels] for k in range(2 * depth_radius + 1))
    return x / (bias + alpha * sums) ** beta


def resize_bilinear(images: Any, height: int, width: int, align_corners: bool = False) -> Any:
    """Resizes images with the first pixel's centre at (0, 0), where Keras has its corner."""
    for axis, size in ((2, width), (1, height)):
        last = images.shape[axis] - 1
        step = last / (size - 1) if align_corners and size > 1 else (last + 1) / size
        places = numpy.arange(size, dtype="float32") * numpy.float32(step)
        low = numpy.minimum(places.astype("int32"), last)
        high = numpy.minimum(low + 1, last)
        share = numpy.reshape(
            (places - low).astype("float32"), (1,) * axis + (-1,) + (1,) * (3 - axis)
        )
        first = keras.ops.take(images, low, axis=axis)
        images = first + (keras.ops.take(images, high, axis=axis) - first) * share
    return images


def resize_nearest(images: Any, height: int, width: int, align_corners: bool = False) -> Any:
    """Resizes images by the pixel at or before each place, where Keras takes the nearest one."""
    for axis, size in ((1, height), (2, width)):
        last = images.shape[axis] - 1
        step = last / (size - 1) if align_corners and size > 1 else (last + 1) / size
        places = numpy.arange(size, dtype="float32") * numpy.float32(step)
        places = places + numpy.float32(0.5) if align_corners else places
        nearest = numpy.minimum(places.astype("int32"), last)
        images = keras.ops.take(images, nearest, axis=axis)
    return images


def rounded(x: Any) -> Any:
    """Returns x; what is added to it is added after it was rounded, as in TF1."""
    return keras.ops.maximum(x, x)  # TensorFlow would compute (1 - x) + 1e-7 as (1 + 1e-7) - x


def resize_area(images: Any, height: int, width: int, align_corners: bool = False) -> Any:
    """Resizes images by the mean of the area that each new pixel covers."""
    for axis, size in ((1, height), (2, width)):
        last = images.shape[axis] - 1
        step = last / (size - 1) if align_corners and size > 1 else (last + 1) / size
        low = numpy.float32(step) * numpy.arange(size, dtype="float32")[:, None]
        high = numpy.float32(step) * numpy.arange(1, size + 1, dtype="float32")[:, None]
        pixels = numpy.arange(last + 1, dtype="float32")
        ends = numpy.where(pixels < last, pixels + 1, numpy.inf)  # the last one repeats
        covered = numpy.minimum(ends, high) - numpy.maximum(pixels, low)
        shares = numpy.maximum(covered, 0).astype("float32") / numpy.float32(step)
        images = keras.ops.matmul(keras.ops.moveaxis(images, axis, -1), shares.T)
        images = keras.ops.moveaxis(images, -1, axis)
    return images


def resize_bicubic(
    images: Any,
    height: int,
    width: int,
    align_corners: bool = False,
    centers: bool = False,
) -> Any:
    """Resizes images by cubic polynomials, at places in steps of 1/1024 pixel."""
    for axis, size in ((1, height), (2, width)):
        last = images.shape[axis] - 1
        step = last / (size - 1) if align_corners and size > 1 else (last + 1) / size
        places = numpy.arange(size, dtype="float32")
        if centers:
            places = (places + numpy.float32(0.5)) * numpy.float32(step)
            places = places - numpy.float32(0.5)
        else:
            places = places * numpy.float32(step)
        low = numpy.floor(places).astype("int32")
        share = numpy.rint((places - low) * 1024) / 1024
        a = -0.5 if centers else -0.75
        shares = numpy.zeros((size, last + 1))
        for k in (-1, 0, 1, 2):
            away = numpy.abs(share - k)
            near = ((a + 2) * away - (a + 3)) * away**2 + 1
            far = ((a * away - 5 * a) * away + 8 * a) * away - 4 * a
            weight = numpy.where(away <= 1, near, far)
            inside = (low + k >= 0) & (low + k <= last)
            if centers:
                weight = numpy.where(inside, weight, 0)
            at = numpy.clip(low + k, 0, last)  # the first and the last pixel repeat
            numpy.add.at(shares, (numpy.arange(size), at), weight)
        if centers:
            shares = shares / shares.sum(1, keepdims=True)
        shares = shares.astype("float32")
        images = keras.ops.matmul(keras.ops.moveaxis(images, axis, -1), shares.T)
        images = keras.ops.moveaxis(images, -1, axis)
    return images


def transposed_convolution(x: Any, kernel: Any, strides: Any, padding: Any) -> Any:
    """Convolves images with zeros between and around their pixels, by the turned kernel."""
    for axis, (stride, ends) in enumerate(zip(strides, padding, strict=True), start=1):
        size, rest = x.shape[axis], x.shape[axis + 1 :]
        spread = keras.ops.expand_dims(x, axis + 1)
        zeros = [(0, 0)] * len(spread.shape)
        zeros[axis + 1] = (0, stride - 1)
        shape = (-1, *x.shape[1:axis], size * stride, *rest)
        x = keras.ops.reshape(keras.ops.pad(spread, zeros), shape)
        x = keras.ops.take(x, numpy.arange((size - 1) * stride + 1), axis=axis)
        zeros = [(0, 0)] * len(x.shape)
        zeros[axis] = ends
        x = keras.ops.pad(x, zeros)
    turned = keras.ops.flip(kernel, axis=tuple(range(len(strides))))
    order = (*range(len(strides)), len(strides) + 1, len(strides))
    return keras.ops.conv(x, keras.ops.transpose(turned, order))


FUNCTIONS = {
    function.__name__: function
    for function in (
        local_response_normalization,
        resize_area,
        resize_bicubic,
        resize_bilinear,
        resize_nearest,
        rounded,
        transposed_convolution,
    )
}


def source(name: str) -> str:
    """Returns the code of a function, without its annotations, which are for this package."""
    lines = inspect.getsource(FUNCTIONS[name]).splitlines()
    end = next(k for k, line in enumerate(lines) if line.endswith(":"))
    parameters = []
    for parameter in inspect.signature(FUNCTIONS[name]).parameters.values():
        default = parameter.default
        given = "" if default is inspect.Parameter.empty else f"={default!r}"
        parameters.append(parameter.name + given)
    return "\n".join([f"def {name}({', '.join(parameters)}):", *lines[end + 1 :]])
