package dev.heddle.bench.bundle;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Copies a jar without the native libraries that a GPU's host has no use for, as most are for other
 * systems; and not compressed, since all jars are compressed together.
 */
final class SlimJar {
  private static final Pattern NATIVE = Pattern.compile(".*\\.(so|dll|dylib|jnilib)");

  /** What is loaded on Linux on x86-64. */
  private static final Pattern LOADED =
      Pattern.compile("lib/lib(JCudaDriver|JCublas2|JOCL).*-linux-x86_64\\.so|.*/Linux/x86_64/.*");

  private SlimJar() {}

  static void copy(Path jar, Path target) throws IOException {
    try (JarFile from = new JarFile(jar.toFile(), false);
        ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(target))) {
      to.setMethod(ZipOutputStream.STORED);
      for (Enumeration<? extends ZipEntry> all = from.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        if (!entry.isDirectory() && isKept(entry.getName())) {
          try (InputStream content = from.getInputStream(entry)) {
            store(entry.getName(), content.readAllBytes(), to);
          }
        }
      }
    }
  }

  private static boolean isKept(String name) {
    return !NATIVE.matcher(name).matches() || LOADED.matcher(name).matches();
  }

  private static void store(String name, byte[] content, ZipOutputStream to) throws IOException {
    CRC32 sum = new CRC32();
    sum.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setTime(0);
    entry.setSize(content.length);
    entry.setCrc(sum.getValue());
    to.putNextEntry(entry);
    to.write(content);
    to.closeEntry();
  }
}
