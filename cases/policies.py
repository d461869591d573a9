"""Cases of policies whose tokens are in sequences, `[B, T]`: one ratio for a sequence (GSPO), and the mean over sequences (GRPO).

Liger-Kernel 0.8 computes the losses that it has with `ppo_loss_fn`, which follows TRL's GRPOTrainer. The other formulas are written
here: a sum, values that are not reduced, an advantage for each token, sample weights, an entropy.
"""

import torch
from liger_kernel.chunked_loss.grpo_loss import LigerFusedLinearGRPOFunction

from drawn import REDUCTIONS, Case

LOW, HIGH = 0.125, 0.25
CLIPS = {"clip_low": LOW, "clip_high": HIGH}


def mean_of_rows(x, m):
    """The mean over the kept tokens of each sequence; 0 for a sequence without kept tokens."""
    return (m * x).sum(1) / m.sum(1).clamp(min=1)


def reduced(x, m, r, s=1.0):
    """Reduces values with a mask and sample weights. A mean over sequences does not divide by sample weights."""
    s = s * torch.ones(x.shape)
    return {"none": m * s * x, "sum": (m * s * x).sum(), "mean": (m * s * x).sum() / (m * s).sum(), "sequence_mean": mean_of_rows(s * x, m).sum() / len(x)}[r]


def of_sequences(g):
    def drawn(shape):
        old = g.normal(*shape, shift=-2)
        return {"log_probs": (old + g.normal(*shape, scale=0.6)).float().double(), "old_log_probs": old}

    def ragged(shape):
        """A mask that keeps a random number of tokens at the beginning of each sequence, and none of the second."""
        lengths = g.ints(shape[0], lo=1, hi=shape[1] + 1)
        lengths[1] = 0
        return (torch.arange(shape[1]) < lengths[:, None]).double()

    def liger(log_probs, old_log_probs, advantages, mask=None, level="token", kind="grpo"):
        mask = torch.ones(log_probs.shape) if mask is None else mask
        return LigerFusedLinearGRPOFunction.ppo_loss_fn(
            log_probs, mask, advantages[:, 0], mask, old_per_token_logps=old_log_probs, epsilon_low=LOW, epsilon_high=HIGH, beta=0.0, loss_type=kind, importance_sampling_level=level
        )[0]

    def policy(log_probs, old_log_probs, advantages, kind, entropy=0.0, coef=0.0, mask=None, sample_weight=1.0, r="mean"):
        m, d = torch.ones(log_probs.shape) if mask is None else mask, log_probs - old_log_probs
        ratio = (mean_of_rows(d, m)[:, None] if kind == "sequence" else d).exp()
        loss = torch.maximum(-advantages * ratio, -advantages * ratio.clamp(1 - LOW, 1 + HIGH)) - coef * entropy
        return reduced(loss, m, r, sample_weight)

    shape = (5, 14)
    for level, kind in (("token", "clip"), ("sequence", "sequence")):
        for red, theirs in (("sequence_mean", "grpo"), ("mean", "bnpo")):
            for tag, mask in (("", {}), ("_mask", {"mask": ragged(shape)})):
                # one advantage for each sequence, as in both papers
                inputs = drawn(shape) | {"advantages": g.normal(shape[0], 1).expand(shape).contiguous()} | mask
                if (kind, red) != ("clip", "mean"):
                    yield Case("ppo_policy", f"{kind}_{red}{tag}", {"kind": kind, "reduction": red, **CLIPS}, inputs, ["log_probs"], lambda t=theirs, l=level, **of: liger(**of, kind=t, level=l))
    for red in [*REDUCTIONS, "sequence_mean"]:
        for kind in ("clip", "sequence"):
            options = {"kind": kind, "reduction": red, **CLIPS}
            inputs = drawn(shape) | {"advantages": g.normal(*shape), "mask": ragged(shape)}
            if kind == "sequence":
                yield Case("ppo_policy", f"sequence_of_each_{red}", options, inputs, ["log_probs"], lambda r=red, **of: policy(**of, kind="sequence", r=r))
            every = inputs | {"entropy": g.uniform(*shape, lo=0.0, hi=3.0), "sample_weight": g.uniform(*shape, lo=0.1, hi=3)}
            if kind == "sequence" or red == "sequence_mean":
                yield Case("ppo_policy", f"{kind}_with_all_{red}", {**options, "entropy_coef": 0.5}, every, ["log_probs", "entropy"], lambda r=red, k=kind, **of: policy(**of, kind=k, coef=0.5, r=r))
    # longer than a workgroup has lanes, and not a multiple of four
    long = (2, 301)
    yield Case("ppo_policy", "sequence_long", {"kind": "sequence", "reduction": "sequence_mean", **CLIPS}, drawn(long) | {"advantages": g.normal(*long)}, ["log_probs"], lambda **of: policy(**of, kind="sequence", r="sequence_mean"))
    yield Case("ppo_policy", "sequence_without_tokens", {"kind": "sequence", "reduction": "sequence_mean"}, drawn((3, 4)) | {"advantages": g.normal(3, 4), "mask": torch.zeros(3, 4)}, ["log_probs"], lambda **of: policy(**of, kind="sequence", r="sequence_mean"))

    for tag in ("", "mask", "sample_weight"):
        more = {"mask": {"mask": ragged(shape)}, "sample_weight": {"sample_weight": g.uniform(*shape, lo=0.1, hi=3)}}.get(tag, {})
        name = f"sequence_mean_{tag}".strip("_")

        def value(values, old_values, returns, mask=torch.ones(shape), sample_weight=1.0):
            clipped = old_values + (values - old_values).clamp(-0.25, 0.25)
            return reduced(0.5 * torch.maximum((values - returns) ** 2, (clipped - returns) ** 2), mask, "sequence_mean", sample_weight)

        def penalty(log_probs, ref_log_probs, mask=torch.ones(shape), sample_weight=1.0):
            d = log_probs - ref_log_probs
            return reduced((-d).exp() - 1 + d, mask, "sequence_mean", sample_weight)

        v, of = g.normal(*shape), drawn(shape)
        yield Case("ppo_value", name, {"clip": 0.25, "reduction": "sequence_mean"}, {"values": v, "old_values": (v + g.normal(*shape, scale=0.3)).float().double(), "returns": g.normal(*shape), **more}, ["values"], value)
        yield Case("kl_penalty", name, {"kind": "k3", "reduction": "sequence_mean"}, {"log_probs": of["log_probs"], "ref_log_probs": of["old_log_probs"], **more}, ["log_probs"], penalty)

    flat = drawn((6,)) | {"advantages": g.normal(6)}
    yield Case("ppo_policy", "refuses_sequences_of_one_axis", {"kind": "sequence"}, flat, [], error="shape_mismatch")
    yield Case("ppo_policy", "refuses_sequence_mean_of_one_axis", {"reduction": "sequence_mean"}, flat, [], error="shape_mismatch")
    yield Case("ppo_policy", "refuses_sequences_of_three_axes", {"kind": "sequence"}, {k: v[:, None, None].contiguous() for k, v in flat.items()}, [], error="shape_mismatch")
    yield Case("mse", "refuses_sequence_mean", {"reduction": "sequence_mean"}, {"input": g.normal(2, 3), "target": g.normal(2, 3)}, [], error="invalid_option")


POLICIES = [of_sequences]
