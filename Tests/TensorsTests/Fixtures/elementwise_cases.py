"""Elementwise functions of one, two and three operands, activations, casts."""

import math

import torch
import torch.nn.functional as F

INF, NAN = math.inf, math.nan


def softplus(x):
    # torch's own switches to the identity above 20, where the two still differ by 2e-9.
    return torch.logaddexp(x, torch.zeros_like(x))


def sign(x):
    # torch's own gives 0 for NaN.
    return torch.where(x.isnan(), x, torch.sign(x)) if x.is_floating_point() else torch.sign(x)


# name: (function, low end and high end of the inputs, points without derivative)
UNARY = {
    "negative": (torch.neg, -3, 3, []),
    "absolute": (torch.abs, -3, 3, [0]),
    "sign": (sign, -3, 3, [0]),
    "floor": (torch.floor, -3, 3, []),
    "ceiling": (torch.ceil, -3, 3, []),
    "round": (torch.round, -3, 3, []),
    "truncate": (torch.trunc, -3, 3, []),
    "squareRoot": (torch.sqrt, 0.1, 9, []),
    "reciprocalSquareRoot": (torch.rsqrt, 0.1, 9, []),
    "reciprocal": (torch.reciprocal, 0.2, 4, []),
    "square": (torch.square, -3, 3, []),
    "exp": (torch.exp, -5, 5, []),
    "expMinusOne": (torch.expm1, -3, 3, []),
    "log": (torch.log, 0.05, 9, []),
    "logOnePlus": (torch.log1p, -0.9, 5, []),
    "sine": (torch.sin, -7, 7, []),
    "cosine": (torch.cos, -7, 7, []),
    "tangent": (torch.tan, -1.4, 1.4, []),
    "arcsine": (torch.asin, -0.95, 0.95, []),
    "arccosine": (torch.acos, -0.95, 0.95, []),
    "arctangent": (torch.atan, -5, 5, []),
    "hyperbolicSine": (torch.sinh, -3, 3, []),
    "hyperbolicCosine": (torch.cosh, -3, 3, []),
    "hyperbolicTangent": (torch.tanh, -3, 3, []),
    "inverseHyperbolicSine": (torch.asinh, -5, 5, []),
    "inverseHyperbolicCosine": (torch.acosh, 1.1, 6, []),
    "inverseHyperbolicTangent": (torch.atanh, -0.95, 0.95, []),
    "sigmoid": (torch.sigmoid, -6, 6, []),
    "softplus": (softplus, -6, 6, []),
    "erf": (torch.erf, -3, 3, []),
    "erfc": (torch.erfc, -3, 3, []),
    "relu": (torch.relu, -3, 3, [0]),
}

# name: (function, attributes, points without derivative)
ACTIVATIONS = {
    "gelu.erf": (F.gelu, {"approximation": "none"}, []),
    "gelu.tanh": (lambda x: F.gelu(x, approximate="tanh"), {"approximation": "tanh"}, []),
    "silu.plain": (F.silu, {}, []),
    "leakyRelu.plain": (lambda x: F.leaky_relu(x, 0.1), {"slope": 0.1}, [0]),
    "elu.plain": (lambda x: F.elu(x, 1.5), {"alpha": 1.5}, [0]),
    "selu.plain": (F.selu, {}, [0]),
    "relu6.plain": (F.relu6, {}, [0, 6]),
    "hardSwish.plain": (F.hardswish, {}, [-3, 3]),
    "hardSigmoid.plain": (F.hardsigmoid, {}, [-3, 3]),
    "mish.plain": (F.mish, {}, []),
    "softsign.plain": (F.softsign, {}, []),
    "clamp.plain": (lambda x: x.clamp(-0.5, 0.75), {"lower": -0.5, "upper": 0.75}, [-0.5, 0.75]),
}

BINARY = {
    "add": torch.add,
    "subtract": torch.subtract,
    "multiply": torch.multiply,
    "divide": torch.divide,
    "power": torch.pow,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "remainder": torch.remainder,
    "arctangent2": torch.atan2,
}

COMPARISONS = {
    "equal": torch.eq,
    "notEqual": torch.ne,
    "less": torch.lt,
    "lessOrEqual": torch.le,
    "greater": torch.gt,
    "greaterOrEqual": torch.ge,
}

