"""PyTorch counterparts of the benchmark's training and rollout jobs, eager and compiled, float32, one thread.

JSON lines on stdin are answered with JSON lines on stdout, one job run per request, so that the caller can measure its
own work in turn with this one. The request `check` has initial parameters, data and drawn rows; its answer is how far
the training steps made from them end from where the caller's did.
"""

import json
import os
import re
import sys
import time

import torch

from torch_compiled import CompiledRollout, CompiledTraining
from torch_eager import Gemm, Rollout, Training

TRAINING = {"eager": Training, "compiled": CompiledTraining}
ROLLOUT = {"eager": Rollout, "compiled": CompiledRollout}


def make_job(job):
    if job["kind"] == "training":
        return TRAINING[job["form"]].random(job)
    return ROLLOUT[job["form"]](job) if job["kind"] == "rollout" else Gemm()


def blas_library():
    """File name of the matrix library that this process has loaded."""
    with open("/proc/self/maps") as maps:
        files = {os.path.realpath(line.split()[-1]) for line in maps if "/" in line}
    found = sorted(f for f in files if any(k in os.path.basename(f) for k in ("openblas", "libblas", "mkl_core")))
    return ", ".join(found) or "built in"


def compiler_problem():
    """Why torch.compile cannot be used; empty when it can."""
    if not hasattr(torch, "compile"):
        return "this PyTorch is older than 2.0"
    try:
        torch.compile(torch.sin)(torch.ones(8))
    except Exception as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        return next((line for line in lines if "Error" in line), lines[0] if lines else type(error).__name__)
    return ""


def describe():
    try:
        blas = blas_library()
    except OSError:
        blas = "unknown"
    pattern = r"BLAS_INFO=\w+|CPU capability usage: \w+|USE_MKLDNN=\w+|MKL-DNN v[\d.]+"
    build = list(dict.fromkeys(re.findall(pattern, torch.__config__.show())))
    return {
        "version": torch.__version__,
        "blas": blas,
        "build": build,
        "threads": torch.get_num_threads(),
        "compilerProblem": compiler_problem(),
    }


def answer(request, jobs):
    op, name = request["op"], request.get("name")
    if op == "describe":
        return describe()
    if op == "prepare":
        jobs[name] = make_job(request["job"])
        return {}
    if op == "check":
        return check(request)
    if op == "release":
        del jobs[name]
        return {}
    if op == "result":
        return {"result": jobs[name].run().tolist()}
    started = time.process_time()
    jobs[name].run()
    return {"ms": 1000 * (time.process_time() - started)}


def serve():
    # Compilers print; only answers belong on the standard output.
    answers, sys.stdout = sys.stdout, sys.stderr
    jobs = {}
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line), jobs)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True, file=answers)


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
    training = TRAINING[request["job"]["form"]](request["job"], theta_of(before["theta"]), array(before["embedding"]), earlier, data)
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
    serve()
