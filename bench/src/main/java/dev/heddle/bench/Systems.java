package dev.heddle.bench;

import dev.heddle.bench.result.Contender;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;
import java.util.ServiceLoader;

/** The runtimes that are installed. */
public final class Systems {
  private Systems() {}

  /** Names of all of a kind but our own. */
  static <P extends SystemProvider> List<String> peers(Class<P> kind) {
    return ServiceLoader.load(kind).stream()
        .map(provider -> provider.get().name())
        .filter(name -> !name.equals(Contender.HEDDLE))
        .toList();
  }

  /**
   * The one of a kind that is called {@code name}.
   *
   * @throws IllegalArgumentException if there is none
   */
  static <P extends SystemProvider> P named(Class<P> kind, String name) {
    return ServiceLoader.load(kind).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no system is called " + name));
  }

  /** Our own version; {@code unpackaged} where the classes stand in no jar. */
  public static String version() {
    String version = Systems.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }

  /**
   * The version that Maven left in an artifact's jar.
   *
   * @param type a class of that jar
   * @param artifact {@code group/artifact}
   * @return null where it says nothing
   */
  public static String version(Class<?> type, String artifact) {
    String file = "/META-INF/maven/" + artifact + "/pom.properties";
    try (InputStream in = type.getResourceAsStream(file)) {
      Properties properties = new Properties();
      if (in != null) {
        properties.load(in);
      }
      return properties.getProperty("version");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
