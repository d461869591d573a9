#!/bin/sh
# Measures this machine's GPU with what is packed beside this script: the losses beside a copy and beside PyTorch.
#
# It needs a GPU driver and, for PyTorch's columns, a python3 with torch and numpy. Everything goes to a new folder; its table,
# results.md, is written anew after each step, so that it is there whenever the run ends.
set -u

usage() {
    cat <<'END'
Usage: sh run.sh [--out FOLDER] [--budget SECONDS] [--quick]

  --out FOLDER      the folder to make and to write everything to; `results` in the current folder if left out
  --budget SECONDS  how long the whole may take; 480 if left out. A step that does not fit is ended or left out
  --quick           batches eight times smaller, and a few runs of each

WGLOSS_PYTHON names another python than python3.
END
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
out=$PWD/results budget=480 quick='' seconds=0.5 python=${WGLOSS_PYTHON:-python3}
while [ $# -gt 0 ]; do
    case $1 in
        --out) out=${2:?--out takes a folder} && shift ;;
        --budget) budget=${2:?--budget takes seconds} && shift ;;
        --quick) quick=--quick seconds=0.1 ;;
        -h | --help) usage && exit ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done
case $budget in '' | *[!0-9]*) echo "--budget takes whole seconds, not $budget" >&2 && exit 2 ;; esac
if [ -e "$out" ]; then
    echo "$out is there already: name another folder with --out" >&2
    exit 2
fi
if ! command -v timeout >/dev/null; then
    echo "there is no program \`timeout\` (of coreutils or busybox), which ends steps that take too long" >&2
    exit 2
fi
mkdir -p "$out/logs" "$out/ours" "$out/peers" || exit 2
out=$(cd -- "$out" && pwd) || exit 2
# inputs may be gigabytes
trap 'rm -rf "$out"/ours/*/inputs' EXIT
trap 'exit 130' INT TERM
start=$(date +%s)
left() { echo $((budget - $(date +%s) + start)); }

# --- the adapter -----------------------------------------------------------------------------------------------------------

# Has programs find a Vulkan loader in folder $1 and the drivers that file $2 lists; what is empty stays as the machine has it.
use() {
    if [ -n "$1" ]; then
        LD_LIBRARY_PATH=$1${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
        export LD_LIBRARY_PATH
    fi
    if [ -n "$2" ]; then
        VK_DRIVER_FILES=$2 VK_ICD_FILENAMES=$2
        export VK_DRIVER_FILES VK_ICD_FILENAMES
    fi
}

# What the adapter is worth that would be used so: 4 a GPU by Vulkan, 3 a GPU by GL, 2 software by Vulkan, 1 by GL, 0 none.
worth() {
    found=$( (use "$1" "$2" && timeout 15 "$here/wgloss" devices) 2>>"$out/logs/devices.log" |
        sed -n '/(used)$/,/^[^ ]/p' | sed -n -e 's/^  type  *//p' -e 's/^  backend  *//p' | tr '\n' ' ')
    case $found in
        '') echo 0 ;;
        Cpu*gl*) echo 1 ;;
        Cpu*) echo 2 ;;
        *gl*) echo 3 ;;
        *) echo 4 ;;
    esac
}

# Keeps a loader and a driver file where they give the best adapter so far.
best=0 loader='' drivers=''
try() {
    [ "$best" -lt 4 ] || return 0
    got=$(worth "$1" "$2")
    if [ "$got" -gt "$best" ]; then
        best=$got loader=$1 drivers=$2
    fi
}

# Writes a driver file for a library of NVIDIA's, where there is the library: in containers the file may be missing.
driver_file() {
    PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep -q "$1" || return 1
    printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", "api_version": "1.3.0"}}\n' "$1" >"$out/$1.json"
}

# The packed loader is used only where the machine's own, or none, gives less.
packed=''
[ ! -d "$here/lib" ] || packed=$here/lib
try '' ''
[ -z "$packed" ] || try "$packed" ''
for library in libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
    if [ "$best" -lt 4 ] && driver_file "$library"; then
        try '' "$out/$library.json"
        [ -z "$packed" ] || try "$packed" "$out/$library.json"
    fi
