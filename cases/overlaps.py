"""Cases of Dice with a fused loss of elements, by MONAI and PyTorch."""

import warnings

import torch
import torch.nn.functional as F
from monai.losses import DiceFocalLoss, DiceLoss, FocalLoss

from asked import double
from drawn import Case, reduce

ACTIVATIONS = {"sigmoid": torch.sigmoid, "softmax": lambda x: torch.softmax(x, 1), "none": lambda x: x}


def hot(target, classes):
    return F.one_hot(target.clamp(min=0, max=classes - 1), classes).movedim(-1, 1).double()


def dice(input, target, activation, factor, batch=False, first=0):
    """The Dice loss of each item and of each class from `first` on: MONAI's formula with a factor for each element."""
    p, target, factor = ACTIVATIONS[activation](input)[:, first:], target[:, first:], factor[:, first:]
    axes = ([0] if batch else []) + list(range(2, input.ndim))
    return 1 - (2 * (factor * p * target).sum(axes) + 1e-5) / ((factor * p).sum(axes) + (factor * target).sum(axes) + 1e-5)


def monai(cls, *inputs, **options):
    """The value of MONAI's loss, in float64."""
    with double(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cls(**options)(*inputs)


def with_elements(g):
    shape, at = (2, 3, 3, 4), (2, 3, 4)
    channels = lambda weight: weight.reshape(-1, 1, 1)

    # ------------------------------------------------------------ Dice and binary cross-entropy

    for red in ("mean", "sum"):
        of_dice = {"mean": torch.mean, "sum": torch.sum}[red]
        for a in ("sigmoid", "softmax"):
            yield Case("dice_bce", f"{a}_{red}", {"activation": a, "reduction": red}, {"input": g.normal(*shape, scale=2), "target": g.binary(*shape)}, ["input"],
                       lambda input, target, a=a, r=red: DiceLoss(**{a: True}, reduction=r)(input, target).reshape(-1).sum() + F.binary_cross_entropy_with_logits(input, target, reduction=r))
        yield Case("dice_bce", f"labels_{red}", {"reduction": red, "dice_weight": 0.5, "bce_weight": 2.0}, {"input": g.normal(*shape), "target": g.ints(*at, hi=3)}, ["input"],
                   lambda input, target, r=red: 0.5 * DiceLoss(sigmoid=True, reduction=r)(input, hot(target, 3)).reshape(-1).sum() + 2 * F.binary_cross_entropy_with_logits(input, hot(target, 3), reduction=r))
        w, p = g.uniform(3, lo=0.2, hi=2), g.uniform(3, lo=0.5, hi=3)
        yield Case("dice_bce", f"weights_{red}", {"reduction": red, "include_background": False, "batch": True}, {"input": g.normal(*shape, scale=2), "target": g.binary(*shape), "weight": w, "pos_weight": p}, ["input"],
                   lambda input, target, weight, pos_weight, r=red: DiceLoss(sigmoid=True, include_background=False, batch=True, weight=weight[1:], reduction=r)(input, target).reshape(-1).sum()
                   + F.binary_cross_entropy_with_logits(input, target, weight=channels(weight), pos_weight=channels(pos_weight), reduction=r))
        for tag in ("mask", "mask_of_elements", "sample_weight", "both", "both_of_elements"):
            m = g.binary(*(shape if "elements" in tag else at))
            more = {**({"mask": m} if tag != "sample_weight" else {}), **({"sample_weight": g.uniform(*at, lo=0.1, hi=3)} if tag[:4] in ("samp", "both") else {})}

            def value(input, target, weight, pos_weight, mask=None, sample_weight=None, of_dice=of_dice, r=red):
                factor = torch.ones(at).unsqueeze(1) if sample_weight is None else sample_weight.unsqueeze(1)
                if mask is not None:
                    factor = factor * (mask if mask.ndim == 4 else mask.unsqueeze(1))
                factor = factor.expand(shape)
                each = factor * F.binary_cross_entropy_with_logits(input, target, weight=channels(weight), pos_weight=channels(pos_weight), reduction="none")
                return of_dice(weight * dice(input, target, "sigmoid", factor)) + each.sum() / (factor.sum() if r == "mean" else 1)

            yield Case("dice_bce", f"{tag}_{red}", {"reduction": red}, {"input": g.normal(*shape, scale=2), "target": g.binary(*shape), "weight": w, "pos_weight": p, **more}, ["input"], value)
    yield Case("dice_bce", "one_channel", {}, {"input": g.normal(2, 1, 9), "target": g.ints(2, 9, hi=2)}, ["input"],
               lambda input, target: DiceLoss(sigmoid=True)(input, target.unsqueeze(1).double()) + F.binary_cross_entropy_with_logits(input, target.unsqueeze(1).double()))
    yield Case("dice_bce", "smoothed", {"label_smoothing": 0.25}, {"input": g.normal(*shape), "target": g.binary(*shape)}, ["input"],
               lambda input, target: DiceLoss(sigmoid=True)(input, target) + F.binary_cross_entropy_with_logits(input, 0.75 * target + 0.125))
    yield Case("dice_bce", "refuses_none", {"reduction": "none"}, {"input": g.normal(2, 3, 4), "target": g.binary(2, 3, 4)}, [], error="invalid_option")
    yield Case("dice_bce", "refuses_pos_weight", {}, {"input": g.normal(2, 3, 4), "target": g.binary(2, 3, 4), "pos_weight": g.uniform(4)}, [], error="shape_mismatch")

    # ------------------------------------------------------------ Dice and focal loss

    for tag, own, of in (
        ("sigmoid", {}, {"sigmoid": True}),
        ("softmax", {"activation": "softmax"}, {"softmax": True}),
        ("foreground", {"include_background": False, "gamma": 1.5}, {"sigmoid": True, "include_background": False, "gamma": 1.5}),
        ("foreground_softmax", {"activation": "softmax", "include_background": False}, {"softmax": True, "include_background": False}),
        ("alpha", {"alpha": 0.75, "gamma": 3.0, "squared_pred": True}, {"sigmoid": True, "alpha": 0.75, "gamma": 3.0, "squared_pred": True}),
        ("jaccard", {"jaccard": True, "batch": True, "gamma": 0.5}, {"sigmoid": True, "jaccard": True, "batch": True, "gamma": 0.5}),
        ("weighted", {"dice_weight": 0.25, "focal_weight": 3.0}, {"sigmoid": True, "lambda_dice": 0.25, "lambda_focal": 3.0}),
    ):
        yield Case("dice_focal", f"{tag}_labels", own, {"input": g.normal(*shape, scale=2), "target": g.ints(*at, hi=3)}, ["input"],
                   lambda input, target, of=of: monai(DiceFocalLoss, input, hot(target, 3), **of))
        yield Case("dice_focal", f"{tag}_answers", own, {"input": g.normal(*shape, scale=2), "target": g.binary(*shape)}, ["input"],
                   lambda input, target, of=of: monai(DiceFocalLoss, input, target, **of))
        w = g.uniform(3, lo=0.2, hi=2)
        first = 1 if "foreground" in tag else 0
        yield Case("dice_focal", f"{tag}_class_weight", own, {"input": g.normal(*shape, scale=2), "target": g.binary(*shape), "weight": w}, ["input"],
                   lambda input, target, weight, of=of, k=first: monai(DiceFocalLoss, input, target, **of, weight=weight[k:]))
    for tag, own, of in (
        ("of_softmax", {}, {"sigmoid": True}),
        ("of_softmax_by_softmax", {"activation": "softmax", "gamma": 1.5, "batch": True}, {"softmax": True, "batch": True}),
        ("of_softmax_foreground", {"activation": "softmax", "include_background": False, "gamma": 3.0}, {"softmax": True, "include_background": False}),
        ("of_softmax_weighted", {"dice_weight": 0.25, "focal_weight": 3.0}, {"sigmoid": True}),
    ):
        for more in ("", "class_weight", "mask", "sample_weight", "ignore_index", "sum"):
            target = g.ignoring(g.ints(*at, hi=3), 255) if more == "ignore_index" else g.ints(*at, hi=3)
            given = {"class_weight": {"weight": g.uniform(3, lo=0.2, hi=2)}, "mask": {"mask": g.binary(*at)}, "sample_weight": {"sample_weight": g.uniform(*at, lo=0.1, hi=3)}}.get(more, {})
            red = "sum" if more == "sum" else "mean"

            def value(input, target, weight=None, mask=None, sample_weight=None, own=own, of=of, red=red):
                background = own.get("include_background", True)
                factor = torch.ones(at) if sample_weight is None else sample_weight
                factor = factor * (target != 255) * (1.0 if mask is None else mask)
                classes = hot(target, 3)
                first = 0 if background else 1
                # the softmax is over all classes, also if the background is left out of the loss
                each = monai(FocalLoss, input, classes, gamma=own.get("gamma", 2.0), use_softmax=True, weight=weight, reduction="none")[:, first:]
                each = each * factor.unsqueeze(1)
                focal = each.sum() if red == "sum" else each.sum() / (factor.sum() * (3 - first))
                if mask is None and sample_weight is None and not (target == 255).any():
                    overlap = monai(DiceLoss, input, classes, **of, weight=None if weight is None else weight[first:], reduction=red)
                else:
                    overlap = reduce(dice(input, classes, own.get("activation", "sigmoid"), factor.unsqueeze(1).expand(shape), own.get("batch", False), first), red)
                return own.get("dice_weight", 1.0) * overlap + own.get("focal_weight", 1.0) * focal

            options = {"use_softmax": True, "reduction": red, **own} | ({"ignore_index": 255} if more == "ignore_index" else {})
            yield Case("dice_focal", "_".join(filter(None, (tag, more))), options, {"input": g.normal(*shape, scale=2), "target": target, **given}, ["input"], value)
    yield Case("dice_focal", "refuses_smoothing_of_softmax", {"use_softmax": True, "label_smoothing": 0.5}, {"input": g.normal(2, 3, 4), "target": g.ints(2, 4, hi=3)}, [], error="invalid_option")
    yield Case("dice_focal", "refuses_answers_for_softmax", {"use_softmax": True}, {"input": g.normal(2, 3, 4), "target": g.binary(2, 3, 4)}, [], error="invalid_option")
    yield Case("dice_focal", "sum", {"reduction": "sum"}, {"input": g.normal(*shape), "target": g.binary(*shape)}, ["input"],
               # MONAI's focal loss with the reduction "sum" adds up means over positions, so its unreduced values are summed here
               lambda input, target: DiceLoss(sigmoid=True, reduction="sum")(input, target).sum() + monai(FocalLoss, input, target, reduction="none").sum())
    for tag in ("mask", "mask_of_elements", "sample_weight", "ignore_index"):
        more = {"mask": {"mask": g.binary(*at)}, "mask_of_elements": {"mask": g.binary(*shape)}, "sample_weight": {"sample_weight": g.uniform(*at, lo=0.1, hi=3)}}.get(tag, {})
        target = g.ignoring(g.ints(*at, hi=3), 255) if tag == "ignore_index" else g.binary(*shape)

        def value(input, target, mask=None, sample_weight=None):
            factor = torch.ones(at).unsqueeze(1) if sample_weight is None else sample_weight.unsqueeze(1)
            if target.ndim == 3:
                factor, target = (target != 255).double().unsqueeze(1), hot(target, 3)
            if mask is not None:
                factor = factor * (mask if mask.ndim == 4 else mask.unsqueeze(1))
            factor = factor.expand(shape)
            each = factor * monai(FocalLoss, input, target, reduction="none")
            return reduce(dice(input, target, "sigmoid", factor), "mean") + each.sum() / factor.sum()

        yield Case("dice_focal", tag, {"ignore_index": 255} if tag == "ignore_index" else {}, {"input": g.normal(*shape, scale=2), "target": target, **more}, ["input"], value)
    yield Case("dice_focal", "one_channel", {}, {"input": g.normal(2, 1, 9), "target": g.ints(2, 9, hi=2)}, ["input"],
               lambda input, target: monai(DiceFocalLoss, input, target.unsqueeze(1).double(), sigmoid=True))
    yield Case("dice_focal", "refuses_gamma", {"gamma": -0.5}, {"input": g.normal(2, 3, 4), "target": g.binary(2, 3, 4)}, [], error="invalid_option")
    yield Case("dice_focal", "refuses_softmax_of_one_channel", {"activation": "softmax"}, {"input": g.normal(2, 1, 4), "target": g.binary(2, 1, 4)}, [], error="invalid_option")


OVERLAPS = [with_elements]
