"""Cases of the losses and options that users ask for. Each is computed by the code of a library that has it.

Where no library can be called, the formula is written here after the paper or the file that is named.
"""

import contextlib
import math
import sys
import types

import torch
import torch.nn.functional as F
from liger_kernel.chunked_loss.dpo_loss import LigerFusedLinearDPOFunction
from liger_kernel.chunked_loss.grpo_loss import clip_coef_fn
from liger_kernel.chunked_loss.jsd_loss import LigerFusedLinearJSDFunction
from liger_kernel.chunked_loss.kto_loss import LigerFusedLinearKTOFunction
from liger_kernel.chunked_loss.orpo_loss import LigerFusedLinearORPOFunction
from liger_kernel.chunked_loss.simpo_loss import LigerFusedLinearSimPOFunction
from sklearn._loss import HalfTweedieLoss

from drawn import REDUCTIONS, Case, reduce

EXTREME = torch.tensor([-200.0, -90.0, -30.0, -1e-3, 0.0, 1e-3, 30.0, 90.0, 200.0]).float().double()


@contextlib.contextmanager
def double():
    """Keeps float64 where a library casts to float32."""
    cast, torch.Tensor.float = torch.Tensor.float, lambda tensor: tensor
    try:
        yield
    finally:
        torch.Tensor.float = cast


# ---------------------------------------------------------------- binary targets and qualities


def binary(g):
    # timm/loss/asymmetric_loss.py of timm 1.0, without the package's __init__, which imports much that is not needed here
    import importlib.util

    spec = importlib.util.find_spec("timm")
    package = types.ModuleType("timm_losses")
    package.__path__ = [spec.submodule_search_locations[0] + "/loss"]
    sys.modules["timm_losses"] = package
    from timm_losses.asymmetric_loss import AsymmetricLossMultiLabel

    def asymmetric(input, target, r="mean", through=True, clip=0.05, gamma_pos=0.0, gamma_neg=4.0):
        with double():
            loss = AsymmetricLossMultiLabel(gamma_neg, gamma_pos, clip, eps=0.0, disable_torch_grad_focal_loss=not through, reduction=r)
            return loss(input, target)

    for red in REDUCTIONS:
        for of in ({}, {"gamma_pos": 1.0, "clip": 0.25}, {"gamma_pos": 1.5, "gamma_neg": 2.5, "clip": 0.0}):
            for through in (True, False):
                options = {"reduction": red, "through_focus": through, **of}
                name = "_".join([red, *(f"{k}{v}" for k, v in of.items()), *([] if through else ["held"])])
                clip = float(torch.tensor(of.get("clip", 0.05)).float())
                yield Case("asymmetric", name, options, {"input": g.normal(6, 7, scale=3), "target": g.binary(6, 7)}, ["input"],
                           lambda input, target, r=red, th=through, of={**of, "clip": clip}: asymmetric(input, target, r, th, **of))
    x, t, w, m = g.normal(5, 4, scale=3), g.binary(5, 4), g.uniform(5, 4), g.binary(5, 4)
    m[0, 0] = 1.0
    clip = float(torch.tensor(0.05).float())
    yield Case("asymmetric", "weighted_mean", {}, {"input": x, "target": t, "weight": w}, ["input"],
               lambda input, target, weight: (asymmetric(input, target, "none", clip=clip) * weight).sum() / weight.sum())
    yield Case("asymmetric", "mask_mean", {}, {"input": x, "target": t, "mask": m}, ["input"],
               lambda input, target, mask: (asymmetric(input, target, "none", clip=clip) * mask).sum() / mask.sum())
    yield Case("asymmetric", "refuses_gamma", {"gamma_neg": -1.0}, {"input": x, "target": t}, [], error="invalid_option")
    yield Case("asymmetric", "refuses_clip", {"clip": 1.5}, {"input": x, "target": t}, [], error="invalid_option")

    # Li 2020, equation 2
    def quality_focal(input, target, beta, r):
        bce = F.binary_cross_entropy_with_logits(input, target, reduction="none")
        return reduce((target - torch.sigmoid(input)).abs() ** beta * bce, r)

    # Zhang 2021, equation 2
    def varifocal(input, target, alpha, gamma, r):
        bce = F.binary_cross_entropy_with_logits(input, target, reduction="none")
        return reduce(bce * torch.where(target > 0, target, alpha * torch.sigmoid(input) ** gamma), r)

    for red in REDUCTIONS:
        x, t = g.normal(6, 7, scale=3), g.uniform(6, 7) * g.binary(6, 7)
        for beta in (2.0, 0.0, 1.0, 2.5):
            yield Case("quality_focal", f"{red}_beta{beta}", {"reduction": red, "beta": beta}, {"input": x, "target": t.float().double()}, ["input"],
                       lambda input, target, b=beta, r=red: quality_focal(input, target, b, r))
        for alpha, gamma in ((0.75, 2.0), (0.25, 0.0), (1.0, 1.5)):
            yield Case("varifocal", f"{red}_a{alpha}_g{gamma}", {"reduction": red, "alpha": alpha, "gamma": gamma}, {"input": x, "target": t.float().double()}, ["input"],
                       lambda input, target, a=alpha, ga=gamma, r=red: varifocal(input, target, a, ga, r))
    both = {"input": torch.cat([EXTREME, EXTREME]), "target": torch.cat([torch.zeros_like(EXTREME), torch.full_like(EXTREME, 0.75)])}
    yield Case("quality_focal", "extreme", {"reduction": "none"}, both, ["input"], lambda input, target: quality_focal(input, target, 2.0, "none"))
    yield Case("varifocal", "extreme", {"reduction": "none"}, both, ["input"], lambda input, target: varifocal(input, target, 0.75, 2.0, "none"))
    yield Case("quality_focal", "refuses_beta", {"beta": -0.5}, both, [], error="invalid_option")
    yield Case("varifocal", "refuses_alpha", {"alpha": 1.5}, both, [], error="invalid_option")


# ---------------------------------------------------------------- regression


class OfScikitLearn(torch.autograd.Function):
    """The value and the gradient of one of scikit-learn's losses, in float64."""

    @staticmethod
    def forward(ctx, input, target, loss):
        value, slope = loss.loss_gradient(target.flatten().numpy().copy(), input.detach().flatten().numpy().copy())
        ctx.save_for_backward(torch.from_numpy(slope).reshape(input.shape))
        return torch.from_numpy(value).reshape(input.shape)

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0], None, None


