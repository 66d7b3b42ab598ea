package dev.heddle.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  @TempDir private Path folder;

  @Test
  void everyTypeComesBackAsItWas() {
    Map<String, HostTensor> tensors = new TreeMap<>();
    for (DType dtype : DType.scalars()) {
      HostTensor tensor = HostTensor.heap(dtype, Shape.of(2, 1, 3));
      for (int i = 0; i < 6; i++) {
        tensor.setDouble(i, i);
      }
      tensors.put("tensor \"of\"\n" + dtype + " 語", tensor);
    }
    tensors.put("scalar", HostTensor.scalar(DType.F32, -0.0));
    tensors.put("nothing", HostTensor.heap(DType.F64, Shape.of(0, 5)));
    HostTensor large = HostTensor.allocate(DType.F32, Shape.of(700_001));
    large.setDouble(700_000, 7);
    tensors.put("large", large);

    Path file = folder.resolve("new.safetensors");
    SafetensorsWriter.write(file, tensors, Map.of("made by", "a \u0001 test"));
    try (Safetensors read = Safetensors.open(file)) {
      assertEquals(tensors.keySet(), Set.copyOf(read.names()));
      assertEquals(Map.of("made by", "a \u0001 test"), read.metadata());
      tensors.forEach((name, tensor) -> {
        HostTensor back = read.tensor(name);
        assertEquals(tensor.dtype(), back.dtype());
        assertEquals(tensor.shape(), back.shape());
        assertArrayEquals(
            tensor.memory().toArray(ValueLayout.JAVA_BYTE),
            back.memory().toArray(ValueLayout.JAVA_BYTE));
        assertEquals(0, read.info(name).offset() % tensor.dtype().bytes(), "aligned");
      });
    }
    large.close();
  }

  @Test
  void aFailedWriteLeavesTheOldFileAlone() throws IOException {
    Path file = folder.resolve("kept.safetensors");
    SafetensorsWriter.write(file, Map.of("a", HostTensor.of(new int[] {5}, 1)));
    HostTensor closed = HostTensor.allocate(DType.F32, Shape.of(4));
    closed.close();
    assertThrows(
        IllegalStateException.class, () -> SafetensorsWriter.write(file, Map.of("b", closed)));
    assertThrows(
        IllegalArgumentException.class,
        () -> SafetensorsWriter.write(file, Map.of("__metadata__", HostTensor.of(new int[1], 1))));
    try (Safetensors read = Safetensors.open(file)) {
      assertArrayEquals(new int[] {5}, read.tensor("a").toInts());
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(file), left.toList());
    }
    Path nowhere = folder.resolve("missing").resolve("x.safetensors");
    assertThrows(
        WeightFileException.class,
        () -> SafetensorsWriter.write(nowhere, Map.of("a", HostTensor.of(new int[1], 1))));
  }
}
