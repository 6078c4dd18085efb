"""Discrete Fourier transforms. Complex numbers are pairs of real tensors."""

import torch


def parts(z):
    return {"real": z.real, "imaginary": z.imag}


def add(fixture):
    scalings = {"backward": "inverse scaled by 1/n", "ortho": "both scaled by 1/sqrt(n)"}
    for length in (6, 7):
        for inverse in (False, True):
            name = f"{'inverseFft' if inverse else 'fft'}.length{length}"
            random = fixture.random(name)
            transform = torch.fft.ifft if inverse else torch.fft.fft
            fixture.case(
                name,
                lambda real, imaginary: parts(transform(torch.complex(real, imaginary))),
                {"real": random.normal(2, length), "imaginary": random.normal(2, length)},
                {"axes": [1], "scaling": scalings["backward"]},
            )
        name = f"realFft.length{length}"
        x = fixture.random(name).normal(2, length)
        attributes = {"axes": [1], "scaling": scalings["backward"]}
        fixture.case(name, lambda input: parts(torch.fft.rfft(input)), {"input": x}, attributes)

        name = f"inverseRealFft.length{length}"
        random = fixture.random(name)
        count = length // 2 + 1
        # The imaginary parts of the constant term and, for even lengths, of the last term have no effect.
        fixture.case(
            name,
            lambda real, imaginary: torch.fft.irfft(torch.complex(real, imaginary), n=length),
            {"real": random.normal(2, count), "imaginary": random.normal(2, count)},
            {"axes": [1], "length": length, "scaling": scalings["backward"]},
        )
    random = fixture.random("fft.twoAxes")
    fixture.case(
        "fft.twoAxes",
        lambda real, imaginary: parts(torch.fft.fftn(torch.complex(real, imaginary), dim=(0, 1), norm="ortho")),
        {"real": random.normal(3, 4, 2), "imaginary": random.normal(3, 4, 2)},
        {"axes": [0, 1], "scaling": scalings["ortho"]},
    )
    random = fixture.random("realFft.twoAxes")
    fixture.case(
        "realFft.twoAxes",
        lambda input: parts(torch.fft.rfftn(input, dim=(0, 1))),
        {"input": random.normal(3, 4)},
        {"axes": [0, 1], "scaling": scalings["backward"]},
    )