done
use "$loader" "$drivers"
timeout 15 "$here/wgloss" devices >"$out/devices.txt" 2>>"$out/logs/devices.log"
if [ "$best" = 0 ]; then
    echo "no GPU adapter was found; $out/logs/devices.log has why:" >&2
    tail -n 3 "$out/logs/devices.log" >&2
    exit 1
fi
sed -n 's/ (used)$//p' "$out/devices.txt"
[ "$best" -gt 2 ] || echo "no GPU was found: this is a software driver, which tells nothing of a GPU"

# --- steps -----------------------------------------------------------------------------------------------------------------

about="$(cat "$here/ABOUT"); run on $(date -u +%Y-%m-%d)"
(sed -n 's/ (used)$//p' "$out/devices.txt" && echo "$about") >"$out/machine.txt"

# Notes what a step came to: name, result, seconds, last line. Then joins all that there is into one table.
note() {
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$out/steps.tsv"
    printf '%-16s %s (%s s)\n' "$1" "$2" "$3"
    timeout 30 "$here/report" --merge "$out" >>"$out/logs/merge.log" 2>&1
}

# Says that a step of this name is left out, where there is no time for it.
spent() {
    [ "$(left)" -lt 5 ] && note "$1" "left out: the budget of $budget s is used up" 0 ''
}

# Runs a step: its name, its most seconds, its command.
step() {
    name=$1 limit=$2 && shift 2
    if spent "$name"; then
        return
    fi
    rest=$(left)
    [ "$limit" -le "$rest" ] || limit=$rest
    began=$(date +%s)
    timeout -k 5 "$limit" "$@" >"$out/logs/$name.log" 2>&1 </dev/null
    status=$?
    case $status in
        0) result='done' ;;
        124 | 137) result="ended after $limit s" ;;
        *) result="failed with status $status" ;;
    esac
    note "$name" "$result" $(($(date +%s) - began)) "$(tail -n 1 "$out/logs/$name.log" | tr '\t' ' ' | cut -c 1-200)"
}

# Runs a step of PyTorch's: its name, its most seconds, its mode, the set and the folder of inputs, its dtype.
torch=unknown
peer() {
    if spent "$1"; then
        return
    fi
    if [ "$torch" = unknown ]; then
        probe='import numpy, torch
device = "cuda" if torch.cuda.is_available() else "cpu"
name = torch.cuda.get_device_name() if device == "cuda" else "the CPU"
print(device)
print(f"PyTorch {torch.__version__} on {name}")'
        torch=none
        if timeout 60 "$python" -c "$probe" >"$out/logs/torch.log" 2>&1 </dev/null; then
            torch=$(tail -n 2 "$out/logs/torch.log" | head -n 1)
            tail -n 1 "$out/logs/torch.log" >"$out/torch.txt"
        fi
    fi
    if [ "$torch" = none ]; then
        note "$1" "left out: $python has no numpy or no torch" 0 ''
    elif [ ! -f "$out/ours/$5/inputs/cases.csv" ]; then
        note "$1" "left out: there are no inputs yet" 0 ''
    else
        step "$1" "$2" "$python" "$here/pytorch.py" --inputs "$out/ours/$5/inputs" --out "$out/peers/$3-$4.csv" \
            --mode "$3" --dtype "$6" --device "$torch" --seconds $seconds --libraries
    fi
}

ours() {
    name=$1 limit=$2 set=$3 && shift 3
    # shellcheck disable=SC2086 # nothing where it is empty
    step "$name" "$limit" "$here/report" --out "$out/ours/$set" --about "$about" --keep-going $quick "$@"
}

verify() {
    step "$1" "$2" "$here/wgloss" verify --device gpu --dtype "$3" --report "$out/$1.json"
}

# The steps, in order of worth: what runs, its name, its most seconds.
verify verify-f32 60 f32
ours headline-f32 90 f32 --headline --inputs
peer eager-f32 60 eager f32 f32 float32
ours headline-f16 60 f16 --headline --f16
peer eager-f16 45 eager f16 f32 float16
peer compile-f32 90 compile f32 f32 float32
ours products 60 products --inputs info_nce linear_cross_entropy
peer eager-products 30 eager products products float32
verify verify-f16 60 f16
verify verify-bf16 60 bf16

echo "the table is $out/results.md, after $(($(date +%s) - start)) s"
