"""Normalisations and attention as operations. Activations are (batch, spatial..., channels)."""

import torch
import torch.nn.functional as F

from convolution_cases import channels_first, channels_last

EPSILON = 1e-5


def batch_norm(input, weight, bias):
    axes = tuple(range(input.dim() - 1))
    mean, variance = input.mean(axes), input.var(axes, correction=0)
    output = F.batch_norm(channels_first(input), None, None, weight, bias, training=True, eps=EPSILON)
    return {"output": channels_last(output), "mean": mean.detach(), "variance": variance.detach()}


def add(fixture):
    def affine(name, shape, parameters):
        random = fixture.random(name)
        return {
            "input": random.normal(*shape) * 2 + 0.5,
            "weight": random.uniform(0.5, 1.5, *parameters),
            "bias": random.normal(*parameters),
        }

    for case, shape, normalized in (("last", (3, 5), (5,)), ("twoAxes", (2, 3, 4), (3, 4)), ("sequence", (2, 3, 6), (6,))):
        name = f"layerNorm.{case}"
        fixture.case(
            name,
            lambda input, weight, bias: F.layer_norm(input, normalized, weight, bias, EPSILON),
            affine(name, shape, normalized),
            {"normalizedAxes": len(normalized), "epsilon": EPSILON},
            second=case == "last",
        )
        name = f"rmsNorm.{case}"
        inputs = affine(name, shape, normalized)
        del inputs["bias"]
        fixture.case(
            name,
            lambda input, weight: F.rms_norm(input, normalized, weight, EPSILON),
            inputs,
            {"normalizedAxes": len(normalized), "epsilon": EPSILON},
        )
    for case, shape in (("dense", (6, 3)), ("images", (2, 3, 4, 3)), ("sequences", (2, 4, 3))):
        name = f"batchNorm.{case}Training"
        fixture.case(name, batch_norm, affine(name, shape, (3,)), {"epsilon": EPSILON, "training": True}, second=case == "dense")
        name = f"batchNorm.{case}Inference"
        random = fixture.random(name)
        inputs = affine(name, shape, (3,)) | {"mean": random.normal(3), "variance": random.uniform(0.5, 2, 3)}
        fixture.case(
            name,
            lambda input, weight, bias, mean, variance: channels_last(
                F.batch_norm(channels_first(input), mean, variance, weight, bias, training=False, eps=EPSILON)
            ),
            inputs,
            {"epsilon": EPSILON, "training": False},
            gradients=["input", "weight", "bias"],
        )
    for groups in (1, 2, 6):
        name = f"groupNorm.groups{groups}"
        fixture.case(
            name,
            lambda input, weight, bias: channels_last(F.group_norm(channels_first(input), groups, weight, bias, EPSILON)),
            affine(name, (2, 3, 2, 6), (6,)),
            {"groups": groups, "epsilon": EPSILON},
        )
    for case, shape in (("images", (2, 3, 4, 2)), ("sequences", (2, 5, 2))):
        name = f"instanceNorm.{case}"
        fixture.case(
            name,
            lambda input, weight, bias: channels_last(
                F.instance_norm(channels_first(input), weight=weight, bias=bias, eps=EPSILON)
            ),
            affine(name, shape, (2,)),
            {"epsilon": EPSILON},
        )
    x = fixture.random("unitNorm.last").normal(3, 4)
    fixture.case("unitNorm.last", lambda input: F.normalize(input, dim=-1), {"input": x}, {"axis": -1, "epsilon": 1e-12})
    add_attention(fixture)


def add_attention(fixture):
    """Query, key and value are (batch, heads, positions, features)."""
    for case in ("plain", "causal", "booleanMask", "additiveMask"):
        name = f"attention.{case}"
        random = fixture.random(name)
        queries, keys = (4, 4) if case == "causal" else (3, 4)
        inputs = {
            "query": random.normal(1, 2, queries, 3),
            "key": random.normal(1, 2, keys, 3),
            "value": random.normal(1, 2, keys, 2),
        }
        if case == "booleanMask":
            # True: may be attended to.
            inputs["mask"] = torch.tensor([[1, 0, 1, 1], [0, 0, 0, 1], [1, 1, 1, 1]], dtype=torch.bool)
        if case == "additiveMask":
            inputs["mask"] = random.normal(2, queries, keys)

        def attend(query, key, value, mask=None):
            return F.scaled_dot_product_attention(query, key, value, mask, is_causal=case == "causal")

        fixture.case(name, attend, inputs, {"causal": case == "causal", "scale": 3**-0.5}, second=case == "plain")
