"""Times operations in PyTorch on a GPU, for heddle gpu-check.

Its argument is the GPU's number. It first writes a line of JSON about itself, then reads requests, a
JSON object a line, and writes a line for each: {"seconds": median time of one operation} or
{"error": why}. Numbers are drawn by randn; times are CUDA events' around many operations.

  op                dtype   and
  matmul            bf16    m, n, k: [m, k] @ [k, n]
  linear            bf16    m, n, k: [m, k] by weights [n, k]
  attention         bf16    batch, heads, length, head_dim, causal
  decode_attention  bf16    sequences, length, heads, kv_heads, head_dim: a query for each sequence
  softmax, layer_norm, rms_norm, gelu, add   rows, columns, epsilon
  copy                      bytes

and each has "seconds", how long to measure.
"""

import json
import statistics
import sys

answers = sys.stdout
sys.stdout = sys.stderr  # What a library prints must not mix with the answers.


def answer(**fields):
    answers.write(json.dumps(fields) + "\n")
    answers.flush()


def operation(torch, request):
    """A function that does what is asked for once, on operands that are made here."""
    functional = torch.nn.functional
    name = request["op"]
    if name == "copy":
        source = torch.zeros(request["bytes"], dtype=torch.uint8, device="cuda")
        target = torch.empty_like(source)
        return lambda: target.copy_(source)
    dtype = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}[request["dtype"]]

    def normal(*extents):
        return torch.randn(*extents, dtype=dtype, device="cuda")

    if name == "matmul":
        a = normal(request["m"], request["k"])
        b = normal(request["k"], request["n"])
        return lambda: torch.matmul(a, b)
    if name == "linear":
        x = normal(request["m"], request["k"])
        weight = normal(request["n"], request["k"])
        return lambda: functional.linear(x, weight)
    if name == "attention":
        shape = [request[key] for key in ("batch", "heads", "length", "head_dim")]
        query, key, value = normal(*shape), normal(*shape), normal(*shape)
        causal = request["causal"]
        return lambda: functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
    if name == "decode_attention":
        query = normal(request["sequences"], request["heads"], 1, request["head_dim"])
        shape = [request[key] for key in ("sequences", "kv_heads", "length", "head_dim")]
        key, value = normal(*shape), normal(*shape)
        return lambda: functional.scaled_dot_product_attention(query, key, value, enable_gqa=True)
    columns = request["columns"]
    x = normal(request["rows"], columns)
    if name == "softmax":
        return lambda: torch.softmax(x, -1)
    if name == "layer_norm":
        weight, bias = normal(columns), normal(columns)
        return lambda: functional.layer_norm(x, (columns,), weight, bias, request["epsilon"])
    if name == "rms_norm":
        weight = normal(columns)
        return lambda: functional.rms_norm(x, (columns,), weight, request["epsilon"])
    if name == "gelu":
        return lambda: functional.gelu(x)
    if name == "add":
        y = normal(request["rows"], columns)
        return lambda: torch.add(x, y)
    raise ValueError("no operation is called " + name)


def seconds_of(torch, run, times):
    """Time of one of so many operations, by the device's clock."""
    begin = torch.cuda.Event(enable_timing=True)
    end = torch.cuda.Event(enable_timing=True)
    begin.record()
    for _ in range(times):
        run()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) * 1e-3 / times


def median_seconds(torch, request):
    run = operation(torch, request)
    seconds_of(torch, run, 3)  # Warm-up: kernels are loaded, libraries choose theirs.
    once = seconds_of(torch, run, 1)
    times = max(1, min(128, round(0.02 / once)))
    rounds = max(3, min(1000, round(request["seconds"] / (once * times))))
    seconds_of(torch, run, times)
    return statistics.median(seconds_of(torch, run, times) for _ in range(rounds))


def main():
    try:
        import torch

        if not torch.cuda.is_available():
            raise RuntimeError("PyTorch %s finds no GPU" % torch.__version__)
        torch.cuda.set_device(int(sys.argv[1]))
        torch.set_grad_enabled(False)
        products = torch.backends.cuda.matmul
        answer(
            torch=torch.__version__,
            cuda=torch.version.cuda,
            device=torch.cuda.get_device_name(),
            tf32=products.allow_tf32,
            bf16_reduced_precision_reduction=products.allow_bf16_reduced_precision_reduction,
            fp16_reduced_precision_reduction=products.allow_fp16_reduced_precision_reduction,
        )
    except Exception as e:
        answer(error="%s: %s" % (type(e).__name__, e))
        return
    for line in sys.stdin:
        try:
            answer(seconds=median_seconds(torch, json.loads(line)))
        except Exception as e:
            answer(error="%s: %s" % (type(e).__name__, e))
        torch.cuda.empty_cache()


main()