# Where floating-point functions usually go wrong: signed zeros, infinities, NaN, ties, the smallest and the largest numbers.
SPECIAL = torch.tensor(
    [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-20, -1e-20, 1e-310, 1e-9, 20.5, 40.0, -40.0, 709.0, 710.0, -745.0, 1e15 + 0.5]
    + [1e22, 1e300, -1e300, INF, -INF, NAN],
    dtype=torch.float64,
)


def add(fixture):
    add_unary(fixture)
    add_binary(fixture)
    add_integers(fixture)
    add_casts(fixture)


def add_unary(fixture):
    for name, (function, low, high, kinks) in UNARY.items():
        random = fixture.random(f"{name}.plain")
        x = random.uniform(low, high, 3, 5)
        for kink in kinks:
            x = torch.where((x - kink).abs() < 0.1, x + 0.25, x)
        second = name in {"sigmoid", "hyperbolicTangent", "exp", "log", "softplus", "square", "erf", "squareRoot", "sine"}
        fixture.case(f"{name}.plain", function, {"input": x}, second=second)
        # Gradients at infinities are a matter of taste; values are not.
        fixture.case(f"{name}.special", function, {"input": SPECIAL}, gradients=[])
    for name, (function, attributes, kinks) in ACTIVATIONS.items():
        x = fixture.random(name).away_from(kinks, 0.05, 3, 5) * (4 if "hard" in name or "6" in name else 1)
        fixture.case(name, function, {"input": x}, attributes, second=name.startswith(("gelu", "silu")))
    random = fixture.random("prelu.plain")
    fixture.case(
        "prelu.plain",
        lambda input, slope: torch.where(input > 0, input, slope * input),
        {"input": random.away_from([0], 0.05, 2, 3, 4), "slope": random.uniform(0.1, 0.4, 4)},
    )
    fixture.case("glu.plain", lambda input: F.glu(input, -1), {"input": fixture.random("glu.plain").normal(3, 6)}, {"axis": -1})
    fixture.case("isNaN.special", torch.isnan, {"input": SPECIAL}, gradients=[])
    fixture.case("isFinite.special", torch.isfinite, {"input": SPECIAL}, gradients=[])
    fixture.case("not.boolean", torch.logical_not, {"input": torch.tensor([True, False, True])})


def add_binary(fixture):
    pairs = torch.cartesian_prod(*[torch.tensor([0.0, -0.0, 1.0, -1.0, 2.5, -3.0, INF, -INF, NAN])] * 2)
    special = {"left": pairs[:, 0].contiguous(), "right": pairs[:, 1].contiguous()}
    shapes = {"same": ((2, 3), (2, 3)), "row": ((4, 3), (3,)), "outer": ((4, 1), (1, 3)), "scalar": ((2, 3), ())}
    for name, function in BINARY.items():
        for case, (left, right) in shapes.items():
            random = fixture.random(f"{name}.{case}")
            low = 0.2 if name == "power" else -3
            x, y = random.uniform(low, 3, *left), random.uniform(-3, 3, *right)
            if name in {"divide", "remainder"}:
                y = torch.where(y.abs() < 0.3, y + 0.7, y)
            second = case == "outer" and name in {"multiply", "divide", "power"}
            fixture.case(f"{name}.{case}", function, {"left": x, "right": y}, second=second)
        # PyTorch's floored remainder of an infinity is its own; every other special value follows IEEE 754.
        if name != "remainder":
            fixture.case(f"{name}.special", function, special, gradients=[])
    ties = {"left": torch.tensor([1.0, 2.0, 3.0]), "right": torch.tensor([1.0, 5.0, 3.0])}
    fixture.case("maximum.ties", torch.maximum, ties)
    fixture.case("minimum.ties", torch.minimum, ties)
    fixture.case(
        "powerScalar.integral",
        lambda input: input**3.0,
        {"input": torch.tensor([-2.0, -0.5, 0.0, 1.5])},
        {"exponent": 3.0},
    )
    for name, function in COMPARISONS.items():
        fixture.case(f"{name}.special", function, special, gradients=[])
        random = fixture.random(f"{name}.integers")
        integers = {"left": random.integers(-2, 3, 3, 4), "right": random.integers(-2, 3, 4)}
        fixture.case(f"{name}.integers", function, integers)

    random = fixture.random("select.plain")
    condition = random.integers(0, 2, 4, 1).bool()
    fixture.case(
        "select.plain",
        lambda condition, yes, no: torch.where(condition, yes, no),
        {"condition": condition, "yes": random.normal(4, 3), "no": random.normal(3)},
    )
    # A NaN in the branch not taken must reach neither value nor gradient.
    fixture.case(
        "select.hiddenNaN",
        lambda condition, yes, no: torch.where(condition, yes, no),
        {"condition": torch.tensor([True, False]), "yes": torch.tensor([1.0, NAN]), "no": torch.tensor([NAN, 2.0])},
    )
    random = fixture.random("multiplyAdd.plain")
    fixture.case(
        "multiplyAdd.plain",
        lambda a, b, c: a * b + c,
        {"a": random.normal(3, 4), "b": random.normal(4), "c": random.normal(3, 1)},
    )


