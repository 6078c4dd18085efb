"""LSTM and GRU. Sequences are (batch, steps, features); states (layers x directions, batch, hidden) as in PyTorch."""

from torch import nn

from layer_cases import record


def add(fixture):
    options = {
        "plain": {},
        "withoutBias": {"bias": False},
        "twoLayers": {"num_layers": 2},
        "bidirectional": {"bidirectional": True},
        "twoLayersBidirectional": {"num_layers": 2, "bidirectional": True},
    }
    for case, choice in options.items():
        slots = choice.get("num_layers", 1) * (2 if choice.get("bidirectional") else 1)
        attributes = {"layers": choice.get("num_layers", 1), "bidirectional": choice.get("bidirectional", False), "hidden": 3}

        name = f"lstm.{case}"
        random = fixture.random(name)
        lstm = nn.LSTM(2, 3, batch_first=True, **choice)

        def run_lstm(input, hidden, cell):
            output, (hidden, cell) = lstm(input, (hidden, cell))
            return {"output": output, "hidden": hidden, "cell": cell}

        inputs = {"input": random.normal(2, 4, 2), "hidden": random.normal(slots, 2, 3), "cell": random.normal(slots, 2, 3)}
        record(fixture, name, lstm, run_lstm, inputs, attributes | {"gates": "input, forget, cell, output"})

        name = f"gru.{case}"
        random = fixture.random(name)
        gru = nn.GRU(2, 3, batch_first=True, **choice)

        def run_gru(input, hidden):
            output, hidden = gru(input, hidden)
            return {"output": output, "hidden": hidden}

        inputs = {"input": random.normal(2, 4, 2), "hidden": random.normal(slots, 2, 3)}
        record(fixture, name, gru, run_gru, inputs, attributes | {"gates": "reset, update, new"})

    name = "lstm.zeroState"
    module = nn.LSTM(2, 3, batch_first=True)
    x = fixture.random(name).normal(2, 4, 2)
    record(fixture, name, module, lambda input: module(input)[0], {"input": x}, {"layers": 1, "bidirectional": False, "hidden": 3})