def regression(g):
    # Feng 2018, equation 5
    def wing(input, target, w, epsilon, r):
        d = (input - target).abs()
        return reduce(torch.where(d < w, w * torch.log1p(d / epsilon), d - (w - w * math.log1p(w / epsilon))), r)

    for red in REDUCTIONS:
        for p in (1.5, 1.125, 1.875):
            yield Case("tweedie", f"{red}_p{p}", {"reduction": red, "p": p},
                       {"input": g.normal(5, 6, scale=1.5), "target": (g.uniform(5, 6, hi=4.0) * g.binary(5, 6)).float().double()}, ["input"],
                       lambda input, target, p=p, r=red: reduce(OfScikitLearn.apply(input, target, HalfTweedieLoss(power=p)), r))
        for w, epsilon in ((10.0, 2.0), (1.0, 0.25)):
            yield Case("wing", f"{red}_w{w}_epsilon{epsilon}", {"reduction": red, "w": w, "epsilon": epsilon},
                       {"input": g.normal(5, 6, scale=6), "target": g.normal(5, 6)}, ["input", "target"],
                       lambda input, target, w=w, e=epsilon, r=red: wing(input, target, w, e, r))
    x, t, w = g.normal(5, 4, scale=6), g.uniform(5, 4), g.uniform(5, 4)
    yield Case("wing", "weighted_mean", {}, {"input": x, "target": t, "weight": w}, ["input"],
               lambda input, target, weight: (wing(input, target, 10.0, 2.0, "none") * weight).sum() / weight.sum())
    yield Case("tweedie", "weighted_mean", {}, {"input": x, "target": t, "weight": w}, ["input"],
               lambda input, target, weight: (OfScikitLearn.apply(input, target, HalfTweedieLoss(power=1.5)) * weight).sum() / weight.sum())
    for p in (1.0, 2.0):
        yield Case("tweedie", f"refuses_p{p:g}", {"p": p}, {"input": x, "target": t}, [], error="invalid_option")
    yield Case("wing", "refuses_epsilon", {"epsilon": 0.0}, {"input": x, "target": t}, [], error="invalid_option")


# ---------------------------------------------------------------- preferences


def by_pair(loss, *operands):
    """The values of a preference loss of Liger-Kernel, one at a time, since it returns only a mean."""
    return torch.stack([loss(*(x[i:i + 1] for x in operands))[0] for i in range(len(operands[0]))])


def preferences(g):
    pair = torch.zeros(2, 1)

    def orpo(chosen, rejected, beta, r):
        of_odds = by_pair(lambda c, r: LigerFusedLinearORPOFunction.preference_loss_fn(c, r, pair, beta), chosen, rejected)
        return reduce(of_odds - chosen, r)

    def simpo(chosen, rejected, beta, gamma, smoothing, r):
        of = lambda c, r: LigerFusedLinearSimPOFunction.preference_loss_fn(c, r, pair, beta, gamma, smoothing)
        return reduce(by_pair(of, chosen, rejected), r)

    def answers(n=17, scale=1.0):
        return {k: (-g.normal(n, scale=scale).abs() - 0.01).float().double() for k in ("chosen", "rejected")}

    for red in REDUCTIONS:
        for beta in (0.1, 1.0):
            exact = float(torch.tensor(beta).float())
            yield Case("orpo", f"{red}_beta{beta}", {"reduction": red, "beta": beta}, answers(), ["chosen", "rejected"],
                       lambda chosen, rejected, b=exact, r=red: orpo(chosen, rejected, b, r))
        for beta, gamma, smoothing in ((0.125, 0.5, 0.0), (2.5, 1.25, 0.0), (2.0, 0.0, 0.25)):
            yield Case("simpo", f"{red}_beta{beta}_gamma{gamma}_ls{smoothing}", {"reduction": red, "beta": beta, "gamma": gamma, "label_smoothing": smoothing},
                       answers(scale=3.0), ["chosen", "rejected"],
                       lambda chosen, rejected, b=beta, ga=gamma, s=smoothing, r=red: simpo(chosen, rejected, b, ga, s, r))
    near = {"chosen": torch.tensor([-1e-6, -1e-3, -30.0, -1.0]).float().double(), "rejected": torch.tensor([-1.0, -1e-4, -1e-2, -40.0]).float().double()}
    yield Case("orpo", "near_and_far", {"beta": 0.5, "reduction": "none"}, near, ["chosen", "rejected"],
               lambda chosen, rejected: orpo(chosen, rejected, 0.5, "none"))
    yield Case("orpo", "refuses_beta", {"beta": -1.0}, near, [], error="invalid_option")
    yield Case("simpo", "refuses_gamma", {"gamma": -1.0}, near, [], error="invalid_option")


def single_answers(g):
    def kto(policy, reference, label, kl, beta=0.1, good=1.0, bad=1.0, r="mean"):
        z = torch.tensor(0.0) if kl is None else kl.mean().clamp(min=0)
        of = lambda p, ref, label: LigerFusedLinearKTOFunction.preference_loss_fn(p, label == 1, torch.zeros(1), ref, beta, z)
        return reduce(by_pair(of, policy, reference, label) * torch.where(label == 1, good, bad), r)

    def answers():
        return {"policy": g.normal(17, scale=5, shift=-40), "reference": g.normal(17, scale=5, shift=-40), "label": g.binary(17)}

    for red in REDUCTIONS:
        for beta, good, bad in ((0.125, 1.0, 1.0), (0.5, 1.5, 0.75)):
            for kl in (None, g.normal(9, scale=3, shift=2), g.normal(300, scale=3, shift=-2)):
                name = f"{red}_beta{beta}_{'alone' if kl is None else f'kl{len(kl)}'}"
                extra = {} if kl is None else {"kl": kl}
                options = {"reduction": red, "beta": beta, "desirable_weight": good, "undesirable_weight": bad}
                yield Case("kto", name, options, answers() | extra, ["policy"],
                           lambda policy, reference, label, kl=None, b=beta, go=good, ba=bad, r=red: kto(policy, reference, label, kl, b, go, ba, r))
    m = g.binary(17)
    m[0] = 1.0
    beta = float(torch.tensor(0.1).float())
    yield Case("kto", "mask_mean", {}, answers() | {"mask": m}, ["policy"],
               lambda policy, reference, label, mask: (kto(policy, reference, label, None, beta, r="none") * mask).sum() / mask.sum())
    yield Case("kto", "refuses_beta", {"beta": 0.0}, answers(), [], error="invalid_option")
    short = {**answers(), "label": g.binary(16)}
    yield Case("kto", "refuses_labels", {}, short, [], error="shape_mismatch")


# ---------------------------------------------------------------- options of the losses of a policy


