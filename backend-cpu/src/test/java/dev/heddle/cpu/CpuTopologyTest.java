package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuTopologyTest {
  @TempDir Path root;

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text + "\n");
  }

  /** Eight cores of two hardware threads each, four of them on each node. */
  private void machine(String allowed) throws IOException {
    write("proc/self/status", "Name:\tjava\nCpus_allowed_list:\t" + allowed);
    for (int cpu = 0; cpu < 16; cpu++) {
      String siblings = cpu % 8 + "," + (cpu % 8 + 8);
      write("sys/devices/system/cpu/cpu" + cpu + "/topology/thread_siblings_list", siblings);
    }
    write("sys/devices/system/node/node0/cpulist", "0-3,8-11");
    write("sys/devices/system/node/node1/cpulist", "4-7,12-15");
  }

  @Test
  void hardwareThreadsOfOneCoreCountOnce() throws IOException {
    machine("0-15");
    assertEquals(new CpuTopology(8, Set.of(0, 1)), CpuTopology.read(root, 16));
  }

  @Test
  void masksAndQuotasAreHeeded() throws IOException {
    machine("4-5,12");
    assertEquals(new CpuTopology(2, Set.of(1)), CpuTopology.read(root, 3));
    machine("0-15");
    assertEquals(3, CpuTopology.read(root, 3).cores());
  }

  @Test
  void whatTheSystemDoesNotSayTheJvmDoes() throws IOException {
    assertEquals(new CpuTopology(5, Set.of(0)), CpuTopology.read(root, 5));
    write("proc/self/status", "Cpus_allowed_list:\tsome");
    write("sys/devices/system/node/nodes/cpulist", "0");
    assertEquals(new CpuTopology(5, Set.of(0)), CpuTopology.read(root, 5));
  }

  @Test
  void thisMachineHasACore() {
    CpuTopology here = CpuTopology.current();
    assertTrue(here.cores() >= 1 && here.cores() <= Runtime.getRuntime().availableProcessors());
  }
}
