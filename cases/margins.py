"""Cases of softmaxes of cosines with a margin at the label, by pytorch-metric-learning's CosFaceLoss and ArcFaceLoss."""

import math

import torch
from pytorch_metric_learning.losses import ArcFaceLoss, CosFaceLoss

from drawn import REDUCTIONS, Case

MARGINS_OF = {"cosface": 0.35, "arcface": 0.5}


def margins(g):
    def values(features, weight, target, kind, s, m, smoothing):
        # CosFaceLoss takes the margin as a cosine, ArcFaceLoss in degrees
        of, m = (CosFaceLoss, m) if kind == "cosface" else (ArcFaceLoss, math.degrees(m))
        loss = of(num_classes=weight.shape[0], embedding_size=weight.shape[1], margin=m, scale=s)
        # the library's weights are its own parameter; replace them, so that the gradient reaches the case's weights
        del loss.W
        loss.W = weight.t()
        loss.cast_types = lambda dtype, device: None
        loss.cross_entropy = torch.nn.CrossEntropyLoss(reduction="none", label_smoothing=smoothing)
        return loss.compute_loss(features, target, None, features, target)["loss"]["losses"]

    def margined(features, weight, target, mask=None, sample_weight=None, kind="cosface", s=64.0, m=0.35, smoothing=0.0, ignore=-100, r="mean"):
        kept = target != ignore
        kept = kept if mask is None else kept & (mask != 0)
        w = torch.ones(target.shape) if sample_weight is None else sample_weight
        x = torch.zeros(target.shape).masked_scatter(kept, values(features[kept], weight, target[kept], kind, s, m, smoothing)) * w
        return {"none": x, "sum": x.sum(), "mean": x.sum() / (w * kept).sum()}[r]

    def case(name, inputs, diff=("features", "weight"), rtol=5e-5, **given):
        names = {"smoothing": "label_smoothing", "ignore": "ignore_index", "r": "reduction"}
        return Case("margin_softmax", name, {names.get(key, key): value for key, value in given.items()}, inputs, list(diff),
                    lambda **of: margined(**of, **given), rtol=rtol)

    def drawn(n, d, v, ignored=0.1):
        inputs = {"features": g.normal(n, d), "weight": g.normal(v, d, scale=0.3), "target": g.ignoring(g.ints(n, hi=v), -100, ignored)}
        inputs["target"][0] = 1
        return inputs

    for kind, m in MARGINS_OF.items():
        of = {"kind": kind, "m": m}
        for n, d, v in ((5, 6, 13), (33, 8, 70), (3, 9, 100)):
            yield case(f"{kind}_n{n}_v{v}", drawn(n, d, v), **of)
            yield case(f"{kind}_n{n}_v{v}_smooth_sum", drawn(n, d, v), smoothing=0.125, r="sum", s=30.0, **of)
        for red in REDUCTIONS:
            some = drawn(9, 6, 7) | {"mask": (g.uniform(9) < 0.7).double(), "sample_weight": g.uniform(9, lo=0.5, hi=2)}
            some["mask"][0] = 1.0
            yield case(f"{kind}_{red}_mask_sample_weight", some, r=red, s=16.0, **of)
        yield case(f"{kind}_no_margin", drawn(6, 5, 4), kind=kind, m=0.0, s=8.0)
        yield case(f"{kind}_ignores_0", drawn(8, 5, 4, ignored=0.0), ignore=0, **of)
        yield case(f"{kind}_one_class", drawn(4, 3, 1) | {"target": torch.zeros(4, dtype=torch.int64)}, **of)
        # vectors near the class of their label, and near its opposite; then vectors of any length
        for where, sign, apart in (("near", 1.0, 0.0625), ("opposite", -1.0, 0.25)):
            inputs = drawn(6, 5, 4, ignored=0.0)
            inputs["features"] = (sign * inputs["weight"][inputs["target"]] + apart * g.normal(6, 5, scale=0.3)).float().double()
            yield case(f"{kind}_{where}", inputs, s=8.0, **of)
        lengths = 10.0 ** torch.tensor([-6.0, -3.0, 0.0, 6.0, 12.0, 24.0])
        long = drawn(6, 5, 4, ignored=0.0)
        long["features"] = (long["features"] * lengths[:, None]).float().double()
        yield case(f"{kind}_lengths", long, diff=("weight",), s=8.0, r="none", **of)
    yield case("arcface_wide_margin", drawn(7, 5, 6), kind="arcface", m=1.75, s=8.0)
    yield case("cosface_wide_margin", drawn(7, 5, 6), kind="cosface", m=1.75, s=8.0)
    yield Case("margin_softmax", "all_ignored_sum_is_zero", {"reduction": "sum"}, drawn(3, 4, 5) | {"target": torch.full((3,), -100)}, ["features"],
               lambda features, weight, target: 0.0 * features.sum())
    refused = drawn(4, 3, 5, ignored=0.0)
    for name, options, changed, error in (
        ("s", {"s": 0.0}, {}, "invalid_option"),
        ("m_below", {"m": -0.125}, {}, "invalid_option"),
        ("m_above", {"m": 2.5}, {}, "invalid_option"),
        ("kind", {"kind": "sphereface"}, {}, "invalid_option"),
        ("label", {}, {"target": torch.tensor([0, 1, 5, 2])}, "label_out_of_range"),
        ("another_width", {}, {"weight": g.normal(5, 4)}, "shape_mismatch"),
        ("no_classes", {}, {"weight": g.normal(0, 3)}, "shape_mismatch"),
        ("another_number_of_labels", {}, {"target": g.ints(5, hi=5)}, "shape_mismatch"),
    ):
        yield Case("margin_softmax", f"refuses_{name}", options, refused | changed, [], error=error)


MARGINS = [margins]