def policies(g):
    names = ("policy_chosen", "policy_rejected", "reference_chosen", "reference_rejected")

    def hinge(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta, r):
        pair = torch.zeros(2, 1)
        of = lambda pc, pr, rc, rr: LigerFusedLinearDPOFunction.preference_loss_fn(pc, pr, pair, rc, rr, beta, "hinge")
        return reduce(by_pair(of, policy_chosen, policy_rejected, reference_chosen, reference_rejected), r)

    # "ipo" of trl/trainer/dpo_trainer.py of TRL 1.16. TRL applies it to means over tokens, so the operands here stand for such means
    def ipo(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta, r):
        delta = (policy_chosen - reference_chosen) - (policy_rejected - reference_rejected)
        return reduce((delta - 1 / (2 * beta)) ** 2, r)

    for red in REDUCTIONS:
        for kind, fn, scale in (("hinge", hinge, 20.0), ("ipo", ipo, 2.0)):
            for beta in (0.125, 0.5):
                yield Case("dpo", f"{kind}_{red}_beta{beta}", {"kind": kind, "beta": beta, "reduction": red},
                           {k: g.normal(17, scale=scale, shift=-80) for k in names}, ["policy_chosen", "policy_rejected"],
                           lambda beta=beta, fn=fn, r=red, **t: fn(**t, beta=beta, r=r))

    # Ye 2020, equation 5
    def dual_clip(log_probs, old_log_probs, advantages, c, low, high):
        r = (log_probs - old_log_probs).exp()
        clipped = torch.maximum(-advantages * r, -advantages * r.clamp(1 - low, 1 + high))
        return torch.where(advantages < 0, torch.minimum(clipped, -advantages * c), clipped)

    def cispo(log_probs, old_log_probs, advantages, high):
        clipped = clip_coef_fn((log_probs - old_log_probs).exp(), None, 1 + high, "cispo")[0]
        return -clipped * advantages * log_probs

    for red in REDUCTIONS:
        old = g.normal(6, 20, shift=-2)
        ins = {"log_probs": (old + g.normal(6, 20, scale=0.8)).float().double(), "old_log_probs": old, "advantages": g.normal(6, 20)}
        for c in (3.0, 1.25):
            yield Case("ppo_policy", f"dual_clip_{red}_c{c}", {"kind": "dual_clip", "dual_clip_ratio": c, "clip_low": 0.25, "clip_high": 0.25, "reduction": red}, ins, ["log_probs"],
                       lambda c=c, r=red, **t: reduce(dual_clip(**t, c=c, low=0.25, high=0.25), r))
        for high in (0.25, 4.0):
            yield Case("ppo_policy", f"cispo_{red}_high{high}", {"kind": "cispo", "clip_high": high, "reduction": red}, ins, ["log_probs"],
                       lambda high=high, r=red, **t: reduce(cispo(**t, high=high), r))
        for kind in ("k1", "k2", "k3"):
            def clipped(log_probs, ref_log_probs, kind=kind, r=red):
                d = (log_probs - ref_log_probs).clamp(-0.5, 0.5)
                return reduce({"k1": d, "k2": 0.5 * d ** 2, "k3": (-d).exp() - 1 + d}[kind], r)
            yield Case("kl_penalty", f"{kind}_clip_{red}", {"kind": kind, "clip": 0.5, "reduction": red},
                       {"log_probs": ins["log_probs"], "ref_log_probs": old}, ["log_probs"], clipped)
    yield Case("ppo_policy", "refuses_dual_clip_ratio", {"kind": "dual_clip", "dual_clip_ratio": 1.0}, ins, [], error="invalid_option")
    yield Case("kl_penalty", "refuses_clip", {"clip": -1.0}, {"log_probs": old, "ref_log_probs": old}, [], error="invalid_option")


def entropies(g):
    """The loss of a policy minus a share of its entropy. For clip, this is minus equation 9 of Schulman et al. (2017) without its
    value-function term."""
    def objective(log_probs, old_log_probs, advantages, entropy, mask=None, coef=0.01, kind="clip", r="mean"):
        ratio = (log_probs - old_log_probs).exp()
        held = ratio.detach().clamp(max=1.25)
        loss = {"clip": torch.maximum(-advantages * ratio, -advantages * ratio.clamp(0.75, 1.25)), "cispo": -held * advantages * log_probs}[kind]
        kept = torch.ones(loss.shape) if mask is None else mask
        loss = (loss - coef * entropy) * kept
        return {"none": loss, "sum": loss.sum(), "mean": loss.sum() / kept.sum()}[r]

    def case(name, inputs, **options):
        names = {"r": "reduction", "coef": "entropy_coef"}
        options = {"clip_low": 0.25, "clip_high": 0.25} | {names.get(key, key): value for key, value in options.items()}
        mine = {"coef": options.get("entropy_coef", 0.01), "kind": options.get("kind", "clip"), "r": options.get("reduction", "mean")}
        mine["coef"] = float(torch.tensor(mine["coef"]).float())
        return Case("ppo_policy", f"entropy_{name}", options, inputs, ["log_probs", "entropy"], lambda **of: objective(**of, **mine))

    for red in REDUCTIONS:
        old = g.normal(5, 12, shift=-2)
        inputs = {"log_probs": (old + g.normal(5, 12, scale=0.8)).float().double(), "old_log_probs": old, "advantages": g.normal(5, 12), "entropy": g.uniform(5, 12, lo=0.0, hi=3.0)}
        yield case(red, inputs, r=red)
        yield case(f"{red}_cispo", inputs, r=red, kind="cispo", coef=0.25)
        yield case(f"{red}_mask", inputs | {"mask": g.ints(5, 12, hi=3).clamp(max=1).double()}, r=red, coef=0.5)
    yield Case("ppo_policy", "refuses_entropy_coef", {"entropy_coef": -1.0}, inputs, [], error="invalid_option")


# ---------------------------------------------------------------- smoothed binary targets, and an alpha for each class


def smoothed(g):
    from torchvision.ops import sigmoid_focal_loss

    # keras/src/losses/losses.py of Keras 3: targets are smoothed first
    smooth = lambda target, ls: target * (1 - ls) + 0.5 * ls
    for red in REDUCTIONS:
        for ls in (0.125, 1.0):
            x, t = g.normal(6, 7, scale=4), g.binary(6, 7)
            yield Case("bce_with_logits", f"label_smoothing{ls}_{red}", {"label_smoothing": ls, "reduction": red},
                       {"input": x, "target": t, "pos_weight": g.uniform(7, lo=0.5, hi=5)}, ["input"],
                       lambda input, target, pos_weight, ls=ls, r=red: F.binary_cross_entropy_with_logits(input, smooth(target, ls), pos_weight=pos_weight, reduction=r))
            for gamma in (2.0, 1.5):
                yield Case("sigmoid_focal", f"label_smoothing{ls}_gamma{gamma}_{red}", {"label_smoothing": ls, "gamma": gamma, "reduction": red},
                           {"input": x, "target": t}, ["input"],
                           lambda input, target, ls=ls, ga=gamma, r=red: sigmoid_focal_loss(input, smooth(target, ls), gamma=ga, reduction=r))
        # torchvision takes a single alpha; alpha is a factor, so each class's alpha can be multiplied in afterwards
        def by_class(input, target, alpha, r=red):
            plain = sigmoid_focal_loss(input, target, alpha=-1, reduction="none")
            return reduce((alpha * target + (1 - alpha) * (1 - target)) * plain, r)
        yield Case("sigmoid_focal", f"alpha_of_classes_{red}", {"reduction": red}, {"input": x, "target": t, "alpha": g.uniform(7)}, ["input"], by_class)
    yield Case("bce_with_logits", "refuses_label_smoothing", {"label_smoothing": 1.5}, {"input": x, "target": t}, [], error="invalid_option")


