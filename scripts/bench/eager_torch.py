"""Eager PyTorch counterpart of the benchmark's planning and training jobs, float32, one thread.

`eager_torch.py serve` answers JSON lines on stdin with JSON lines on stdout, one job run per request, so that the
caller can measure its own work in turn with this one. `eager_torch.py check` reads one JSON object with initial
parameters, data and drawn rows, makes the training steps and prints the largest deviation from what the caller got.
"""

import json
import os
import re
import sys
import time

import torch

from eager_models import Gemm, Planning, Training

KINDS = {"training": Training.random, "planning": Planning, "gemm": Gemm}


def blas_library():
    """File name of the matrix library that this process has loaded."""
    with open("/proc/self/maps") as maps:
        files = {os.path.realpath(line.split()[-1]) for line in maps if "/" in line}
    found = sorted(f for f in files if any(k in os.path.basename(f) for k in ("openblas", "libblas", "mkl_core")))
    return ", ".join(found) or "built in"


def describe():
    try:
        blas = blas_library()
    except OSError:
        blas = "unknown"
    pattern = r"BLAS_INFO=\w+|CPU capability usage: \w+|USE_MKLDNN=\w+|MKL-DNN v[\d.]+"
    build = list(dict.fromkeys(re.findall(pattern, torch.__config__.show())))
    return {"version": torch.__version__, "blas": blas, "build": build, "threads": torch.get_num_threads()}


def answer(request, jobs):
    if request["op"] == "describe":
        return describe()
    if request["op"] == "prepare":
        jobs[request["name"]] = KINDS[request["job"]["kind"]](request["job"])
        return {}
    if request["op"] == "release":
        del jobs[request["name"]]
        return {}
    job = jobs[request["name"]]
    started = time.perf_counter()
    job.run()
    return {"ms": 1000 * (time.perf_counter() - started)}


def serve():
    jobs = {}
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line), jobs)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


def array(saved):
    return torch.tensor(saved["data"], dtype=torch.float32).reshape(saved["shape"])


def theta_of(saved):
    """Parameters in this file's layout from the caller's: weights [in, out], the last layer in column shards."""
    def joined(prefix, kind):
        shards = [name for name in saved if name.startswith(prefix) and name.endswith("." + kind)]
        shards.sort(key=lambda name: int(name.split(".")[1]))
        return torch.cat([array(saved[name]) for name in shards], 1)

    hidden = sum(1 for name in saved if name.startswith("hidden.") and name.endswith(".weight"))
    prefixes = [f"hidden.{i}." for i in range(hidden)] + ["head."]
    return [p for prefix in prefixes for p in (joined(prefix, "weight").t().contiguous(), joined(prefix, "bias")[0])]


def check(request):
    before, after = request["before"], request["after"]
    data = tuple(array(request["data"][k]) for k in ("inputs", "targets", "inputMean", "inputScale"))
    earlier = (array(request["earlier"]["embeddings"]), array(request["earlier"]["targets"]))
    training = Training(request["job"], theta_of(before["theta"]), array(before["embedding"]), earlier, data)
    start = [p.detach().clone() for p in (*training.theta, training.embedding)]
    for rows in request["rows"]:
        training.step(torch.tensor(rows))
    wanted = [*theta_of(after["theta"]), array(after["embedding"])]
    got = [p.detach() for p in (*training.theta, training.embedding)]
    return {
        "difference": max(float((a - b).abs().max()) for a, b in zip(got, wanted)),
        "change": max(float((a - b).abs().max()) for a, b in zip(wanted, start)),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if sys.argv[1:] == ["serve"]:
        serve()
    elif sys.argv[1:] == ["check"]:
        print(json.dumps(check(json.load(sys.stdin))))
    else:
        sys.exit("usage: eager_torch.py serve|check")