def add_integers(fixture):
    functions = {
        "add": torch.add,
        "subtract": torch.subtract,
        "multiply": torch.multiply,
        "divide": lambda a, b: torch.div(a, b, rounding_mode="floor"),
        "remainder": torch.remainder,
        "maximum": torch.maximum,
        "minimum": torch.minimum,
        "and": torch.bitwise_and,
        "or": torch.bitwise_or,
        "exclusiveOr": torch.bitwise_xor,
    }
    for dtype, label in ((torch.int64, "int64"), (torch.int32, "int32")):
        for name, function in functions.items():
            random = fixture.random(f"{name}.{label}")
            left = random.integers(-9, 10, 3, 5).to(dtype)
            right = random.integers(1, 6, 3, 5).to(dtype) * (1 - 2 * random.integers(0, 2, 3, 5).to(dtype))
            fixture.case(f"{name}.{label}", function, {"left": left, "right": right})
        base, exponent = torch.tensor([-3, -1, 0, 1, 2, 5], dtype=dtype), torch.tensor([3, 4, 0, 7, 5, 2], dtype=dtype)
        fixture.case(f"power.{label}", torch.pow, {"left": base, "right": exponent})
        x = torch.tensor([-3, -1, 0, 1, 7], dtype=dtype)
        for name in ("negative", "absolute", "sign", "square"):
            fixture.case(f"{name}.{label}", UNARY[name][0], {"input": x})
    booleans = {"left": torch.tensor([True, True, False, False]), "right": torch.tensor([True, False, True, False])}
    for name in ("and", "or", "exclusiveOr"):
        fixture.case(f"{name}.boolean", functions[name], booleans)


def add_casts(fixture):
    values = torch.tensor([0.0, -0.0, 1.0, -1.5, 2.7, -2.7, 127.9, 1 / 3, 1e-3, 3.14159265358979, 1 + 2**-8, 1 + 3 * 2**-9])
    targets = {"float32": torch.float32, "bfloat16": torch.bfloat16, "int32": torch.int32, "int64": torch.int64, "bool": torch.bool}
    for label, dtype in targets.items():
        fixture.case(f"cast.{label}", lambda input: input.to(dtype), {"input": values}, {"dtype": label}, gradients=[])
    # Rounding to bfloat16 must happen once: from f32 the ties differ from those of f64.
    fixture.case("cast.float32ToBFloat16", lambda input: input.to(torch.bfloat16), {"input": values.float()}, {"dtype": "bfloat16"})
    fixture.case("cast.bfloat16ToFloat32", lambda input: input.float(), {"input": values.bfloat16()}, {"dtype": "float32"})
    integers = torch.tensor([-300, -1, 0, 1, 255, 256, 300])
    fixture.case("cast.int64ToUInt8", lambda input: input.to(torch.uint8), {"input": integers}, {"dtype": "uint8"})
    fixture.case("cast.int64ToFloat64", lambda input: input.double(), {"input": integers}, {"dtype": "float64"})
    fixture.case("cast.boolToFloat64", lambda input: input.double(), {"input": integers > 0}, {"dtype": "float64"})