# ---------------------------------------------------------------- relatives of cross-entropy


def softmaxes(g):
    def weighted(loss, input, target, weight, r):
        weights = torch.where(target == -100, 0.0, weight[target.clamp(min=0)])
        p = torch.softmax(input, 1).gather(1, target.clamp(min=0).unsqueeze(1)).squeeze(1)
        values = torch.where(weights == 0, 0.0, weights * loss(p))
        return values.sum() / weights.sum() if r == "mean" else reduce(values, r)

    # Leng 2022, equation 7; Zhang 2018, equation 6
    poly = lambda epsilon: lambda p: -p.log() + epsilon * (1 - p)
    generalized = lambda q: (lambda p: -p.log()) if q == 0 else lambda p: (1 - p ** q) / q
    for red in REDUCTIONS:
        for shape in ((6, 10), (2, 4, 5, 7), (2, 1003)):
            x, t = g.normal(*shape, scale=3), g.ignoring(g.ints(shape[0], *shape[2:], hi=shape[1]), -100)
            t.view(-1)[0] = 1
            w = g.uniform(shape[1], lo=0.2, hi=3)
            tag = "x".join(map(str, shape))
            for loss, option, values, of in (("poly_cross_entropy", "epsilon", (1.0, -0.5), poly), ("generalized_cross_entropy", "q", (0.75, 0.0, 1.0), generalized)):
                for value in values:
                    yield Case(loss, f"{tag}_{red}_{option}{value}", {option: value, "reduction": red}, {"input": x, "target": t, "weight": w}, ["input"],
                               lambda input, target, weight, of=of, v=value, r=red: weighted(of(v), input, target, weight, r))
                yield Case(loss, f"{tag}_{red}_unweighted", {option: values[0], "reduction": red}, {"input": x, "target": t}, ["input"],
                           lambda input, target, of=of, v=values[0], c=shape[1], r=red: weighted(of(v), input, target, torch.ones(c), r))
    x, t = g.normal(4, 3), torch.tensor([0, 3, 1, 2])
    for loss, option, value in (("poly_cross_entropy", "epsilon", -1.5), ("generalized_cross_entropy", "q", 1.5)):
        yield Case(loss, f"refuses_{option}", {option: value}, {"input": x, "target": t.clamp(max=2)}, [], error="invalid_option")
        yield Case(loss, "refuses_label_too_large", {}, {"input": x, "target": t}, [], error="label_out_of_range")


# ---------------------------------------------------------------- errors of diffusion models


def diffusion(g):
    abar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), 0).float().double()
    c, steps = float(torch.tensor(0.1).float()), torch.tensor([0, 10, 100, 400, 999])

    # the errors are those of Diffusers 0.32, in examples/research_projects/scheduled_huber_loss_training; the weightings are those
    # of k-diffusion 0.1, in the space of the sample, and truncated_snr is that of Salimans and Ho (2022)
    errors = {"squared": lambda d: d ** 2, "huber": lambda d: F.huber_loss(d, torch.zeros_like(d), reduction="none", delta=c),
              "pseudo_huber": lambda d: 2 * c * ((d ** 2 + c ** 2).sqrt() - c)}
    weights = {"none": None, "snr": lambda snr: snr, "truncated_snr": lambda snr: snr.clamp(min=1), "soft_min_snr": lambda snr: snr * 5 / (snr + 5)}

    def loss(prediction, noise, timesteps, alphas_cumprod, sample, kind, weighting, error, r):
        ab = alphas_cumprod[timesteps]
        a = ab.reshape(-1, *[1] * (prediction.ndim - 1))
        target = {"epsilon": noise, "sample": sample, "v_prediction": a.sqrt() * noise - (1 - a).sqrt() * sample}[kind]
        per = errors[error](prediction - target).flatten(1).mean(1)
        if weights[weighting]:
            snr = ab / (1 - ab)
            per = per * weights[weighting](snr) / {"epsilon": snr, "v_prediction": snr + 1, "sample": torch.ones_like(snr)}[kind]
        return reduce(per, r)

    for kind in ("epsilon", "v_prediction", "sample"):
        for weighting, error in (("snr", "squared"), ("truncated_snr", "huber"), ("soft_min_snr", "pseudo_huber"), ("none", "huber"), ("none", "pseudo_huber")):
            for red in REDUCTIONS:
                ins = {k: g.normal(5, 3, 4, scale=0.2) for k in ("prediction", "noise", "sample")}
                yield Case("diffusion", f"{kind}_{weighting}_{error}_{red}", {"prediction_type": kind, "weighting": weighting, "error": error, "reduction": red},
                           ins | {"timesteps": steps, "alphas_cumprod": abar}, ["prediction"],
                           lambda k=kind, w=weighting, e=error, r=red, **t: loss(**t, kind=k, weighting=w, error=e, r=r))
    yield Case("diffusion", "refuses_huber_c", {"huber_c": 0.0}, {k: v for k, v in ins.items() if k != "sample"} | {"timesteps": steps, "alphas_cumprod": abar}, [], error="invalid_option")
    # examples/dreambooth/train_dreambooth_lora_sd3.py of Diffusers 0.32, whose weighting "sigma_sqrt" divides by the square of sigma
    def flow(prediction, noise, timesteps, sigmas, sample, weighting, error, r):
        per = errors[error](prediction - (noise - sample)).flatten(1).mean(1)
        return reduce(per if weighting == "none" else per * sigmas[timesteps] ** -2.0, r)

    sigmas = torch.linspace(1, 1 / 1000, 1000)
    sigmas = (3 * sigmas / (1 + 2 * sigmas)).float().double()
    for weighting in ("none", "inverse_sigma_squared"):
        for error in errors:
            for red in REDUCTIONS:
                ins = {k: g.normal(5, 3, 4, scale=0.2) for k in ("prediction", "noise", "sample")}
                yield Case("diffusion", f"flow_{weighting}_{error}_{red}", {"prediction_type": "flow", "weighting": weighting, "error": error, "reduction": red},
                           ins | {"timesteps": steps, "sigmas": sigmas}, ["prediction"],
                           lambda w=weighting, e=error, r=red, **t: flow(**t, weighting=w, error=e, r=r))
    ins |= {"timesteps": steps, "sigmas": sigmas}
    for name, options, given in (
        ("min_snr_of_a_flow", {"prediction_type": "flow", "weighting": "min_snr"}, ins),
        ("inverse_sigma_squared_of_noise", {"weighting": "inverse_sigma_squared"}, ins | {"alphas_cumprod": abar}),
        ("a_flow_without_sigmas", {"prediction_type": "flow"}, {k: v for k, v in ins.items() if k != "sigmas"} | {"alphas_cumprod": abar}),
        ("a_flow_without_sample", {"prediction_type": "flow"}, {k: v for k, v in ins.items() if k != "sample"}),
    ):
        yield Case("diffusion", f"refuses_{name}", options, given, [], error="invalid_option")
    yield Case("diffusion", "refuses_a_flows_timestep", {"prediction_type": "flow"}, ins | {"timesteps": steps + 1}, [], error="label_out_of_range")


