package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.DeviceInfo;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
  @Test
  void aProcessorThatComputesOnMoreThreadsThanItIsAskedToIsRefused() {
    Map<String, String> details = Map.of("compute units", "4");
    DeviceInfo cpu = new DeviceInfo("opencl", 0, "CPU", DeviceInfo.CPU_BY_DEVICE_API, details);
    String message =
        assertThrows(
                UnsupportedOperationException.class,
                () -> new Settings(2, "opencl", null, "f32").checkThreads(cpu))
            .getMessage();
    assertTrue(message.endsWith("computes on 4 threads, and nothing is known that keeps it to 2"));
    DeviceInfo gpu = new DeviceInfo("opencl", 0, "GPU", DeviceInfo.DISCRETE_GPU, details);
    assertDoesNotThrow(() -> new Settings(2, "opencl", null, "f32").checkThreads(gpu));
    assertDoesNotThrow(() -> new Settings(4, "opencl", null, "f32").checkThreads(cpu));
  }
}
