package dev.heddle.cuda;

import dev.heddle.kernels.Handle;
import dev.heddle.kernels.KernelBuildException;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.ProgramCache;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import jcuda.CudaException;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/**
 * The modules of a device: each loaded once, from what was compiled ahead of time, from what an
 * earlier process left, or from its source; and kept until the device closes.
 */
final class Modules {
  /** A loaded module, in which the kernel {@code x} is called {@code x + suffix}. */
  record Module(Handle<CUmodule> handle, String suffix, boolean cached) {}

  private static final class Slot {
    Module module;
  }

  private final CudaDevice device;
  private final Installation installation;
  private final ProgramCache cache;
  private final Map<KernelSource, Slot> slots = new ConcurrentHashMap<>();
  private final Set<Handle<?>> live = ConcurrentHashMap.newKeySet();
  private final AtomicLong compiled = new AtomicLong();
  private final AtomicLong loaded = new AtomicLong();

  Modules(CudaDevice device, Installation installation, ProgramCache cache) {
    this.device = device;
    this.installation = installation;
    this.cache = cache;
  }

  /** The module of {@code source}; others are made at the same time. */
  Module of(KernelSource source, String text) {
    Slot slot = slots.computeIfAbsent(source, key -> new Slot());
    synchronized (slot) {
      if (slot.module == null) {
        slot.module = make(source, text);
      }
      return slot.module;
    }
  }

  private Module make(KernelSource source, String text) {
    Images.Image image = installation.images().find(text);
    Module module = image == null ? null : loadIfTaken(source, image.bytes(), image.suffix());
    if (module != null) {
      loaded.incrementAndGet();
      return module;
    }
    Compiler compiler = installation.compiler();
    if (compiler == null) {
      throw new KernelBuildException(
          source.toString(),
          device.info().toString(),
          image == null
              ? "it was not compiled ahead of time, and there is no NVRTC"
              : "the driver refuses what was compiled ahead of time, and there is no NVRTC");
    }
    int capability = device.found().capability();
    String key =
        ProgramCache.key(
            text,
            String.join(" ", Nvrtc.OPTIONS),
            List.of(compiler.version(), Integer.toString(capability)));
    byte[] kept = cache.find(key);
    if (kept != null) {
      module = loadIfTaken(source, kept, "");
      if (module != null) {
        loaded.incrementAndGet();
        return module;
      }
      cache.drop(key);
    }
    byte[] made = compiler.compile(source, text, capability, device.info().toString());
    module = load(source, made, "", false);
    compiled.incrementAndGet();
    cache.store(key, made);
    return module;
  }

  /** Null if the driver does not take it. */
  private Module loadIfTaken(KernelSource source, byte[] image, String suffix) {
    try {
      return load(source, image, suffix, true);
    } catch (CudaException e) {
      if (Status.isRefusedImage(e)) {
        return null;
      }
      throw device.failed("the loading of " + source, e);
    }
  }

  private Module load(KernelSource source, byte[] image, String suffix, boolean cached) {
    CUmodule module = new CUmodule();
    device.onThread(() -> Status.check(JCudaDriver.cuModuleLoadData(module, image)));
    return new Module(
        Handle.own(
            module,
            "module " + source,
            live,
            each -> device.release(() -> JCudaDriver.cuModuleUnload(each))),
        suffix,
        cached);
  }

  int live() {
    return live.size();
  }

  long compiled() {
    return compiled.get();
  }

  long loaded() {
    return loaded.get();
  }

  void close() {
    live.forEach(Handle::close);
  }
}