# ---------------------------------------------------------------- boxes


def sides(x):
    """The two corners of boxes, and their sizes (width and height)."""
    low, high = x[..., :2], x[..., 2:]
    return low, high, high - low


def overlap(a, b, eps=1e-7):
    """1 - IoU, the sides of both boxes and of their hull, and the distances between the centres."""
    (low, high, size), (low_b, high_b, size_b) = sides(a), sides(b)
    both = torch.minimum(high, high_b) - torch.maximum(low, low_b)
    inter = torch.where((both > 0).all(-1), both.prod(-1), 0.0)
    iou = inter / (size.prod(-1) + size_b.prod(-1) - inter + eps)
    hull = torch.maximum(high, high_b) - torch.minimum(low, low_b)
    return 1 - iou, size, size_b, hull, (low + high - low_b - high_b) / 2


# Zhang 2021, equation 6, with eps in the denominators
def eiou(a, b, eps=1e-7):
    loss, size, size_b, hull, centre = overlap(a, b, eps)
    far = (centre ** 2).sum(-1) / ((hull ** 2).sum(-1) + eps)
    return loss + far + ((size - size_b) ** 2 / (hull ** 2 + eps)).sum(-1)


# Gevorgyan 2022, equations 1 to 10, with theta = 4 and gamma = 2 - angle as in yolov6/utils/figure_iou.py of YOLOv6
def siou(a, b, eps=1e-7):
    loss, size, size_b, hull, centre = overlap(a, b, eps)
    sine = centre.abs().amin(-1) / (centre ** 2).sum(-1).sqrt()
    angle = 1 - 2 * torch.sin(torch.arcsin(sine) - math.pi / 4) ** 2
    distance = (1 - torch.exp((angle - 2).unsqueeze(-1) * (centre / hull) ** 2)).sum(-1)
    omega = (size - size_b).abs() / torch.maximum(size, size_b)
    return loss + (distance + ((1 - torch.exp(-omega)) ** 4).sum(-1)) / 2


def overlaps(g):
    from torchvision.ops import box_convert, complete_box_iou_loss, distance_box_iou_loss, generalized_box_iou_loss

    fns = {"iou": lambda a, b: overlap(a, b)[0], "giou": generalized_box_iou_loss, "diou": distance_box_iou_loss, "ciou": complete_box_iou_loss, "eiou": eiou, "siou": siou}

    def draw(n, spread, form):
        p, size = g.uniform(n, 2, hi=spread), g.uniform(n, 2, lo=0.2, hi=4.0)
        return torch.cat([p, p + size if form == "xyxy" else size], 1).float().double()

    def case(kind, form, name, boxes, red):
        fn = fns[kind]
        to_corners = (lambda x: x) if form == "xyxy" else (lambda x: box_convert(x, "cxcywh", "xyxy"))
        options = {"kind": kind, "reduction": red} | ({} if form == "xyxy" else {"format": form})
        return Case("box_iou", name, options, dict(zip(("input", "target"), boxes)), ["input"],
                    lambda input, target: reduce(fn(to_corners(input), to_corners(target)), red), rtol=5e-5)

    for kind in fns:
        for form in ("xyxy", "cxcywh"):
            if form == "xyxy" and kind not in ("eiou", "siou"):
                continue
            for red in REDUCTIONS:
                for tag, spread in (("overlapping", 2.0), ("sparse", 40.0), ("far", 1000.0)):
                    yield case(kind, form, f"{kind}_{form}_{red}_{tag}", [draw(37, spread, form), draw(37, spread, form)], red)
            # boxes inside one another, boxes that are a thousand times as long as high, and boxes that share sides
            a = torch.tensor([[0.0, 0, 4, 4], [1, 1, 2, 2.5], [0, 0, 64, 0.0625], [8, 0, 8.0625, 64], [0, 0, 2, 2], [0, 0, 2, 2]])
            b = torch.tensor([[1.0, 1.5, 2, 3], [0, 0, 4, 4], [1, 0.03125, 60, 0.125], [8.03125, 1, 8.125, 60], [0, 1, 2, 4], [1.0, 2, 4, 5]])
            if form == "cxcywh":
                a, b = (box_convert(x, "xyxy", "cxcywh") for x in (a, b))
            yield case(kind, form, f"{kind}_{form}_hand", [a, b], "none")
            # pairs of boxes that differ by a ten-thousandth
            a = draw(37, 2.0, form)
            yield case(kind, form, f"{kind}_{form}_alike", [a, (a + g.normal(37, 4, scale=1e-4)).float().double()], "none")
    for kind in ("eiou", "siou"):
        wide = torch.tensor([[0.0, 0, 1e19, 2e19], [1e18, -3e19, 2e19, 1e19], [-1e38, -1e38, 1e38, 1.5e38]]).float().double()
        yield case(kind, "xyxy", f"wide_{kind}", [wide, wide.roll(1, 0)], "none")
    a, b, w = draw(23, 2.0, "cxcywh"), draw(23, 2.0, "cxcywh"), g.uniform(23)
    yield Case("box_iou", "cxcywh_weighted_mean", {"kind": "eiou", "format": "cxcywh"}, {"input": a, "target": b, "weight": w}, ["input"],
               lambda input, target, weight: (eiou(*(box_convert(x, "cxcywh", "xyxy") for x in (input, target))) * weight).sum() / weight.sum(), rtol=5e-5)
    yield Case("box_iou", "refuses_format", {"format": "xywh"}, {"input": a, "target": b}, [], error="invalid_option")


# ---------------------------------------------------------------- regions


