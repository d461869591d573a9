"""Cases of losses whose logits come from a linear layer: cross-entropy with class weights, and other losses of logits.

The reference is PyTorch's own linear layer with PyTorch's cross-entropy, with the focal loss of Lin et al. (2017), with the
divergence of a student's softmax from a teacher's, or with a loss of pairs of answers: Liger-Kernel's or TRL's.
"""

import math

import torch
import torch.nn.functional as F
from liger_kernel.chunked_loss.dpo_loss import LigerFusedLinearDPOFunction

from asked import by_pair
from drawn import REDUCTIONS, Case


def heads(g):
    def drawn(n, d, v, bias, ignored=0.1):
        inputs = {"input": g.normal(n, d), "weight": g.normal(v, d, scale=0.3), "target": g.ignoring(g.ints(n, hi=v), -100, ignored)}
        inputs["target"][0] = 1 % v
        return inputs | ({"bias": g.normal(v, scale=0.1)} if bias else {})

    def factors(n):
        some = {"mask": (g.uniform(n) < 0.7).double(), "sample_weight": g.uniform(n, lo=0.5, hi=2)}
        some["mask"][0] = 1.0
        return some

    def reduced(losses, kept, of_label, sample_weight, r):
        w = torch.ones(losses.shape) if sample_weight is None else sample_weight
        losses = losses * w
        return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / (w * of_label * kept).sum()}[r]

    def kept_of(target, mask):
        return (target != -100) & (torch.ones(target.shape) if mask is None else mask).ne(0)

    def focal(input, weight, target, bias=None, alpha=None, mask=None, sample_weight=None, gamma=2.0, softcap=None, r="mean"):
        kept = kept_of(target, mask)
        z = F.linear(input, weight, bias)
        z = z if softcap is None else softcap * torch.tanh(z / softcap)
        safe = target.clamp(min=0)
        log_p = torch.log_softmax(z, 1).gather(1, safe[:, None])[:, 0]
        # 1 − p as the sum over the other classes, which keeps the digits of a confident row
        miss = torch.softmax(z, 1).masked_fill(F.one_hot(safe, z.shape[1]).bool(), 0.0).sum(1)
        w = torch.ones(target.shape) if alpha is None else alpha[safe]
        return reduced(torch.where(kept, -w * miss**gamma * log_p, 0.0), kept, 1.0, sample_weight, r)

    def case(name, inputs, **options):
        names = {"r": "reduction"}
        return Case("linear_softmax_focal", name, {names.get(key, key): value for key, value in options.items()}, inputs,
                    [key for key in ("input", "weight", "bias") if key in inputs], lambda **of: focal(**of, **options), rtol=3e-5)

    for bias in (False, True):
        for n, d, v in ((5, 8, 13), (33, 16, 130)):
            yield case(f"n{n}_v{v}_bias{int(bias)}", drawn(n, d, v, bias))
            yield case(f"n{n}_v{v}_bias{int(bias)}_alpha", drawn(n, d, v, bias) | {"alpha": g.uniform(v, lo=0.25, hi=2)}, gamma=1.5)
    for red in REDUCTIONS:
        yield case(f"{red}_alpha_mask_sample_weight", drawn(9, 6, 70, True) | factors(9) | {"alpha": g.uniform(70, lo=0.25, hi=2)}, r=red)
        yield case(f"{red}_gamma_0", drawn(9, 6, 7, True), r=red, gamma=0.0)
        yield case(f"{red}_softcap", {**drawn(9, 6, 7, True), "weight": g.normal(7, 6, scale=4)}, r=red, softcap=5.0)
    some = drawn(4, 5, 6, False)
    yield Case("linear_softmax_focal", "refuses_gamma", {"gamma": -1.0}, some, [], error="invalid_option")
    yield Case("linear_softmax_focal", "refuses_alpha_of_another_length", {}, some | {"alpha": torch.ones(5)}, [], error="shape_mismatch")

    def weighted(input, weight, target, class_weight, bias=None, mask=None, sample_weight=None, smoothing=0.0, z_loss=0.0, r="mean"):
        kept = kept_of(target, mask)
        z = F.linear(input, weight, bias)
        masked = target.masked_fill(~kept, -100)
        losses = F.cross_entropy(z, masked, class_weight, label_smoothing=smoothing, reduction="none")
        whole = reduced(losses, kept, class_weight[target.clamp(min=0)], sample_weight, r)
        if z_loss:
            whole = whole + reduced(torch.where(kept, z_loss * torch.logsumexp(z, 1) ** 2, 0.0), kept, 1.0, sample_weight, r)
        return whole

    def weighed(name, inputs, **options):
        names = {"r": "reduction", "smoothing": "label_smoothing"}
        return Case("linear_cross_entropy", f"class_weight_{name}", {names.get(key, key): value for key, value in options.items()}, inputs,
                    [key for key in ("input", "weight", "bias") if key in inputs], lambda **of: weighted(**of, **options), rtol=3e-5)

    for bias in (False, True):
        for n, d, v in ((5, 8, 13), (33, 16, 130)):
            inputs = drawn(n, d, v, bias) | {"class_weight": g.uniform(v, lo=0.25, hi=2)}
            yield weighed(f"n{n}_v{v}_bias{int(bias)}", inputs)
            yield weighed(f"n{n}_v{v}_bias{int(bias)}_smooth", inputs, smoothing=0.125)
    for red in REDUCTIONS:
        inputs = drawn(9, 6, 70, True) | factors(9) | {"class_weight": g.uniform(70, lo=0.25, hi=2)}
        yield weighed(f"{red}_mask_sample_weight", inputs, r=red, smoothing=0.125, z_loss=0.0625)
    # a weight of 0 leaves its class out, also where a bias masks the class
    muted = drawn(6, 5, 4, True, ignored=0.0)
    muted["bias"][2], muted["target"][1:3] = -math.inf, torch.tensor([2, 0])
    muted["class_weight"] = torch.tensor([1.0, 0.5, 0.0, 2.0]).double()
    yield Case("linear_cross_entropy", "class_weight_0_mutes_a_masked_class", {"reduction": "sum"}, muted, [], lambda input, weight, target, bias, class_weight:
               (lambda z: sum(-class_weight[t] * torch.log_softmax(z[i], 0)[t] for i, t in enumerate(target.tolist()) if class_weight[t] != 0))(F.linear(input, weight, bias)), rtol=3e-5)
    yield Case("linear_cross_entropy", "refuses_class_weight_of_another_length", {}, some | {"class_weight": torch.ones(5)}, [], error="shape_mismatch")


