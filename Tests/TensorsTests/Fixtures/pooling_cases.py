"""Pooling, resizing, sampling. Activations are (batch, spatial..., channels)."""

import torch
import torch.nn.functional as F

from convolution_cases import channels_first, channels_last

MAXIMUM = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
ADAPTIVE_AVERAGE = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}
ADAPTIVE_MAXIMUM = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}


def add(fixture):
    add_windows(fixture)
    add_adaptive(fixture)
    add_resize(fixture)
    add_grid_sample(fixture)


def add_windows(fixture):
    # name: (input shape, window, stride, padding, dilation)
    maximum = {
        "plain1d": ((2, 6, 3), [2], [2], [0], [1]),
        "overlapping1d": ((1, 7, 2), [3], [1], [1], [1]),
        "plain2d": ((2, 4, 4, 3), [2, 2], [2, 2], [0, 0], [1, 1]),
        "overlapping2d": ((1, 7, 6, 2), [3, 3], [2, 2], [1, 1], [1, 1]),
        "uneven2d": ((1, 5, 7, 2), [2, 3], [1, 2], [1, 0], [1, 1]),
        "dilated2d": ((1, 7, 7, 2), [3, 2], [2, 1], [1, 1], [2, 3]),
        "plain3d": ((1, 4, 4, 3, 2), [2, 2, 2], [2, 2, 1], [0, 1, 0], [1, 1, 1]),
    }
    for case, (shape, window, stride, padding, dilation) in maximum.items():
        attributes = {"window": window, "stride": stride, "padding": padding, "dilation": dilation}
        pool = MAXIMUM[len(window)]
        fixture.case(
            f"maximumPooling.{case}",
            lambda input: channels_last(pool(channels_first(input), window, stride, padding, dilation)),
            {"input": fixture.random(f"maximumPooling.{case}").distinct(*shape)},
            attributes,
        )
    # name: (input shape, window, stride, padding, whether padding counts in the divisor)
    average = {
        "plain1d": ((2, 6, 3), [2], [2], [0], True),
        "excludingPadding1d": ((1, 7, 2), [3], [2], [1], False),
        "plain2d": ((2, 4, 4, 3), [2, 2], [2, 2], [0, 0], True),
        "includingPadding2d": ((1, 5, 6, 2), [3, 3], [2, 2], [1, 1], True),
        "excludingPadding2d": ((1, 5, 6, 2), [3, 2], [1, 2], [1, 1], False),
        "plain3d": ((1, 4, 4, 3, 2), [2, 2, 2], [2, 2, 1], [0, 1, 0], False),
    }
    for case, (shape, window, stride, padding, counted) in average.items():
        attributes = {"window": window, "stride": stride, "padding": padding, "countingPadding": counted}
        pool = AVERAGE[len(window)]
        fixture.case(
            f"averagePooling.{case}",
            lambda input: channels_last(pool(channels_first(input), window, stride, padding, False, counted)),
            {"input": fixture.random(f"averagePooling.{case}").normal(*shape)},
            attributes,
        )


def add_adaptive(fixture):
    shapes = {
        "even1d": ((2, 6, 2), [3]),
        "uneven1d": ((1, 7, 2), [3]),
        "uneven2d": ((1, 5, 7, 2), [3, 4]),
        "global2d": ((2, 4, 3, 3), [1, 1]),
        "uneven3d": ((1, 3, 5, 4, 2), [2, 3, 4]),
        "larger2d": ((1, 2, 3, 2), [3, 5]),
    }
    for case, (shape, size) in shapes.items():
        x = fixture.random(f"adaptivePooling.{case}").distinct(*shape)
        for label, pools in (("Average", ADAPTIVE_AVERAGE), ("Maximum", ADAPTIVE_MAXIMUM)):
            pool = pools[len(size)]
            fixture.case(
                f"adaptive{label}Pooling.{case}",
                lambda input: channels_last(pool(channels_first(input), size)),
                {"input": x},
                {"size": size},
            )


def add_resize(fixture):
    # name: (input shape, output size, mode, whether the corner elements' centres coincide)
    cases = {
        "bilinearUp": ((1, 3, 4, 2), [6, 7], "bilinear", False),
        "bilinearDown": ((1, 6, 7, 2), [3, 4], "bilinear", False),
        "bilinearUpCorners": ((1, 3, 4, 2), [5, 8], "bilinear", True),
        "bilinearDownCorners": ((1, 6, 7, 2), [4, 3], "bilinear", True),
        "bilinearToOneCorners": ((1, 3, 3, 1), [1, 1], "bilinear", True),
        "nearestUp": ((1, 3, 2, 2), [6, 5], "nearest", False),
        "nearestDown": ((1, 5, 7, 2), [2, 3], "nearest", False),
        "linear1d": ((2, 4, 2), [7], "linear", False),
        "trilinear3d": ((1, 2, 3, 2, 2), [3, 4, 4], "trilinear", False),
    }
    for case, (shape, size, mode, corners) in cases.items():
        align = None if mode == "nearest" else corners
        fixture.case(
            f"resize.{case}",
            lambda input: channels_last(F.interpolate(channels_first(input), size, mode=mode, align_corners=align)),
            {"input": fixture.random(f"resize.{case}").normal(*shape)},
            {"size": size, "mode": "nearest" if mode == "nearest" else "linear", "aligningCorners": corners},
        )


def add_grid_sample(fixture):
    for padding in ("zeros", "border"):
        for corners in (False, True):
            name = f"gridSample.{padding}{'Corners' if corners else ''}"
            random = fixture.random(name)
            # Some points fall outside [-1, 1]; none on a line where the derivative jumps.
            grid = random.uniform(-1.4, 1.4, 1, 3, 4, 2)
            fixture.case(
                name,
                lambda input, grid: channels_last(
                    F.grid_sample(channels_first(input), grid, "bilinear", padding, align_corners=corners)
                ),
                {"input": random.normal(1, 4, 5, 2), "grid": grid},
                {"mode": "linear", "padding": padding, "aligningCorners": corners, "gridAxes": "(batch, height, width, (x, y))"},
            )
    affine = torch.tensor([[[0.9, -0.3, 0.1], [0.2, 1.1, -0.2]]])
    for corners in (False, True):
        fixture.case(
            f"affineGrid.{'corners' if corners else 'centres'}",
            lambda transform: F.affine_grid(transform, (1, 1, 3, 4), align_corners=corners),
            {"transform": affine},
            {"size": [3, 4], "aligningCorners": corners},
        )
