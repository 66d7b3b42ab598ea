package dev.heddle.conformance;

import dev.heddle.backend.Backend;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.CacheWrite;
import dev.heddle.tensor.CacheBlocks;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import dev.heddle.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.Stream;

/** {@link CacheWrite}: the tensor that was given is changed, and the next run finds it so. */
final class CacheWriteCases {
  private static final int PAGES = 5;
  private static final int PAGE_TOKENS = 16;
  private static final int COLUMNS = 96;

  private CacheWriteCases() {}

  static Stream<Case> all() {
    return Stream.concat(
        Stream.of(DType.F32, DType.F16, DType.BF16, CacheWrite.BLOCKS)
            .map(type -> named(type, "rows", (b, d) -> rows(b, d, type))),
        Stream.of(
            named(DType.F32, "then attention", (b, d) -> steps(b, d, DType.F32)),
            named(CacheWrite.BLOCKS, "then attention", (b, d) -> steps(b, d, CacheWrite.BLOCKS)),
            named(CacheWrite.BLOCKS, "from page to page", CacheWriteCases::copies),
            named(DType.F32, "errors/slot", CacheWriteCases::refusesSlots),
            named(DType.F32, "errors/a tensor of another's", CacheWriteCases::refusesOthers)));
  }

  private static Case named(DType type, String what, Case.Check check) {
    return new Case("CacheWrite", type, what, check);
  }

  private static Graph graph(DType cacheType) {
    GraphBuilder g = new GraphBuilder("cache");
    Value cache = g.input("cache", TensorType.of(cacheType, PAGES, PAGE_TOKENS, COLUMNS));
    Value rows = g.input("rows", TensorType.of(DType.F32, "tokens", COLUMNS));
    Value slots = g.input("slots", TensorType.of(DType.I32, "tokens"));
    Value written = g.add("write", new CacheWrite(), cache, rows, slots);
    return g.output("y", cacheType.isQuantized() ? g.cast(written, DType.F32) : written).build();
  }

  private static Outcome rows(Backend backend, Data data, DType type) {
    return Programs.check(
        backend,
        graph(type),
        program -> {
          HostTensor want = data.any(type, PAGES, PAGE_TOKENS, COLUMNS);
          try (Tensor cache = backend.upload(want)) {
            for (int run = 0; run < 3; run++) {
              int[] slots = Arrays.copyOf(data.permutation(PAGES * PAGE_TOKENS), 7 * run);
              if (run == 2) {
                slots[3] = -1;
              }
              HostTensor rows = data.normal(DType.F32, slots.length, COLUMNS);
              for (int i = 0; i < slots.length; i++) {
                if (slots[i] >= 0) {
                  put(rows, i, want, slots[i]);
                }
              }
              String wrong = write(program, cache, rows, slots, want);
              if (wrong != null) {
                return "run " + run + ": " + wrong;
              }
            }
            return null;
          }
        });
  }

  private static void put(HostTensor rows, long row, HostTensor cache, long slot) {
    if (cache.dtype() == CacheWrite.BLOCKS) {
      long at = cache.dtype().bytes(slot * COLUMNS);
      CacheBlocks.write(rows.memory(), row * COLUMNS * 4, COLUMNS, cache.memory(), at);
      return;
    }
    for (int c = 0; c < COLUMNS; c++) {
      cache.setDouble(slot * COLUMNS + c, rows.getDouble(row * COLUMNS + c));
    }
  }