def teachers(g):
    """A student's linear layer compared with a wider or narrower teacher's: the divergence of their logits."""
    def kl(p, q):
        return (p.exp() * (p - q)).sum(1)

    def divergence(student, student_weight, teacher, teacher_weight, mask=None, sample_weight=None, direction="forward", beta=0.5, temperature=1.0, softcap=None, r="mean"):
        z, y = student @ student_weight.T, teacher @ teacher_weight.T
        if softcap is not None:
            z, y = softcap * torch.tanh(z / softcap), softcap * torch.tanh(y / softcap)
        s, t = torch.log_softmax(z / temperature, 1), torch.log_softmax(y / temperature, 1)
        if direction == "js":
            m = torch.logaddexp(t + math.log(beta), s + math.log(1 - beta))
            losses = beta * kl(t, m) + (1 - beta) * kl(s, m)
        else:
            losses = kl(t, s) if direction == "forward" else kl(s, t)
        kept = torch.ones(len(z)) if mask is None else mask
        w = kept * (torch.ones(len(z)) if sample_weight is None else sample_weight)
        losses = temperature**2 * losses * w
        return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / w.sum(), "batch_mean": losses.sum() / len(z)}[r]

    def drawn(n, d, e, v, scale=0.3):
        return {"student": g.normal(n, d), "student_weight": g.normal(v, d, scale=scale), "teacher": g.normal(n, e), "teacher_weight": g.normal(v, e, scale=scale)}

    def case(name, inputs, **options):
        names = {"r": "reduction"}
        return Case("linear_distillation", name, {names.get(key, key): value for key, value in options.items()}, inputs, ["student", "student_weight"],
                    lambda **of: divergence(**of, **options), rtol=3e-5, atol=1e-6)

    for direction in ("forward", "reverse", "js"):
        for n, d, e, v in ((5, 8, 12, 13), (7, 4, 3, 70)):
            yield case(f"{direction}_n{n}_v{v}_d{d}_e{e}", drawn(n, d, e, v), direction=direction)
        yield case(f"{direction}_temperature", drawn(6, 7, 9, 11, scale=1.0), direction=direction, temperature=4.0)
        yield case(f"{direction}_softcap", drawn(6, 7, 9, 11, scale=4.0), direction=direction, softcap=5.0)
        factors = {"mask": torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0]), "sample_weight": g.uniform(5, lo=0.5, hi=2)}
        for red in (*REDUCTIONS, "batch_mean"):
            yield case(f"{direction}_{red}_mask_sample_weight", drawn(5, 6, 4, 7) | factors, direction=direction, r=red)
    yield case("js_beta", drawn(6, 7, 9, 11), direction="js", beta=0.125)
    # a student that is nearly the teacher; the vectors have 3 elements with few digits, so that f32 holds their dot products
    # exactly
    x, w = (g.normal(*shape).mul(16).round() / 16 for shape in ((5, 3), (9, 3)))
    near = {"student": x, "student_weight": w, "teacher": x + g.ints(5, 3, lo=-1, hi=2) / 64, "teacher_weight": w}
    for direction in ("forward", "reverse", "js"):
        yield case(f"{direction}_near", near, direction=direction)
    some = drawn(4, 5, 6, 7)
    for name, options, inputs, error in (
        ("temperature", {"temperature": 0.0}, {}, "invalid_option"),
        ("a_teacher_of_other_rows", {}, {"teacher": torch.ones(3, 6)}, "shape_mismatch"),
        ("a_teacher_of_other_classes", {}, {"teacher_weight": torch.ones(8, 6)}, "shape_mismatch"),
        ("a_weight_of_another_width", {}, {"teacher_weight": torch.ones(7, 5)}, "shape_mismatch"),
    ):
        yield Case("linear_distillation", f"refuses_{name}", options, some | inputs, [], error=error)


