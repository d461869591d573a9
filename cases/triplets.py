"""Cases of triplets that are found in the batch, by pytorch-metric-learning, and by PyTorch where several are equally hard."""

import torch
import torch.nn.functional as F
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner
from pytorch_metric_learning.reducers import DoNothingReducer

from drawn import REDUCTIONS, Case, reduce


def mined(features, labels, margin, soft):
    """The loss of each anchor that has a triplet, and the indices of these anchors."""
    distance = LpDistance(normalize_embeddings=False, p=2, power=1)
    triplets = BatchHardMiner(distance=distance)(features, labels)
    loss = TripletMarginLoss(margin=0.0 if soft else margin, smooth_loss=soft, distance=distance, reducer=DoNothingReducer())
    return loss(features, labels, triplets)["loss"]["losses"], triplets[0]


def shared(features, labels, margin=0.3, soft=False):
    """The loss of each anchor, and whether it has a triplet. amax and amin divide a gradient among equal numbers."""
    distances = torch.linalg.vector_norm(features[:, None] - features[None], dim=-1)
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool)
    kept = positive.any(1) & (~same).any(1)
    apart = distances.masked_fill(~positive, -torch.inf).amax(1) - distances.masked_fill(same, torch.inf).amin(1)
    apart = torch.where(kept, apart, 0.0)
    return torch.where(kept, F.softplus(apart) if soft else (apart + margin).clamp(min=0), 0.0), kept.double()


def hardest(g):
    def of_library(features, labels, margin=0.3, soft=False, r="mean"):
        losses, anchors = mined(features, labels, margin, soft)
        return reduce(torch.zeros(len(labels)).index_put((anchors,), losses) if r == "none" else losses, r)

    for options in ({}, {"margin": 2.5}, {"soft": True}):
        for r in REDUCTIONS:
            labels = g.ints(17, hi=4)
            labels[3] = 9
            yield Case("triplet_hard", "_".join([r, *(f"{k}{v}" for k, v in options.items())]), {"reduction": r, **options},
                       {"features": g.normal(17, 6), "labels": labels}, ["features"],
                       lambda features, labels, r=r, options=options: of_library(features, labels, r=r, **options))
    yield Case("triplet_hard", "several_tiles", {}, {"features": g.normal(131, 5), "labels": g.ints(131, hi=12)}, ["features"], of_library)

    # so few different vectors that most rows have several hardest rows, and some rows are equal
    for soft in (False, True):
        for r in REDUCTIONS:
            def value(features, labels, sample_weight=None, r=r, soft=soft):
                each, kept = shared(features, labels, soft=soft)
                weight = kept if sample_weight is None else kept * sample_weight
                return (weight * each).sum() / weight.sum() if r == "mean" else reduce(weight * each, r)

            x = g.ints(14, 2, lo=-1, hi=2).double()
            tag = f"{r}_soft{soft}"
            yield Case("triplet_hard", f"ties_{tag}", {"reduction": r, "soft": soft}, {"features": x, "labels": g.ints(14, hi=3)}, ["features"], value)
            more = {"sample_weight": g.uniform(11, lo=0.1, hi=3)}
            yield Case("triplet_hard", f"sample_weight_{tag}", {"reduction": r, "soft": soft}, {"features": g.normal(11, 4), "labels": g.ints(11, hi=3), **more}, ["features"], value)
    for name, labels in (("one_label", torch.zeros(5, dtype=torch.int64)), ("no_two_alike", torch.arange(5))):
        yield Case("triplet_hard", name, {"reduction": "none"}, {"features": g.normal(5, 3), "labels": labels}, ["features"],
                   lambda features, labels: shared(features, labels)[0])

    x = g.normal(4, 3)
    yield Case("triplet_hard", "refuses_a_label_too_few", {}, {"features": x, "labels": g.ints(3)}, [], error="shape_mismatch")
    yield Case("triplet_hard", "refuses_one_axis", {}, {"features": g.normal(4), "labels": g.ints(4)}, [], error="shape_mismatch")
    yield Case("triplet_hard", "refuses_mask", {}, {"features": x, "labels": g.ints(4), "mask": g.binary(4)}, [], error="invalid_operand")


TRIPLETS = [hardest]
