"""Multi-head attention and whole transformer blocks. Sequences are (batch, positions, features)."""

import torch
from torch import nn

from layer_cases import record


def add(fixture):
    # True: may NOT be attended to, PyTorch's convention for both masks of this layer.
    causal = torch.ones(4, 4).triu(1).bool()
    padding = torch.tensor([[False, False, False, True], [False, True, True, True]])
    bias = fixture.random("attention.bias").normal(4, 4)
    cases = {
        "plain": {},
        "causal": {"attn_mask": causal},
        "padding": {"key_padding_mask": padding},
        "causalPadding": {"attn_mask": causal, "key_padding_mask": padding},
        "additive": {"attn_mask": bias},
    }
    for case, masks in cases.items():
        name = f"multiHeadAttention.{case}"
        module = nn.MultiheadAttention(6, 2, batch_first=True)

        def attend(query):
            output, weights = module(query, query, query, **masks, average_attn_weights=False)
            return {"output": output, "weights": weights}

        record(fixture, name, module, attend, {"query": fixture.random(name).normal(2, 4, 6)}, {"heads": 2, "masks": list(masks)})
        for key, mask in masks.items():
            fixture.value(f"{name}/{key}", mask)

    name = "multiHeadAttention.cross"
    module = nn.MultiheadAttention(6, 3, batch_first=True, kdim=4, vdim=5)
    random = fixture.random(name)
    record(
        fixture,
        name,
        module,
        lambda query, key, value: module(query, key, value, need_weights=False)[0],
        {"query": random.normal(2, 3, 6), "key": random.normal(2, 4, 4), "value": random.normal(2, 4, 5)},
        {"heads": 3, "masks": []},
    )
    name = "multiHeadAttention.withoutBias"
    module = nn.MultiheadAttention(4, 2, batch_first=True, bias=False)
    x = fixture.random(name).normal(1, 3, 4)
    record(fixture, name, module, lambda query: module(query, query, query)[0], {"query": x}, {"heads": 2, "masks": []})

    for case, first in (("preNorm", True), ("postNorm", False)):
        name = f"transformerBlock.{case}"
        activation = "gelu" if first else "relu"
        module = nn.TransformerEncoderLayer(6, 2, 8, 0.0, activation, batch_first=True, norm_first=first)
        attributes = {"heads": 2, "normFirst": first, "activation": activation, "epsilon": 1e-5}
        record(fixture, name, module, module, {"input": fixture.random(name).normal(2, 3, 6)}, attributes)