def soft_and_logs(g):
    from monai.losses import DiceLoss, GeneralizedDiceLoss, TverskyLoss
    act = {"softmax": {"softmax": True}, "sigmoid": {"sigmoid": True}, "none": {}}

    def predicted(a):
        return g.normal(2, 3, 5, 6, scale=2) if a != "none" else g.uniform(2, 3, 5, 6)

    def log_of(ratio, red):
        return reduce(-torch.log((1 - ratio).clamp(min=1e-7)), red)

    losses = {"dice": DiceLoss, "tversky": TverskyLoss, "generalized_dice": GeneralizedDiceLoss}
    for a in act:
        for loss, of in losses.items():
            for red in ("mean", "sum"):
                yield Case(loss, f"soft_label_{a}_{red}", {"activation": a, "soft_label": True, "reduction": red},
                           {"input": predicted(a), "target": g.probs(2, 3, 5, 6, dim=1)}, ["input"],
                           lambda input, target, of=of, a=a, r=red: of(**act[a], soft_label=True, reduction=r)(input, target))
                # segmentation_models_pytorch/losses/dice.py takes the log of each score
                yield Case(loss, f"log_loss_{a}_{red}", {"activation": a, "log_loss": True, "reduction": red},
                           {"input": predicted(a), "target": g.ints(2, 5, 6, hi=3)}, ["input"],
                           lambda input, target, of=of, a=a, r=red: log_of(of(**act[a], reduction="none")(input, F.one_hot(target, 3).movedim(-1, 1).double()), r))
        for extra in ({"squared_pred": True}, {"jaccard": True}, {"batch": True}):
            yield Case("dice", f"soft_label_{a}_{'_'.join(extra)}", {"activation": a, "soft_label": True, **extra},
                       {"input": predicted(a), "target": g.probs(2, 3, 5, 6, dim=1)}, ["input"],
                       lambda input, target, a=a, e=extra: DiceLoss(**act[a], soft_label=True, **e)(input, target))
    yield Case("dice", "log_loss_of_an_absent_class", {"log_loss": True, "smooth_nr": 0.0, "activation": "none"},
               {"input": torch.tensor([[[0.5, 0.25], [0.5, 0.75]]]), "target": torch.zeros(1, 2, dtype=torch.int64)}, ["input"],
               lambda input, target: log_of(DiceLoss(smooth_nr=0.0, reduction="none")(input, F.one_hot(target, 2).movedim(-1, 1).double()), "mean"))


# ---------------------------------------------------------------- further options


def roots(g):
    """A power below 1 of the distance between prediction and quality."""
    for red in REDUCTIONS:
        yield Case("quality_focal", f"{red}_beta0.5", {"reduction": red, "beta": 0.5}, {"input": g.normal(6, 7, scale=3), "target": g.uniform(6, 7)}, ["input"],
                   lambda input, target, r=red: reduce((target - torch.sigmoid(input)).abs() ** 0.5 * F.binary_cross_entropy_with_logits(input, target, reduction="none"), r))


def directions(g):
    """Liger-Kernel's generalised Jensen-Shannon divergence, which has TRL's formula, times the square of the temperature."""
    def divergence(student, teacher, beta, T, r, axis=1):
        rows = [x.movedim(axis, -1) / T for x in (student, teacher)]
        shape, c = rows[0].shape[:-1], rows[0].shape[-1]
        of_rows = zip(*(x.reshape(-1, c) for x in rows))
        values = torch.stack([LigerFusedLinearJSDFunction.distillation_loss_fn(s[None], t[None], beta) for s, t in of_rows]).reshape(shape)
        values = T * T * values
        return values.sum() / len(values) if r == "batch_mean" else reduce(values, r)

    ways = [({"direction": "forward"}, 0.0), ({"direction": "reverse"}, 1.0), ({"direction": "reverse", "beta": 0.25}, 1.0),
            *(({"direction": "js", "beta": beta}, beta) for beta in (0.0, 0.125, 0.5, 0.75, 1.0))]
    for options, beta in ways:
        tag = "_".join(map(str, options.values()))
        for shape in ((6, 10), (2, 5, 3, 4), (2, 1003)):
            for red, T in (("mean", 4.0), ("sum", 1.0), ("none", 4.0), ("batch_mean", 1.0))[:1 if shape[1] > 1000 else 4]:
                yield Case("distillation", f"{tag}_{'x'.join(map(str, shape))}_{red}_T{T}", {**options, "temperature": T, "reduction": red},
                           {"student": g.normal(*shape, scale=3), "teacher": g.normal(*shape, scale=3)}, ["student"],
                           lambda student, teacher, b=beta, T=T, r=red: divergence(student, teacher, b, T, r))
        x = g.normal(4, 7, scale=2)
        yield Case("distillation", f"{tag}_near", options, {"student": x, "teacher": (x + g.normal(4, 7) / 64).float().double()}, ["student"],
                   lambda student, teacher, b=beta: divergence(student, teacher, b, 1.0, "mean"))
        yield Case("distillation", f"{tag}_sure", options, {"student": g.normal(4, 7, scale=20), "teacher": g.normal(4, 7, scale=20)}, ["student"],
                   lambda student, teacher, b=beta: divergence(student, teacher, b, 1.0, "mean"))
        w, m = g.uniform(3, lo=0.5, hi=2), torch.tensor([1.0, 0.0, 1.0])
        yield Case("distillation", f"{tag}_weighted", options,
                   {"student": g.normal(3, 6), "teacher": g.normal(3, 6), "sample_weight": w, "mask": m}, ["student"],
                   lambda student, teacher, sample_weight, mask, b=beta: (divergence(student, teacher, b, 1.0, "none") * sample_weight * mask).sum() / (sample_weight * mask).sum())
    x = g.normal(3, 4)
    for beta in (-0.25, 1.5):
        yield Case("distillation", f"refuses_beta{beta}", {"direction": "js", "beta": beta}, {"student": x, "teacher": x}, [], error="invalid_option")
    yield Case("distillation", "refuses_direction", {"direction": "backward"}, {"student": x, "teacher": x}, [], error="invalid_option")


