"""Convolutions in 1, 2 and 3 dimensions and their transposes.

Activations are (batch, spatial..., channels). Weights are (out, kernel..., in / groups); the weight of a transposed
convolution is that of the convolution it transposes, hence (in, kernel..., out / groups).
"""

import torch
import torch.nn.functional as F

CONVOLUTION = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def channels_first(x):
    return x.movedim(-1, 1)


def channels_last(x):
    return x.movedim(1, -1)


def convolve(input, weight, bias=None, *, rank, stride, padding, dilation, groups):
    """`padding` gives (before, after) for each spatial axis."""
    pads = [amount for pair in reversed(padding) for amount in pair]
    x = F.pad(channels_first(input), pads)
    result = CONVOLUTION[rank](x, channels_first(weight), bias, stride, 0, dilation, groups)
    return channels_last(result)


def convolve_transposed(input, weight, bias=None, *, rank, stride, padding, outputPadding, dilation, groups):
    x, w = channels_first(input), channels_first(weight)
    result = TRANSPOSED[rank](x, w, bias, stride, padding, outputPadding, groups, dilation)
    return channels_last(result)


# name: (input shape, out channels, kernel, stride, padding, dilation, groups)
FORWARD = {
    "plain1d": ((2, 7, 3), 4, [3], [1], [(0, 0)], [1], 1),
    "strided1d": ((2, 9, 2), 3, [4], [2], [(1, 1)], [1], 1),
    "dilatedCausal1d": ((1, 8, 2), 3, [3], [1], [(4, 0)], [2], 1),
    "groupedDilated1d": ((1, 8, 4), 6, [2], [1], [(1, 2)], [3], 2),
    "plain2d": ((2, 5, 6, 3), 4, [3, 3], [1, 1], [(0, 0), (0, 0)], [1, 1], 1),
    "padded2d": ((1, 4, 5, 2), 3, [3, 3], [1, 1], [(1, 1), (1, 1)], [1, 1], 1),
    "pointwise2d": ((2, 3, 3, 4), 5, [1, 1], [1, 1], [(0, 0), (0, 0)], [1, 1], 1),
    "pointwiseStrided2d": ((1, 5, 4, 3), 2, [1, 1], [2, 2], [(0, 0), (0, 0)], [1, 1], 1),
    "strided2d": ((1, 7, 6, 2), 3, [3, 2], [2, 3], [(1, 1), (0, 0)], [1, 1], 1),
    "dilated2d": ((1, 7, 6, 2), 2, [3, 2], [1, 2], [(2, 2), (1, 1)], [2, 3], 1),
    "asymmetric2d": ((1, 4, 5, 2), 2, [2, 4], [1, 1], [(0, 1), (1, 2)], [1, 1], 1),
    "grouped2d": ((1, 4, 4, 6), 4, [3, 3], [1, 1], [(1, 1), (1, 1)], [1, 1], 2),
    "depthwise2d": ((2, 5, 4, 3), 3, [3, 3], [1, 1], [(1, 1), (1, 1)], [1, 1], 3),
    "depthwiseStrided2d": ((1, 6, 7, 4), 4, [5, 5], [2, 2], [(2, 2), (2, 2)], [1, 1], 4),
    "depthwiseMultiplier2d": ((1, 4, 4, 2), 4, [3, 2], [1, 1], [(1, 1), (0, 1)], [1, 1], 2),
    "plain3d": ((1, 3, 4, 4, 2), 3, [2, 3, 2], [1, 1, 1], [(0, 0), (0, 0), (0, 0)], [1, 1, 1], 1),
    "stridedGrouped3d": ((1, 4, 5, 4, 2), 4, [3, 2, 2], [2, 1, 2], [(1, 1), (0, 1), (1, 0)], [1, 2, 1], 2),
    "depthwise3d": ((1, 3, 3, 4, 3), 3, [2, 3, 3], [1, 1, 1], [(1, 0), (1, 1), (1, 1)], [1, 1, 1], 3),
}

# name: (input shape, out channels, kernel, stride, padding, output padding, dilation, groups)
BACKWARD = {
    "plain1d": ((2, 4, 3), 2, [3], [2], [0], [0], [1], 1),
    "padded1d": ((1, 5, 2), 3, [4], [2], [1], [1], [1], 1),
    "plain2d": ((1, 3, 3, 2), 3, [2, 2], [2, 2], [0, 0], [0, 0], [1, 1], 1),
    "padded2d": ((1, 3, 4, 3), 2, [4, 3], [2, 2], [1, 1], [0, 1], [1, 1], 1),
    "dilatedGrouped2d": ((1, 3, 3, 4), 6, [2, 3], [1, 2], [1, 0], [0, 1], [2, 1], 2),
    "depthwise2d": ((1, 3, 3, 3), 3, [3, 3], [2, 2], [1, 1], [1, 1], [1, 1], 3),
    "plain3d": ((1, 2, 3, 2, 2), 2, [2, 2, 3], [2, 1, 2], [0, 1, 1], [1, 0, 0], [1, 1, 1], 1),
}


def add(fixture):
    for case, (shape, out, kernel, stride, padding, dilation, groups) in FORWARD.items():
        name = f"convolution.{case}"
        random = fixture.random(name)
        attributes = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        rank = len(kernel)
        inputs = {"input": random.normal(*shape), "weight": random.normal(out, *kernel, shape[-1] // groups)}
        if case.startswith("plain"):
            inputs["bias"] = random.normal(out)
        second = case in {"strided1d", "padded2d", "depthwise2d"}
        fixture.case(name, lambda *tensors: convolve(*tensors, rank=rank, **attributes), inputs, attributes, second=second)
    for case, (shape, out, kernel, stride, padding, extra, dilation, groups) in BACKWARD.items():
        name = f"transposedConvolution.{case}"
        random = fixture.random(name)
        attributes = {"stride": stride, "padding": padding, "outputPadding": extra, "dilation": dilation, "groups": groups}
        rank = len(kernel)
        inputs = {"input": random.normal(*shape), "weight": random.normal(shape[-1], *kernel, out // groups)}
        if case.startswith("plain"):
            inputs["bias"] = random.normal(out)
        fixture.case(name, lambda *tensors: convolve_transposed(*tensors, rank=rank, **attributes), inputs, attributes)
