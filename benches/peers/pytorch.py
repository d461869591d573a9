"""PyTorch, a peer of the benchmark: measures value and gradients of our losses on our inputs.

`cargo xtask bench --peers` and `wgloss bench --peers PYTHON` write the inputs and run this. To run it alone:

    python3 pytorch.py --inputs target/bench/inputs --mode eager

It prints a row for each case and each library that has the loss: case,peer,value,ms,least_ms,runs,gpu_ms. The last column
is the time of CUDA's events, and is empty on a CPU.
"""

import argparse
import csv
import math
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

# Written with PyTorch's functions. Arguments have the names of wgloss's operands; options have wgloss's defaults.


def sigmoid_focal(input, target, alpha=0.25, gamma=2):
    p = torch.sigmoid(input)
    surprise = F.binary_cross_entropy_with_logits(input, target, reduction="none")
    miss = p * (1 - target) + (1 - p) * target
    return ((alpha * target + (1 - alpha) * (1 - target)) * miss**gamma * surprise).mean()


def softmax_focal(input, target, gamma=2):
    surprise = F.cross_entropy(input, target, reduction="none")
    return ((1 - torch.exp(-surprise)) ** gamma * surprise).mean()


def dice(input, target, smooth=1e-5):
    p = torch.softmax(input, 1)
    t = F.one_hot(target, input.shape[1]).movedim(-1, 1).to(p.dtype)
    over = list(range(2, input.ndim))
    overlap, sizes = (p * t).sum(over), p.sum(over) + t.sum(over)
    return (1 - (2 * overlap + smooth) / (sizes + smooth)).mean()


def dice_sigmoid(input, target, smooth=1e-5):
    p, over = torch.sigmoid(input), list(range(2, input.ndim))
    overlap, sizes = (p * target).sum(over), p.sum(over) + target.sum(over)
    return (1 - (2 * overlap + smooth) / (sizes + smooth)).mean()


def dice_focal(input, target):
    surprise = F.binary_cross_entropy_with_logits(input, target, reduction="none")
    return dice_sigmoid(input, target) + ((1 - torch.exp(-surprise)) ** 2 * surprise).mean()


def distillation(student, teacher):
    student, teacher = F.log_softmax(student, 1), F.log_softmax(teacher, 1)
    return F.kl_div(student, teacher, reduction="batchmean", log_target=True)


def diffusion(prediction, noise, sample, timesteps, alphas_cumprod):
    alpha = alphas_cumprod[timesteps].view(-1, *[1] * (noise.ndim - 1))
    return F.mse_loss(prediction, alpha.sqrt() * noise - (1 - alpha).sqrt() * sample)


def info_nce(query, key, temperature=0.07):
    scores = F.normalize(query, dim=1) @ F.normalize(key, dim=1).T / temperature
    return F.cross_entropy(scores, torch.arange(len(query), device=query.device))


def margin_softmax(features, weight, target, s=64, m=0.5):
    cosines = F.normalize(features, dim=1) @ F.normalize(weight, dim=1).T
    own = cosines.gather(1, target[:, None])
    turned = own * math.cos(m) - (1 - own * own).clamp(min=0).sqrt() * math.sin(m)
    margined = torch.where(own < -math.cos(m), own - m * math.sin(m), turned)
    return F.cross_entropy(s * cosines.scatter(1, target[:, None], margined), target)


def gram_style(input, target):
    def gram(features):
        flat = features.flatten(2)
        return flat @ flat.mT / (flat.shape[1] * flat.shape[2])

    return F.mse_loss(gram(input), gram(target))


def triplet_hard(features, labels):
    distances = torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist")
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    kept = positive.any(1) & (~same).any(1)
    apart = distances.masked_fill(~positive, 0).amax(1) - distances.masked_fill(same, torch.inf).amin(1)
    return (apart[kept] + 0.3).clamp(min=0).mean()


def total_variation(input):
    return (input.diff(dim=-1).abs().sum() + input.diff(dim=-2).abs().sum()) / input.shape[0]


PYTORCH = {
    "cross_entropy": F.cross_entropy,
    "softmax_focal": softmax_focal,
    "nll": F.nll_loss,
    "multi_margin": F.multi_margin_loss,
    "multilabel_soft_margin": F.multilabel_soft_margin_loss,
    "distillation": distillation,
    "dice": dice,
    "dice_cross_entropy": lambda input, target: dice(input, target) + F.cross_entropy(input, target),
    "dice_bce": lambda input, target: dice_sigmoid(input, target) + F.binary_cross_entropy_with_logits(input, target),
    "dice_focal": dice_focal,
    "ctc": F.ctc_loss,
    "mse": F.mse_loss,
    "sigmoid_focal": sigmoid_focal,
    "bce_with_logits": F.binary_cross_entropy_with_logits,
    "diffusion": diffusion,
    "cosine_embedding": F.cosine_embedding_loss,
    "triplet_margin": F.triplet_margin_loss,
    "triplet_hard": triplet_hard,
    "info_nce": info_nce,
    "linear_cross_entropy": lambda input, weight, target: F.cross_entropy(input @ weight.T, target),
    "margin_softmax": margin_softmax,
    "gram_style": gram_style,
    "total_variation": total_variation,
}