def softcapped(g):
    """Losses of logits that are capped by c·tanh(x/c), as in Gemma 2's model and Liger-Kernel's cross-entropy. The focal loss and
    the z-loss are written here; the others are PyTorch's."""
    def capped(x, c):
        return c * torch.tanh(x / c)

    def focal(input, target, gamma, r):
        kept = target != -100
        log_p = torch.log_softmax(input, 1).gather(1, target.clamp(min=0).unsqueeze(1)).squeeze(1)
        values = torch.where(kept, -((1 - log_p.exp()) ** gamma) * log_p, 0.0)
        return values.sum() / kept.sum() if r == "mean" else reduce(values, r)

    def kl(student, teacher):
        return F.kl_div(torch.log_softmax(student, 1), torch.log_softmax(teacher, 1), reduction="batchmean", log_target=True)

    for c in (30.0, 2.0):
        for shape in ((6, 10), (2, 5, 3, 4), (2, 1003)):
            tag = f"softcap{c}_{'x'.join(map(str, shape))}"
            x, t = g.normal(*shape, scale=20), g.ignoring(g.ints(shape[0], *shape[2:], hi=shape[1]), -100)
            t.view(-1)[0] = 1
            w, q = g.uniform(shape[1], lo=0.2, hi=3), g.probs(*shape, dim=1)
            for red in REDUCTIONS[:1 if shape[1] > 1000 else 3]:
                yield Case("cross_entropy", f"{tag}_{red}", {"softcap": c, "reduction": red}, {"input": x, "target": t}, ["input"],
                           lambda input, target, c=c, r=red: F.cross_entropy(capped(input, c), target, reduction=r))
                yield Case("softmax_focal", f"{tag}_{red}", {"softcap": c, "reduction": red}, {"input": x, "target": t}, ["input"],
                           lambda input, target, c=c, r=red: focal(capped(input, c), target, 2.0, r))
            if shape[1] > 1000:
                continue
            yield Case("cross_entropy", f"{tag}_smoothed_weighted", {"softcap": c, "label_smoothing": 0.125}, {"input": x, "target": t, "weight": w}, ["input"],
                       lambda input, target, weight, c=c: F.cross_entropy(capped(input, c), target, weight, label_smoothing=0.125))
            yield Case("cross_entropy", f"{tag}_probabilities", {"softcap": c}, {"input": x, "target": q}, ["input"],
                       lambda input, target, c=c: F.cross_entropy(capped(input, c), target))
            yield Case("cross_entropy", f"{tag}_z_loss", {"softcap": c, "z_loss": 0.0625}, {"input": x, "target": t.clamp(min=0)}, ["input"],
                       lambda input, target, c=c: F.cross_entropy(capped(input, c), target) + 0.0625 * (torch.logsumexp(capped(input, c), 1) ** 2).mean())
            if len(shape) == 2:
                yield Case("distillation", tag, {"softcap": c}, {"student": x, "teacher": g.normal(*shape, scale=20)}, ["student"],
                           lambda student, teacher, c=c: kl(capped(student, c), capped(teacher, c)))
        ins = {"input": g.normal(9, 16, scale=3), "weight": g.normal(70, 16), "bias": g.normal(70), "target": g.ignoring(g.ints(9, hi=70), -100)}
        ins["target"][0] = 1
        for red in REDUCTIONS:
            yield Case("linear_cross_entropy", f"softcap{c}_{red}", {"softcap": c, "reduction": red, "label_smoothing": 0.125}, ins, ["input", "weight", "bias"],
                       lambda input, weight, bias, target, c=c, r=red: F.cross_entropy(capped(F.linear(input, weight, bias), c), target, reduction=r, label_smoothing=0.125), rtol=2e-5)
    x, t = g.normal(3, 4), g.ints(3, hi=4)
    for loss in ("cross_entropy", "softmax_focal"):
        yield Case(loss, "refuses_softcap", {"softcap": 0.0}, {"input": x, "target": t}, [], error="invalid_option")


def smoothed_over_finite(g):
    """Label smoothing over the classes that are not masked: PyTorch's cross-entropy of each row without its masked classes."""
    def of_finite(z, target, weight, smoothing, r):
        weight = torch.ones(z.shape[1]).double() if weight is None else weight
        losses, weights = [], []
        for x, t in zip(z, target):
            finite = x > -math.inf
            own = finite[:t].sum()[None] if t >= 0 else t[None]
            losses.append(F.cross_entropy(x[finite][None], own, weight[finite], label_smoothing=smoothing, reduction="sum"))
            weights.append(weight[t] if t >= 0 else torch.tensor(0.0))
        losses = torch.stack(losses)
        return losses.sum() / torch.stack(weights).sum() if r == "mean" else reduce(losses, r)

    def rows(x):
        return x.movedim(1, -1).reshape(-1, x.shape[1])

    def masked(x, t):
        # classes other than the label's are masked at random
        hidden = (g.uniform(*x.shape) < 0.3) & ~F.one_hot(t.clamp(min=0), x.shape[1]).movedim(-1, 1).bool()
        return x.masked_fill(hidden, -math.inf)

    for shape in ((6, 10), (2, 5, 3, 4), (2, 1003)):
        t = g.ignoring(g.ints(shape[0], *shape[2:], hi=shape[1]), -100)
        t.view(-1)[0] = 1
        x, w = masked(g.normal(*shape, scale=3), t), g.uniform(shape[1], lo=0.2, hi=3)
        for red in REDUCTIONS[:1 if shape[1] > 1000 else 3]:
            options = {"smooth_over": "finite", "label_smoothing": 0.125, "reduction": red}
            tag, back = f"smooth_over_finite_{'x'.join(map(str, shape))}_{red}", t.shape if red == "none" else ()
            yield Case("cross_entropy", tag, options, {"input": x, "target": t}, ["input"],
                       lambda input, target, r=red, to=back: of_finite(rows(input), target.flatten(), None, 0.125, r).reshape(to))
            yield Case("cross_entropy", f"{tag}_weighted", options, {"input": x, "target": t, "weight": w}, ["input"],
                       lambda input, target, weight, r=red, to=back: of_finite(rows(input), target.flatten(), weight, 0.125, r).reshape(to))
    ins = {"input": g.normal(9, 16, scale=0.5), "weight": g.normal(70, 16), "bias": g.normal(70), "target": g.ignoring(g.ints(9, hi=70), -100)}
    ins["target"][0] = 1
    hidden = (g.uniform(70) < 0.3) & ~torch.isin(torch.arange(70), ins["target"])
    ins["bias"] = ins["bias"].masked_fill(hidden, -math.inf)
    for red in REDUCTIONS:
        yield Case("linear_cross_entropy", f"smooth_over_finite_{red}", {"smooth_over": "finite", "label_smoothing": 0.125, "reduction": red}, ins, ["input", "weight"],
                   lambda input, weight, bias, target, r=red: of_finite(F.linear(input, weight, bias), target, None, 0.125, r), rtol=2e-5)
    x, q = g.normal(3, 4), g.probs(3, 4, dim=1)
    yield Case("cross_entropy", "smooth_over_finite_refuses_probabilities", {"smooth_over": "finite", "label_smoothing": 0.125}, {"input": x, "target": q}, [], error="invalid_option")


