"""Operations that rearrange elements."""

import torch


def add(fixture):
    def case(name, function, shape, attributes):
        fixture.case(name, function, {"input": fixture.random(name).normal(*shape)}, attributes)

    case("reshape.plain", lambda x: x.reshape(4, 6), (2, 3, 4), {"shape": [4, 6]})
    case("reshape.afterTranspose", lambda x: x.permute(2, 0, 1).reshape(8, 3), (2, 3, 4), {"permutation": [2, 0, 1], "shape": [8, 3]})
    case("transpose.threeAxes", lambda x: x.permute(2, 0, 1), (2, 3, 4), {"permutation": [2, 0, 1]})
    case("transpose.fourAxes", lambda x: x.permute(0, 3, 1, 2), (2, 3, 2, 4), {"permutation": [0, 3, 1, 2]})
    case("broadcast.middle", lambda x: x.expand(2, 3, 4), (2, 1, 4), {"shape": [2, 3, 4]})
    case("broadcast.newAxes", lambda x: x.expand(2, 3, 4), (4,), {"shape": [2, 3, 4]})

    steps = {"starts": [1, 0, 3], "stops": [4, 3, 0], "steps": [2, 1, -1]}
    # Stops are exclusive; the last axis runs 3, 2, 1.
    case("slice.steps", lambda x: x[1:4:2, 0:3, 1:4].flip(2), (5, 3, 4), steps)
    case("slice.empty", lambda x: x[2:2], (4, 3), {"starts": [2, 0], "stops": [2, 3], "steps": [1, 1]})
    pads = {"before": [1, 0, 2], "after": [0, 1, 1], "value": 0.0}
    case("pad.zeros", lambda x: torch.nn.functional.pad(x, (2, 1, 0, 1, 1, 0)), (2, 2, 3), pads)
    filled = {"before": [1, 2], "after": [2, 0], "value": 1.5}
    case("pad.value", lambda x: torch.nn.functional.pad(x, (2, 0, 1, 2), value=1.5), (3, 2), filled)
    case("flip.two", lambda x: x.flip((0, 2)), (2, 3, 4), {"axes": [0, 2]})
    case("roll.two", lambda x: torch.roll(x, (1, -2), (0, 1)), (3, 4), {"shifts": [1, -2], "axes": [0, 1]})
    case("repeat.tiles", lambda x: x.repeat(2, 3), (2, 3), {"repetitions": [2, 3]})

    for axis, name in ((0, "first"), (1, "second"), (2, "last")):
        random = fixture.random(f"concatenate.{name}")
        shapes = [[2, 3, 2], [2, 3, 2], [2, 3, 2]]
        for index, extent in enumerate((2, 1, 3)):
            shapes[index][axis] = extent
        fixture.case(
            f"concatenate.{name}",
            lambda a, b, c: torch.cat((a, b, c), axis),
            {key: random.normal(*shape) for key, shape in zip("abc", shapes)},
            {"axis": axis},
        )
    random = fixture.random("stack.middle")
    stacked = {"a": random.normal(2, 3), "b": random.normal(2, 3)}
    fixture.case("stack.middle", lambda a, b: torch.stack((a, b), 1), stacked, {"axis": 1})

    x = fixture.random("stopGradient.plain").normal(3)
    fixture.case("stopGradient.plain", lambda input: input * input.detach(), {"input": x}, {"meaning": "input * stopGradient(input)"})