def torchvision_losses():
    from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss

    return {
        "sigmoid_focal": lambda input, target: sigmoid_focal_loss(input, target, reduction="mean"),
        "box_iou": lambda input, target: generalized_box_iou_loss(input, target, reduction="mean"),
    }


def monai_losses():
    from monai.losses import DiceCELoss, DiceFocalLoss, DiceLoss

    def with_channel(loss):
        return lambda input, target: loss(input, target.unsqueeze(1))

    options = {"softmax": True, "to_onehot_y": True}
    return {
        "dice": with_channel(DiceLoss(**options)),
        "dice_cross_entropy": with_channel(DiceCELoss(**options)),
        "dice_focal": DiceFocalLoss(sigmoid=True),
    }


def pytorch_msssim_losses():
    from pytorch_msssim import ms_ssim, ssim

    return {
        "ssim": lambda input, target: 1 - ssim(input, target, data_range=1),
        "ms_ssim": lambda input, target: 1 - ms_ssim(input, target, data_range=1),
    }


def libraries(wanted):
    """The losses of each wanted library that is installed."""
    found = {"PyTorch": PYTORCH}
    for name, losses in [("torchvision", torchvision_losses), ("MONAI", monai_losses), ("pytorch-msssim", pytorch_msssim_losses)]:
        if name not in wanted:
            continue
        try:
            found[name] = losses()
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def measure(loss, operands, of, seconds, most):
    """The value, and the times of value and gradients in milliseconds: wall times, and on a GPU also its times."""
    on_gpu = of[0].is_cuda

    def run():
        if on_gpu:
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            torch.cuda.synchronize()
        start = time.perf_counter()
        if on_gpu:
            begin.record()
        value = loss(**operands)
        gradients = torch.autograd.grad(value, of)
        if on_gpu:
            end.record()
            torch.cuda.synchronize()
        wall = time.perf_counter() - start
        return wall, begin.elapsed_time(end) if on_gpu else None, value, gradients

    value = run()[2]
    run()
    times = [run()[:2]]
    while len(times) < min(max(7, seconds / times[0][0]), most):
        times.append(run()[:2])
    return value.item(), [1e3 * wall for wall, _ in times], [gpu for _, gpu in times if gpu is not None]


def operand(path, device, dtype):
    """The tensor in a file, with floats cast to dtype."""
    tensor = torch.from_numpy(np.load(path)).to(device)
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=Path, required=True, help="the folder of inputs that the benchmark wrote")
    parser.add_argument("--out", help="the file to write; the default is standard output")
    parser.add_argument("--mode", choices=["eager", "compile"], default="eager")
    parser.add_argument("--label", help="the name of the peer after its library; the default is the mode")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=["float32", "float16", "bfloat16"], default="float32")
    parser.add_argument("--libraries", nargs="*", default=["torchvision", "MONAI", "pytorch-msssim"], help="the libraries to measure beside PyTorch")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to measure a case; 7 runs happen in any case")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    with open(arguments.out, "w", newline="") if arguments.out else sys.stdout as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["case", "peer", "value", "ms", "least_ms", "runs", "gpu_ms"])
        file.flush()
        found = libraries(arguments.libraries)
        with open(arguments.inputs / "cases.csv", newline="") as cases:
            for case in csv.DictReader(cases):
                files = (arguments.inputs / case["case"]).glob("*.npy")
                dtype = getattr(torch, arguments.dtype)
                operands = {path.stem: operand(path, arguments.device, dtype) for path in files}
                of = [operands[name].requires_grad_() for name in case["differentiated"].split()]
                for library, losses in found.items():
                    if (loss := losses.get(case["loss"])) is None:
                        continue
                    peer = f"{library} {arguments.label or arguments.mode}"
                    try:
                        if arguments.mode == "compile":
                            # otherwise torch would compile a loss's second shape into code for all shapes, which is slower
                            torch.compiler.reset()
                            loss = torch.compile(loss, dynamic=False)
                        value, times, gpu = measure(loss, operands, of, arguments.seconds, 99)
                    except Exception as error:  # for example a missing compiler, or an operation that it does not know
                        words = str(error).strip() or type(error).__name__
                        print(f"{peer} leaves out {case['case']}: {words.splitlines()[0]}", file=sys.stderr)
                        continue
                    row = [f"{value:.9e}", f"{statistics.median(times):.4f}", f"{min(times):.4f}", len(times)]
                    row.append(f"{statistics.median(gpu):.4f}" if gpu else "")
                    table.writerow([case["case"], peer, *row])
                    file.flush()


if __name__ == "__main__":
    main()
