"""Learning rates: the rate in force during each step, from the first."""

import torch
from torch.optim import lr_scheduler as schedulers

STEPS = 40


def warmup_cosine(optimizer):
    warmup = schedulers.LinearLR(optimizer, start_factor=0.1, total_iters=5)
    cosine = schedulers.CosineAnnealingLR(optimizer, STEPS - 5, eta_min=0.001)
    return schedulers.SequentialLR(optimizer, [warmup, cosine], milestones=[5])


# name: (scheduler, its parameters as a test needs them)
SCHEDULES = {
    "step.plain": (lambda o: schedulers.StepLR(o, 7, 0.5), {"every": 7, "factor": 0.5}),
    "step.milestones": (lambda o: schedulers.MultiStepLR(o, [5, 12, 30], 0.1), {"milestones": [5, 12, 30], "factor": 0.1}),
    "cosine.plain": (lambda o: schedulers.CosineAnnealingLR(o, STEPS), {"steps": STEPS, "minimum": 0.0}),
    "cosine.minimum": (lambda o: schedulers.CosineAnnealingLR(o, STEPS, eta_min=0.02), {"steps": STEPS, "minimum": 0.02}),
    "cosine.restarts": (
        lambda o: schedulers.CosineAnnealingWarmRestarts(o, 8, T_mult=2, eta_min=0.01),
        {"first": 8, "growth": 2, "minimum": 0.01},
    ),
    "warmup.linear": (
        lambda o: schedulers.LinearLR(o, start_factor=0.1, end_factor=1.0, total_iters=10),
        {"startFactor": 0.1, "endFactor": 1.0, "steps": 10},
    ),
    "warmup.cosine": (warmup_cosine, {"startFactor": 0.1, "warmupSteps": 5, "cosineSteps": STEPS - 5, "minimum": 0.001}),
    "oneCycle.cosine": (
        lambda o: schedulers.OneCycleLR(o, 0.5, total_steps=STEPS, cycle_momentum=False),
        {"maximum": 0.5, "steps": STEPS, "risingFraction": 0.3, "startDivisor": 25, "endDivisor": 1e4, "annealing": "cosine"},
    ),
    "oneCycle.linear": (
        lambda o: schedulers.OneCycleLR(o, 0.5, total_steps=STEPS, pct_start=0.4, anneal_strategy="linear", cycle_momentum=False),
        {"maximum": 0.5, "steps": STEPS, "risingFraction": 0.4, "startDivisor": 25, "endDivisor": 1e4, "annealing": "linear"},
    ),
    "exponential.plain": (lambda o: schedulers.ExponentialLR(o, 0.93), {"factor": 0.93}),
    "polynomial.linear": (lambda o: schedulers.PolynomialLR(o, 25, 1.0), {"steps": 25, "power": 1.0}),
    "polynomial.square": (lambda o: schedulers.PolynomialLR(o, 25, 2.0), {"steps": 25, "power": 2.0}),
}
BASE = 0.2


def add(fixture):
    for name, (make, attributes) in SCHEDULES.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
        scheduler = make(optimizer)
        rates = []
        for step in range(STEPS):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if step + 1 < STEPS:
                scheduler.step()
        fixture.value(f"{name}/rates", torch.tensor([float(rate) for rate in rates]))
        # One-cycle schedules start at maximum / startDivisor and end at that / endDivisor; they ignore the base rate.
        fixture.describe(name, outputs=["rates"], attributes={"base": BASE} | attributes)
