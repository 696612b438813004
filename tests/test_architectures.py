"""The plans of famous networks: their published counts, and plans that do not fit."""

import re

import pytest

from course.bench import Bench
from course.lesson import read_lesson
from helpers.architectures import NETWORKS, cost_of

PUBLISHED = {  # parameters, multiply-accumulates for one image
    "LeNet-5": (61_706, 416_520),
    "AlexNet": (60_965_224, 724_406_816),
    "VGG-16": (138_357_544, 15_470_264_320),
    "ResNet-18": (11_689_512, 1_814_073_344),
    "ResNet-50": (25_557_032, 4_089_184_256),
    "MobileNetV1": (4_231_976, 568_740_352),
}


def test_every_network_has_its_published_counts():
    assert set(NETWORKS) == set(PUBLISHED)
    for name, wanted in PUBLISHED.items():
        costs = list(cost_of(NETWORKS[name].layers, NETWORKS[name].shape))
        assert (sum(c.params for c in costs), sum(c.macs for c in costs)) == wanted, name


def test_the_answer_of_lesson_11_counts_the_same_layer_by_layer(root):
    count = Bench(read_lesson(root / "solutions" / "11_architectures")).namespace["count"]
    for name, network in NETWORKS.items():
        params, macs, rows = count(network.layers, network.shape)
        assert (params, macs) == PUBLISHED[name]
        costs = {}
        for cost in cost_of(network.layers, network.shape):
            number = int(re.match(r"\d+", cost.place)[0])
            shape, *sums = costs.get(number, (cost.out_shape, 0, 0))
            costs[number] = (cost.out_shape, sums[0] + cost.params, sums[1] + cost.macs)
        assert [costs[n + 1] for n in range(len(rows))] == rows, name


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([("conv", 4, 9, 3, 1, 0, 1)], ["Layer 1", "spans 9", "only 6"]),
        ([("pool", 2, 2, 2, 0), ("conv", 4, 1, 1, 1, 0, 2)], ["Layer 2", "2 groups", "3"]),
        ([("dense", 4), ("pool", 2, 2, 2, 0)], ["Layer 2", "(4,)"]),
        ([("pol", 2, 2, 2, 0)], ["Layer 1", "'pol'"]),
        ([("conv", 4, 3, 3)], ["Layer 1", "unpack"]),
        ([("residual", [("conv_bn", 4, 1, 1, 1, 0, 1)], [])], ["Layer 1", "(4, 6, 7)"]),
        ([("residual", [("conv", 4, 9, 9, 1, 0, 1)], [])], ["Layer 1a1", "spans 9"]),
    ],
)
def test_a_layer_that_does_not_fit_is_named(layers, words):
    with pytest.raises(ValueError) as caught:
        list(cost_of(layers, (3, 6, 7)))
    assert all(word in str(caught.value) for word in words), caught.value