def labelled_pairs(g):
    """Contrastive losses whose batch has several rows with the same label. Other rows with a row's label are left out of the
    softmax, like false negatives in sentence-transformers, or count as positives, as in SupCon (Khosla 2020)."""
    def direction(z, labels, positive):
        # the negatives may have labels too, which follow those of the keys
        n, m = z.shape[0], max(len(labels), z.shape[0])
        own, equal = torch.eye(n, m, dtype=torch.bool), labels[:n, None] == labels[None, :]
        together = equal if positive else own
        if not positive:
            z = torch.cat([z[:, :m].masked_fill(equal & ~own, -math.inf), z[:, m:]], 1)
        log_p = torch.log_softmax(z, 1)[:, :m]
        return -torch.where(together, log_p, 0.0).sum(1) / together.sum(1)

    def siglip(image, text, scale, bias, labels, positive, r):
        z = scale * F.normalize(image, dim=1) @ F.normalize(text, dim=1).T + bias
        own, equal = torch.eye(len(labels), dtype=torch.bool), labels[:, None] == labels[None, :]
        signs = torch.where(equal if positive else own, 1.0, -1.0)
        losses = -F.logsigmoid(signs * z)
        return reduce(losses.masked_fill(equal & ~own & (not positive), 0.0).sum(1), r)

    def info_nce(query, key, labels, negatives=None, positive=False, symmetric=False, r="mean"):
        q, k = F.normalize(query, dim=1), F.normalize(key, dim=1)
        z = q @ k.T / 0.125
        more = [] if negatives is None else [q @ F.normalize(negatives, dim=1).T / 0.125]
        loss = direction(torch.cat([z, *more], 1), labels, positive)
        return reduce((loss + direction(z.T, labels[: len(z)], positive)) / 2 if symmetric else loss, r)

    for n, d in ((7, 5), (70, 12)):
        q, k, labels = g.normal(n, d), g.normal(n, d), g.ints(n, hi=max(3, n // 4))
        for positive in (False, True):
            kind = {"equal_labels": "positive" if positive else "drop"}
            for red in REDUCTIONS:
                yield Case("info_nce", f"labels_n{n}_{kind['equal_labels']}_{red}", {"temperature": 0.125, "reduction": red, **kind}, {"query": q, "key": k, "labels": labels}, ["query", "key"],
                           lambda query, key, labels, p=positive, r=red: info_nce(query, key, labels, positive=p, r=r), rtol=3e-5)
            yield Case("info_nce", f"labels_n{n}_{kind['equal_labels']}_symmetric", {"temperature": 0.125, "symmetric": True, **kind}, {"query": q, "key": k, "labels": labels}, ["query", "key"],
                       lambda query, key, labels, p=positive: info_nce(query, key, labels, positive=p, symmetric=True), rtol=3e-5)
            yield Case("info_nce", f"labels_n{n}_{kind['equal_labels']}_negatives", {"temperature": 0.125, **kind}, {"query": q, "key": k, "labels": labels, "negatives": g.normal(n + 2, d)}, ["query", "key", "negatives"],
                       lambda query, key, labels, negatives, p=positive: info_nce(query, key, labels, negatives, positive=p), rtol=3e-5)
            more = {"query": q, "key": k, "negatives": g.normal(n + 2, d)}
            # the labels of the negatives follow those of the keys
            more["labels"] = torch.cat([labels, g.ints(n + 2, hi=max(3, n // 4))])
            for symmetric in (False, True):
                yield Case("info_nce", f"labels_n{n}_{kind['equal_labels']}_of_negatives{'_symmetric' * symmetric}", {"temperature": 0.125, "symmetric": symmetric, **kind}, more, ["query", "key", "negatives"],
                           lambda query, key, negatives, labels, p=positive, s=symmetric: info_nce(query, key, labels, negatives, positive=p, symmetric=s), rtol=3e-5)
            pairs = {"image": q, "text": k, "logit_scale": torch.tensor([5.0]).double(), "logit_bias": torch.tensor([-2.5]).double(), "labels": labels}
            for red in REDUCTIONS:
                yield Case("siglip", f"labels_n{n}_{kind['equal_labels']}_{red}", {"reduction": red, **kind}, pairs, ["image", "text", "logit_scale", "logit_bias"],
                           lambda image, text, logit_scale, logit_bias, labels, p=positive, r=red: siglip(image, text, logit_scale, logit_bias, labels, p, r), rtol=3e-5)
    yield Case("siglip", "refuses_labels_of_another_length", {}, {"image": g.normal(4, 3), "text": g.normal(4, 3), "logit_scale": torch.ones(1), "logit_bias": torch.ones(1), "labels": g.ints(5)}, [], error="shape_mismatch")
    yield Case("info_nce", "refuses_labels_of_another_length", {}, {"query": g.normal(4, 3), "key": g.normal(4, 3), "labels": g.ints(5)}, [], error="shape_mismatch")


def weighted_items(g):
    """A sample weight for each item, for a loss of elements and for both parts of an autoencoder. The weighted mean is that of
    Keras (`sample_weight`), except that it divides by the sum of the weights."""
    def vae(input, target, mu, log_var, sample_weight, recon, beta, r):
        fn = F.mse_loss if recon == "mse" else F.binary_cross_entropy_with_logits
        of_item = fn(input, target, reduction="none").flatten(1).sum(1)
        of_item = of_item + beta * (-0.5 * (1 + log_var - mu ** 2 - log_var.exp())).sum(1)
        total = (sample_weight * of_item).sum()
        return total / sample_weight.sum() if r == "mean" else total

    for recon, beta in (("mse", 1.0), ("bce_with_logits", 4.0)):
        for red in ("mean", "sum"):
            yield Case("vae", f"{recon}_sample_weight_{red}", {"reconstruction": recon, "beta": beta, "reduction": red},
                       {"input": g.normal(4, 1, 5, 5), "target": g.uniform(4, 1, 5, 5), "mu": g.normal(4, 6), "log_var": g.normal(4, 6), "sample_weight": g.uniform(4, lo=0.25, hi=2)},
                       ["input", "mu", "log_var"], lambda recon=recon, beta=beta, r=red, **t: vae(recon=recon, beta=beta, r=r, **t))
    x, t, w, m = g.normal(3, 4, 5), g.normal(3, 4, 5), g.uniform(3, lo=0.25, hi=2), (g.uniform(3, 4, 5) > 0.3).double()
    for red in REDUCTIONS:
        def mse(input, target, sample_weight, mask, r=red):
            w = (sample_weight[:, None, None] * mask)
            losses = (w * (input - target) ** 2)
            return losses.sum() / w.sum() if r == "mean" else reduce(losses, r)
        yield Case("mse", f"sample_weight_of_items_{red}", {"reduction": red}, {"input": x, "target": t, "sample_weight": w, "mask": m}, ["input", "target"], mse)
    yield Case("mse", "refuses_a_sample_weight_for_each_column", {}, {"input": x, "target": t, "sample_weight": g.uniform(5)}, [], error="shape_mismatch")
    vae_of = {"input": g.normal(2, 3), "target": g.normal(2, 3), "mu": g.normal(2, 2), "log_var": g.normal(2, 2)}
    yield Case("vae", "refuses_a_sample_weight_for_each_element", {}, vae_of | {"sample_weight": g.uniform(2, 3)}, [], error="shape_mismatch")


ASKED = [binary, regression, preferences, single_answers, policies, entropies, smoothed, softmaxes, diffusion, roots, soft_and_logs, directions, softcapped, smoothed_over_finite, labelled_pairs, overlaps, weighted_items]
