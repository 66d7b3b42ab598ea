package dev.heddle.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramCacheTest {
  private static final byte[] PROGRAM = new byte[1000];

  @TempDir private Path folder;

  @Test
  void aNameTellsAllThatAProgramDependsOn() {
    String key = ProgramCache.key("text", "options", List.of("device", "driver"));
    assertEquals(key, ProgramCache.key("text", "options", List.of("device", "driver")));
    assertNotEquals(key, ProgramCache.key("texto", "ptions", List.of("device", "driver")));
    assertNotEquals(key, ProgramCache.key("text", "options", List.of("device", "driver 2")));
    assertNotEquals(key, ProgramCache.key("text", "options", List.of("devicedriver")));
  }

  @Test
  void whatIsNotWholeIsDeleted() throws IOException {
    ProgramCache cache = ProgramCache.in(folder);
    cache.store("a", PROGRAM);
    assertArrayEquals(PROGRAM, cache.find("a"));
    Path file = folder.resolve("a.bin");
    byte[] content = Files.readAllBytes(file);
    for (int cut : new int[] {0, 31, 32, 33, content.length - 1}) {
      Files.write(file, Arrays.copyOf(content, cut));
      assertNull(cache.find("a"));
      assertFalse(Files.exists(file));
    }
    content[500] ^= 1;
    Files.write(file, content);
    assertNull(cache.find("a"));
    assertFalse(Files.exists(file));
  }

  @Test
  void whatWasNotUsedForLongestGoesFirst() throws IOException {
    ProgramCache full = ProgramCache.in(folder);
    for (int i = 0; i < 10; i++) {
      full.store("p" + i, PROGRAM);
      Files.setLastModifiedTime(folder.resolve("p" + i + ".bin"), FileTime.fromMillis(1000L * i));
    }
    full.find("p0");
    ProgramCache.in(folder, 6000).store("new", PROGRAM);
    for (String kept : List.of("p0", "p9", "new")) {
      assertArrayEquals(PROGRAM, full.find(kept), kept);
    }
    assertNull(full.find("p1"));
    assertTrue(files() <= 4, "files left");
  }

  @Test
  void aFolderThatCannotBeWrittenIsNoCache() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    ProgramCache cache = ProgramCache.in(file.resolve("below"));
    cache.store("a", PROGRAM);
    assertNull(cache.find("a"));
    cache.drop("a");
  }

  private int files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return (int) files.count();
    }
  }
}