  /** A page that was written is read and written to another: no bit is lost. */
  private static Outcome copies(Backend backend, Data data) {
    GraphBuilder g = new GraphBuilder("copy");
    TensorType type = TensorType.of(CacheWrite.BLOCKS, PAGES, PAGE_TOKENS, COLUMNS);
    Value cache = g.input("cache", type);
    Value from = g.input("from", TensorType.of(DType.I32, "tokens"));
    Value to = g.input("to", TensorType.of(DType.I32, "tokens"));
    Value rows = g.embedding("rows", g.reshape(cache, PAGES * PAGE_TOKENS, COLUMNS), from);
    Value written = g.add("write", new CacheWrite(), cache, rows, to);
    Graph graph = g.output("y", g.cast(written, DType.F32)).build();
    return Programs.check(
        backend,
        graph,
        program -> {
          HostTensor want = HostTensor.heap(CacheWrite.BLOCKS, pagesShape());
          for (int slot = 0; slot < PAGES * PAGE_TOKENS; slot++) {
            double size = Math.pow(10, slot % 9 - 6.0);
            put(data.gaussian(DType.F32, 0, size, 1, COLUMNS), 0, want, slot);
          }
          int[] source = new int[PAGE_TOKENS];
          int[] target = new int[PAGE_TOKENS];
          Arrays.setAll(source, i -> 2 * PAGE_TOKENS + i);
          Arrays.setAll(target, i -> 4 * PAGE_TOKENS + i);
          try (Tensor pages = backend.upload(want)) {
            long page = want.dtype().bytes((long) PAGE_TOKENS * COLUMNS);
            MemorySegment memory = want.memory();
            MemorySegment.copy(memory, 2 * page, memory, 4 * page, page);
            Inputs inputs =
                Inputs.of("cache", pages)
                    .put("from", HostTensor.of(source, source.length))
                    .put("to", HostTensor.of(target, target.length));
            try (Outputs outputs = program.run(inputs)) {
              return differs("the output", outputs.get("y"), want);
            }
          }
        });
  }

  private static String write(
      Program program, Tensor cache, HostTensor rows, int[] slots, HostTensor want) {
    Inputs inputs = inputs(cache, rows, slots);
    try (Outputs outputs = program.run(inputs)) {
      return differs("the output", outputs.get("y"), want);
    } finally {
      String given = differs("the tensor given", cache, want);
      if (given != null) {
        throw new AssertionError(given);
      }
    }
  }

  private static Inputs inputs(Tensor cache, HostTensor rows, int[] slots) {
    HostTensor at = HostTensor.of(slots, slots.length);
    return Inputs.of("cache", cache, "rows", rows, "slots", at);
  }

  private static String differs(String what, Tensor got, HostTensor want) {
    HostTensor host = got.toHost();
    try {
      boolean same = Arrays.equals(host.toFloats(), want.toFloats());
      return same ? null : what + " is not what was written";
    } finally {
      if (host != got) {
        host.close();
      }
    }
  }

