"""Cases of losses of sequences whose labels have no known positions among the steps."""

import torch
import torch.nn.functional as F

from drawn import REDUCTIONS, Case


def alignments(g):
    def drawn(steps, items, classes, scale=2.0):
        return torch.log_softmax(g.normal(steps, items, classes, scale=scale), 2).float().double()

    def ctc(log_probs, targets, input_lengths, target_lengths, sample_weight=None, blank=0, zero_infinity=False, r="mean"):
        if sample_weight is None:
            return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, r, zero_infinity)
        values = sample_weight * F.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, "none", zero_infinity)
        return {"none": values, "sum": values.sum(), "mean": (values / target_lengths.clamp(min=1)).sum() / sample_weight.sum()}[r]

    def case(name, x, targets, steps, labels, r="mean", blank=0, zero_infinity=False, weight=None, diff=("log_probs",)):
        options = {"reduction": r} | ({"blank": blank} if blank else {}) | ({"zero_infinity": True} if zero_infinity else {})
        inputs = {"log_probs": x, "targets": targets, "input_lengths": torch.tensor(steps), "target_lengths": torch.tensor(labels)}
        inputs |= {} if weight is None else {"sample_weight": weight}
        return Case("ctc", name, options, inputs, list(diff), lambda **given: ctc(**given, r=r, blank=blank, zero_infinity=zero_infinity))

    for red in REDUCTIONS:
        for steps, items, classes, most in ((12, 2, 5, 4), (20, 3, 6, 8), (26, 2, 9, 10)):
            x, targets = drawn(steps, items, classes), g.ints(items, most, lo=1, hi=classes)
            of_steps = [steps, *g.ints(items - 1, lo=steps * 5 // 6, hi=steps + 1).tolist()]
            of_labels = [most, *g.ints(items - 1, lo=0, hi=most + 1).tolist()]
            name = f"{red}_{steps}x{items}x{classes}"
            yield case(name, x, targets, of_steps, of_labels, red)
            joined = torch.cat([row[:count] for row, count in zip(targets, of_labels)])
            yield case(f"{name}_joined", x, joined, of_steps, of_labels, red)
        yield case(f"{red}_sample_weight", drawn(14, 4, 5), g.ints(4, 3, lo=1, hi=5), [14, 9, 11, 14], [3, 2, 0, 1], red, weight=g.uniform(4, lo=0.5, hi=2))
        yield case(f"{red}_zero_infinity", drawn(6, 3, 4), g.ints(3, 7, lo=1, hi=4), [6, 5, 6], [2, 7, 7], red, zero_infinity=True)
    yield case("blank_last", drawn(16, 2, 5), g.ints(2, 5, lo=0, hi=4), [16, 13], [5, 4], blank=4)
    yield case("no_labels", drawn(9, 2, 4), g.ints(2, 3, lo=1, hi=4), [9, 4], [0, 0], "none")
    yield case("no_labels_at_all", drawn(9, 2, 4), g.ints(2, 0, lo=1, hi=4), [9, 4], [0, 0])
    yield case("one_step", drawn(1, 3, 4), torch.tensor([[1], [2], [3]]), [1, 1, 1], [1, 0, 1], "none")
    yield case("no_steps", drawn(3, 2, 4), torch.tensor([[1], [2]]), [0, 3], [0, 1], "none")
    yield case("repeated", drawn(11, 2, 3), torch.tensor([[1, 1, 1, 2, 2], [2, 2, 2, 2, 2]]), [11, 9], [5, 5], "none")
    yield case("as_many_labels_as_steps", drawn(7, 1, 4), torch.tensor([[1, 2, 3, 1, 2, 3, 1]]), [7], [7])
    yield case("impossible", drawn(4, 2, 3), torch.tensor([[1, 1, 1], [1, 2, 1]]), [4, 4], [3, 3], "none")
    yield case("impossible_sum", drawn(4, 2, 3), torch.tensor([[1, 1, 1], [1, 2, 1]]), [4, 4], [3, 3], "sum", diff=())
    yield case("sure", drawn(12, 2, 4, scale=40.0), g.ints(2, 3, lo=1, hi=4), [12, 12], [3, 2], "none")
    yield case("long", drawn(400, 1, 4), g.ints(1, 60, lo=1, hi=4), [400], [60])
    yield case("the_blank_as_a_label", drawn(9, 1, 4), torch.tensor([[1, 0, 2]]), [9], [3])
    # a class with the probability 0: only the loss is compared, since autograd has no gradient there
    ruled_out = drawn(8, 1, 4)
    ruled_out[2:5, :, 3] = -torch.inf
    yield case("ruled_out", ruled_out, torch.tensor([[1, 3, 2]]), [8], [3], diff=())
    x, t = drawn(5, 2, 3), torch.tensor([[1, 2], [2, 1]])
    for name, targets, steps, labels, options, error in (
        ("blank", t, [5, 5], [2, 2], {"blank": 3}, "invalid_option"),
        ("label", torch.tensor([[1, 3], [2, 1]]), [5, 5], [2, 2], {}, "label_out_of_range"),
        ("steps", t, [5, 6], [2, 2], {}, "label_out_of_range"),
        ("number_of_labels", t, [5, 5], [2, 3], {}, "label_out_of_range"),
        ("sum_of_labels", torch.tensor([1, 2, 1]), [5, 5], [2, 2], {}, "shape_mismatch"),
        ("batch", torch.tensor([[1, 2]]), [5, 5], [2, 2], {}, "shape_mismatch"),
        ("lengths", t, [5], [2, 2], {}, "shape_mismatch"),
    ):
        inputs = {"log_probs": x, "targets": targets, "input_lengths": torch.tensor(steps), "target_lengths": torch.tensor(labels)}
        yield Case("ctc", f"refuses_{name}", options, inputs, [], error=error)


SEQUENCES = [alignments]