def answers(g):
    """Pairs of answers, whose tokens are segments of the rows of a linear layer."""
    def drawn(n, d, v, pairs, bias=False, scale=0.3):
        inputs = {"hidden": g.normal(n, d), "weight": g.normal(v, d, scale=scale), "target": g.ignoring(g.ints(n, hi=v), -100)}
        inputs |= {"segments": g.ints(n, hi=2 * pairs), "reference": g.normal(2 * pairs, scale=3, shift=-n / pairs)}
        return inputs | ({"bias": g.normal(v, scale=0.1)} if bias else {})

    # liger_kernel/chunked_loss/dpo_loss.py of Liger-Kernel 0.8.5; "ipo" of trl/trainer/dpo_trainer.py of TRL 1.16;
    # smoothing by Mitchell 2023
    def of_pairs(chosen, rejected, of_chosen, of_rejected, kind, beta, smoothing):
        pair = torch.zeros(2, 1)
        if kind == "ipo":
            return ((chosen - of_chosen) - (rejected - of_rejected) - 1 / (2 * beta)) ** 2
        liger = lambda *of: by_pair(lambda pc, pr, rc, rr: LigerFusedLinearDPOFunction.preference_loss_fn(pc, pr, pair, rc, rr, beta, kind), *of)
        right = liger(chosen, rejected, of_chosen, of_rejected)
        return (1 - smoothing) * right + smoothing * liger(rejected, chosen, of_rejected, of_chosen) if smoothing else right

    def dpo(hidden, weight, target, segments, reference, bias=None, mask=None, sample_weight=None, kind="sigmoid", beta=0.1, smoothing=0.0,
            softcap=None, r="mean"):
        beta = float(torch.tensor(beta).float())
        z = F.linear(hidden, weight, bias)
        z = z if softcap is None else softcap * torch.tanh(z / softcap)
        log_p = torch.log_softmax(z, 1).gather(1, target.clamp(min=0)[:, None])[:, 0]
        kept = target != -100
        sums = torch.zeros(reference.shape).index_add(0, segments[kept], log_p[kept])
        lengths = torch.zeros(reference.shape).index_add(0, segments[kept], torch.ones(int(kept.sum())))
        policy = sums / lengths.clamp(min=1) if kind == "ipo" else sums
        losses = of_pairs(*policy.chunk(2), *reference.chunk(2), kind, beta, smoothing)
        factors = torch.ones(losses.shape) if sample_weight is None else sample_weight
        kept = torch.ones(losses.shape) if mask is None else mask
        losses = torch.where(kept != 0, factors * losses, 0.0)
        return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / (factors * kept).sum()}[r]

    def case(name, inputs, **options):
        names = {"r": "reduction", "smoothing": "label_smoothing"}
        return Case("linear_dpo", name, {names.get(key, key): value for key, value in options.items()}, inputs,
                    [key for key in ("hidden", "weight", "bias") if key in inputs], lambda **of: dpo(**of, **options), rtol=3e-5)

    for red in REDUCTIONS:
        yield case(f"{red}", drawn(15, 4, 9, 3), r=red)
        yield case(f"{red}_smoothing_bias", drawn(15, 4, 9, 3, True), r=red, smoothing=0.125, beta=0.5)
        yield case(f"{red}_hinge", drawn(15, 4, 9, 4, True), r=red, kind="hinge", beta=0.25)
        yield case(f"{red}_ipo", drawn(15, 4, 9, 3) | {"reference": g.normal(6, shift=-2)}, r=red, kind="ipo", beta=0.5)
        factors = {"mask": torch.tensor([1.0, 0.0, 1.0]), "sample_weight": g.uniform(3, lo=0.5, hi=2)}
        yield case(f"{red}_mask_sample_weight", drawn(13, 4, 7, 3, True) | factors, r=red)
        yield case(f"{red}_softcap", drawn(13, 4, 7, 2, True, scale=4.0), r=red, softcap=5.0)
    # answers whose tokens lie one after the other, one answer without tokens, and more tokens and classes than a tile has
    for kind in ("sigmoid", "ipo"):
        some = drawn(12, 5, 7, 2)
        yield case(f"{kind}_an_answer_without_tokens", some | {"segments": torch.tensor([0] * 5 + [1] * 4 + [2] * 3)}, kind=kind, r="none")
    yield case("several_tiles", drawn(150, 4, 130, 5))
    some = drawn(6, 4, 5, 1)
    out_of_range = {"segments": torch.tensor([0, 1, 0, 2, 1, 0])}
    yield Case("linear_dpo", "refuses_a_segment_beyond_all_pairs", {}, some | out_of_range, [], error="label_out_of_range")
    yield Case("linear_dpo", "refuses_a_segment_below_0", {}, some | {"segments": torch.tensor([0, 1, 0, -100, 1, 0])}, [], error="label_out_of_range")
    yield Case("linear_dpo", "refuses_a_target", {}, some | {"target": torch.tensor([0, 1, 5, 2, 1, 0])}, [], error="label_out_of_range")
    yield Case("linear_dpo", "refuses_references_that_are_no_pairs", {}, some | {"reference": g.normal(3)}, [], error="shape_mismatch")
    yield Case("linear_dpo", "refuses_a_mask_of_tokens", {}, some | {"mask": torch.ones(6)}, [], error="shape_mismatch")
    yield Case("linear_dpo", "refuses_beta", {"beta": 0.0}, some, [], error="invalid_option")


HEADS = [heads, teachers, answers]
