#!/bin/sh
# Measures this machine's GPU with the programs beside this script, and compares the losses with a copy and with
# PyTorch.
#
# It needs a GPU driver and, for PyTorch's columns, a python3 with torch and numpy. It writes to a new folder. The table
# there, results.md, is written again after each step, so that it is there whenever the run ends.
set -u

usage() {
    cat <<'END'
Usage: sh run.sh [--out FOLDER] [--budget SECONDS] [--quick]

  --out FOLDER      the new folder to write to; the default is `results` in the current folder
  --budget SECONDS  how long all steps may take; the default is 480. A step that does not fit is ended or left out
  --quick           batches eight times smaller, with fewer runs

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
# inputs may take gigabytes
trap 'rm -rf "$out"/ours/*/inputs' EXIT
trap 'exit 130' INT TERM
start=$(date +%s)
left() { echo $((budget - $(date +%s) + start)); }

# --- the adapter -----------------------------------------------------------------------------------------------------------

# Makes programs use the Vulkan loader in folder $1 and the drivers in file $2. An empty argument keeps the machine's
# setting.
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

# Rates the adapter that this loader and driver file give: 4 a GPU with Vulkan, 3 a GPU with GL, 2 a CPU with Vulkan, 1 a
# CPU with GL, 0 none.
rating() {
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

# Keeps a loader and a driver file if they give the best adapter so far.
best=0 loader='' drivers=''
try() {
    [ "$best" -lt 4 ] || return 0
    got=$(rating "$1" "$2")
    if [ "$got" -gt "$best" ]; then
        best=$got loader=$1 drivers=$2
    fi
}

# Writes a driver file for a library of NVIDIA, if the library is there. In containers the file is often missing.
driver_file() {
    PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep -q "$1" || return 1
    printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", "api_version": "1.3.0"}}\n' "$1" >"$out/$1.json"
}

# The packed loader is used only if the machine's loader gives a worse adapter or none.
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
    echo "no GPU adapter was found; $out/logs/devices.log says why:" >&2
    tail -n 3 "$out/logs/devices.log" >&2
    exit 1
fi
sed -n 's/ (used)$//p' "$out/devices.txt"
[ "$best" -gt 2 ] || echo "no GPU was found: these are times of a software driver on the CPU"

# --- steps -----------------------------------------------------------------------------------------------------------------

about="$(cat "$here/ABOUT"); run on $(date -u +%Y-%m-%d)"
(sed -n 's/ (used)$//p' "$out/devices.txt" && echo "$about") >"$out/machine.txt"

# Records a step: name, result, seconds, last line. Then joins all results into one table.
note() {
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$out/steps.tsv"
    printf '%-16s %s (%s s)\n' "$1" "$2" "$3"
    timeout 30 "$here/report" --merge "$out" >>"$out/logs/merge.log" 2>&1
}

# If there is no time left, records that step $1 is left out.
spent() {
    [ "$(left)" -lt 5 ] && note "$1" "left out: the budget of $budget s is used up" 0 ''
}

# Runs a step: its name, its limit in seconds, its command.
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

# Runs a step of PyTorch: its name, its limit in seconds, its mode, its set, the set whose inputs it uses, its dtype.
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
    # shellcheck disable=SC2086 # $quick may be empty
    step "$name" "$limit" "$here/report" --out "$out/ours/$set" --about "$about" --keep-going $quick "$@"
}

verify() {
    step "$1" "$2" "$here/wgloss" verify --device gpu --dtype "$3" --report "$out/$1.json"
}

# The steps, most valuable first: the function, the step's name, its limit in seconds.
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
