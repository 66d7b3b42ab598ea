package dev.heddle.kernels;

import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.DeviceInfo;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Which of a backend's devices its user means. */
public final class DeviceChoice {
  private DeviceChoice() {}

  /**
   * One of {@code found}.
   *
   * @param found each at the place that is its {@link DeviceInfo#index()}; at least one
   * @param wanted its place from 0 (one or two digits), a part of its name in any case, or null for
   *     the first
   * @return its place
   * @throws BackendUnavailableException if there is none such, naming those that there are
   */
  public static int of(String backend, List<DeviceInfo> found, String wanted) {
    if (wanted == null) {
      return 0;
    }
    boolean place = wanted.matches("\\d{1,2}");
    return found.stream()
        .filter(info ->
            place
                ? info.index() == Integer.parseInt(wanted)
                : info.name().toLowerCase(Locale.ROOT).contains(wanted.toLowerCase(Locale.ROOT)))
        .findFirst()
        .map(DeviceInfo::index)
        .orElseThrow(() ->
            new BackendUnavailableException(
                "backend %s has no device \"%s\"; there is %s"
                    .formatted(
                        backend,
                        wanted,
                        found.stream()
                            .map(info -> info.index() + " (" + info.name() + ")")
                            .collect(Collectors.joining(", ")))));
  }
}