  /** A sequence token by token through a cache: each row as it is without one. */
  private static Outcome steps(Backend backend, Data data, DType type) {
    int tokens = 40;
    int heads = 3;
    Attention op = Attention.of(heads, COLUMNS / heads, Layout.RAGGED).with(Causal.BOTTOM_RIGHT);
    GraphBuilder g = new GraphBuilder("cached");
    TensorType perToken = TensorType.of(DType.F32, "tokens", COLUMNS);
    Value q = g.input("q", perToken);
    Value k = g.input("k", perToken);
    Value v = g.input("v", perToken);
    TensorType pages = TensorType.of(type, PAGES, PAGE_TOKENS, COLUMNS);
    Value keys = g.input("keys", pages);
    Value values = g.input("values", pages);
    Value slots = g.input("slots", TensorType.of(DType.I32, "tokens"));
    Value starts = g.input("starts", TensorType.of(DType.I32, 2));
    Value table = g.input("table", TensorType.of(DType.I32, 1, "most"));
    Value lengths = g.input("lengths", TensorType.of(DType.I32, 1));
    Value y =
        g.add(
            "attention",
            op,
            q,
            g.add("k", new CacheWrite(), keys, k, slots),
            g.add("v", new CacheWrite(), values, v, slots),
            null,
            starts,
            null,
            lengths,
            null,
            null,
            table);
    Graph graph = g.output("y", y).build();
    return Programs.check(
        backend,
        graph,
        program -> {
          HostTensor queries = data.normal(DType.F32, tokens, COLUMNS);
          HostTensor rows = data.normal(DType.F32, tokens, COLUMNS);
          float[] whole = null;
          int[] order = {4, 0, 3};
          HostTensor zeros = HostTensor.heap(type, pagesShape());
          for (int chunk : new int[] {tokens, 1, 7}) {
            float[] all = new float[tokens * COLUMNS];
            try (Tensor keyPages = backend.upload(zeros);
                Tensor valuePages = backend.upload(zeros)) {
              for (int at = 0; at < tokens; at += chunk) {
                int count = Math.min(chunk, tokens - at);
                int[] places = new int[count];
                for (int i = 0; i < count; i++) {
                  int token = at + i;
                  places[i] = order[token / PAGE_TOKENS] * PAGE_TOKENS + token % PAGE_TOKENS;
                }
                Inputs inputs =
                    Inputs.of("q", part(queries, at, count), "k", part(rows, at, count))
                        .put("v", part(rows, at, count))
                        .put("keys", keyPages)
                        .put("values", valuePages)
                        .put("slots", HostTensor.of(places, count))
                        .put("starts", HostTensor.of(new int[] {0, count}, 2))
                        .put("table", HostTensor.of(order, 1, order.length))
                        .put("lengths", HostTensor.of(new int[] {at + count}, 1));
                try (Outputs outputs = program.run(inputs)) {
                  Tensor output = outputs.get("y");
                  HostTensor host = output.toHost();
                  System.arraycopy(host.toFloats(), 0, all, at * COLUMNS, count * COLUMNS);
                  if (host != output) {
                    host.close();
                  }
                }
              }
            }
            if (whole == null) {
              whole = all;
            } else if (!Arrays.equals(whole, all)) {
              return "chunks of " + chunk + " tokens change bits";
            }
          }
          return null;
        });
  }

  private static Shape pagesShape() {
    return Shape.of(PAGES, PAGE_TOKENS, COLUMNS);
  }

  private static HostTensor part(HostTensor rows, int first, int count) {
    float[] all = rows.toFloats();
    return HostTensor.of(
        Arrays.copyOfRange(all, first * COLUMNS, (first + count) * COLUMNS), count, COLUMNS);
  }

  private static Outcome refusesSlots(Backend backend, Data data) {
    return Programs.check(
        backend,
        graph(DType.F32),
        program -> {
          HostTensor before = data.normal(DType.F32, PAGES, PAGE_TOKENS, COLUMNS);
          HostTensor rows = data.normal(DType.F32, 2, COLUMNS);
          try (Tensor cache = backend.upload(before)) {
            for (int wrong : new int[] {PAGES * PAGE_TOKENS, -2}) {
              try (Outputs _ = program.run(inputs(cache, rows, new int[] {3, wrong}))) {
                return "slot " + wrong + " was taken";
              } catch (InvalidInputException e) {
                if (!e.getMessage().contains("slot " + wrong)) {
                  return "the message does not say slot " + wrong + ": " + e.getMessage();
                }
              }
            }
            return null;
          }
        });
  }

  /** A run may change no memory but the backend's own. */
  private static Outcome refusesOthers(Backend backend, Data data) {
    return Programs.check(
        backend,
        graph(DType.F32),
        program -> {
          HostTensor cache = data.normal(DType.F32, PAGES, PAGE_TOKENS, COLUMNS);
          HostTensor rows = data.normal(DType.F32, 1, COLUMNS);
          try (Outputs _ = program.run(inputs(cache, rows, new int[] {3}))) {
            return "a tensor of the host's was changed, or a copy of it";
          } catch (InvalidInputException e) {
            boolean says = e.getMessage().contains("cache") && e.getMessage().contains("upload");
            return says ? null : "the message does not say what to do: " + e.getMessage();
          }
        });
  }
}
