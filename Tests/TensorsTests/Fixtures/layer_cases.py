"""Layers with parameters: dense, convolutions, embeddings, normalisations, one small network.

Activations are (batch, spatial..., channels); parameters keep PyTorch's names and layouts.
"""

import torch
from torch import nn

from convolution_cases import channels_first, channels_last
from recorder import Random


def initialize(module, name):
    """Replaces every floating-point parameter and buffer by values that depend on the case's name alone."""
    random = Random(name + "/state")
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                low = 0.5 if key.endswith("running_var") else -0.6
                tensor.copy_(random.uniform(low, low + 1.2, *tensor.shape))
    return module


def record(fixture, name, module, forward, inputs, attributes=None, after=False):
    """Records a layer: its state as `state.NAME`, gradients of parameters as `grad.state.NAME`, and, with `after`, the state
    that the forward pass leaves behind as `after.NAME`."""
    initialize(module, name)
    inputs = {key: tensor.detach().clone() for key, tensor in inputs.items()}
    differentiated = [key for key, tensor in inputs.items() if tensor.is_floating_point()]
    for key in differentiated:
        inputs[key].requires_grad_()
    for key, tensor in inputs.items():
        fixture.value(f"{name}/in.{key}", tensor)
    for key, tensor in module.state_dict().items():
        fixture.value(f"{name}/state.{key}", tensor)

    outputs = forward(*inputs.values())
    outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
    random = Random(name + "/cotangent")
    cotangents = {key: random.normal(*tensor.shape) for key, tensor in outputs.items()}
    parameters = dict(module.named_parameters())
    total = sum((tensor * cotangents[key]).sum() for key, tensor in outputs.items())
    sources = [inputs[key] for key in differentiated] + list(parameters.values())
    gradients = torch.autograd.grad(total, sources, materialize_grads=True)

    for key, tensor in outputs.items():
        fixture.value(f"{name}/out.{key}", tensor)
        fixture.value(f"{name}/cotangent.{key}", cotangents[key])
    labels = differentiated + [f"state.{key}" for key in parameters]
    for key, tensor in zip(labels, gradients):
        fixture.value(f"{name}/grad.{key}", tensor)
    if after:
        for key, tensor in module.state_dict().items():
            fixture.value(f"{name}/after.{key}", tensor)
    fixture.describe(
        name,
        inputs=list(inputs),
        outputs=list(outputs),
        state=list(module.state_dict()),
        cotangents=list(cotangents),
        gradients=labels,
        after=after,
        attributes=attributes or {},
    )


def around(module):
    """The layer with channels last outside."""
    return lambda x: channels_last(module(channels_first(x)))


def add(fixture):
    random = fixture.random("dense")
    record(fixture, "dense.plain", dense := nn.Linear(4, 3), dense, {"input": random.normal(2, 4)})
    record(fixture, "dense.withoutBias", dense := nn.Linear(4, 3, bias=False), dense, {"input": random.normal(2, 5, 4)})
    add_convolutions(fixture)
    add_normalizations(fixture)

    indices = torch.tensor([[1, 0, 6], [3, 1, 1]])
    record(fixture, "embedding.plain", layer := nn.Embedding(7, 4), layer, {"input": indices})
    # The row of the padding index takes part in the value but receives no gradient.
    record(fixture, "embedding.padding", layer := nn.Embedding(7, 4, padding_idx=1), layer, {"input": indices}, {"paddingIndex": 1})
    record(fixture, "prelu.channels", layer := nn.PReLU(3), around(layer), {"input": random.away_from([0], 0.05, 2, 4, 3)})
    record(fixture, "bilinear.plain", layer := nn.Bilinear(3, 4, 2), layer, {"left": random.normal(2, 3), "right": random.normal(2, 4)})
    add_network(fixture)


def add_convolutions(fixture):
    cases = {
        "convolution.plain1d": (nn.Conv1d(3, 4, 3, padding=1), (2, 6, 3)),
        "convolution.strided2d": (nn.Conv2d(2, 4, (3, 2), stride=2, padding=(1, 0)), (1, 5, 6, 2)),
        "convolution.groupedDilated2d": (nn.Conv2d(4, 6, 3, padding=2, dilation=2, groups=2, bias=False), (1, 5, 4, 4)),
        "convolution.depthwise2d": (nn.Conv2d(3, 3, 3, padding=1, groups=3), (1, 4, 5, 3)),
        "convolution.plain3d": (nn.Conv3d(2, 3, 2), (1, 3, 3, 4, 2)),
        "transposedConvolution.plain1d": (nn.ConvTranspose1d(3, 2, 4, stride=2, padding=1), (1, 4, 3)),
        "transposedConvolution.grouped2d": (nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), (1, 3, 3, 4)),
        "transposedConvolution.plain3d": (nn.ConvTranspose3d(2, 3, 2, stride=2, bias=False), (1, 2, 2, 3, 2)),
    }
    for name, (module, shape) in cases.items():
        attributes = {
            "kernel": module.kernel_size,
            "stride": module.stride,
            "padding": module.padding,
            "dilation": module.dilation,
            "groups": module.groups,
        }
        if name.startswith("transposed"):
            attributes["outputPadding"] = module.output_padding
        record(fixture, name, module, around(module), {"input": fixture.random(name).normal(*shape)}, attributes)


def add_normalizations(fixture):
    x = fixture.random("norm").normal(2, 3, 4, 3)
    for case in ("training", "inference"):
        module = nn.BatchNorm2d(3).train(case == "training")
        attributes = {"epsilon": module.eps, "momentum": module.momentum, "training": module.training}
        # `after` holds running_var updated with the unbiased variance of the batch.
        record(fixture, f"batchNorm.{case}2d", module, around(module), {"input": x}, attributes, after=True)
    module = nn.BatchNorm1d(4)
    attributes = {"epsilon": module.eps, "momentum": module.momentum, "training": True}
    record(fixture, "batchNorm.training1d", module, module, {"input": x[0, :, :, 0]}, attributes, after=True)
    record(fixture, "layerNorm.plain", layer := nn.LayerNorm(3), layer, {"input": x}, {"epsilon": layer.eps})
    record(fixture, "rmsNorm.plain", layer := nn.RMSNorm(3, eps=1e-6), layer, {"input": x}, {"epsilon": 1e-6})
    wide = fixture.random("norm.wide").normal(2, 2, 3, 6)
    record(fixture, "groupNorm.plain", layer := nn.GroupNorm(3, 6), around(layer), {"input": wide}, {"groups": 3, "epsilon": layer.eps})
    layer = nn.InstanceNorm2d(3, affine=True)
    record(fixture, "instanceNorm.plain", layer, around(layer), {"input": x}, {"epsilon": layer.eps})


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)

    def forward(self, x):
        return torch.relu(x + self.bn1(self.conv1(x)))


class Network(nn.Module):
    """Nested names ("blocks.1.conv1.weight") and a flattening whose order depends on the layout."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 3, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(Residual(3), Residual(3))
        self.head = nn.Linear(3 * 2 * 3, 4)

    def forward(self, x):
        x = self.blocks(self.stem(x))
        return self.head(x.flatten(1))


def add_network(fixture):
    module = Network()
    x = fixture.random("network.residual").normal(2, 4, 6, 2)
    attributes = {"flattening": "the head reads (channels, height, width) in this order", "training": True, "momentum": 0.1}
    record(fixture, "network.residual", module, lambda x: module(channels_first(x)), {"input": x}, attributes, after=True)
